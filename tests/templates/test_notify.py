# SPDX-License-Identifier: GPL-2.0-or-later
import fcntl
import os
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOTHING: dict[str, str] = {}
NOTIFY = Path(__file__).resolve().parents[2] / "templates" / "notify"


def notify(state: Path, *words: str, umask: int = 0o177) -> "subprocess.CompletedProcess[str]":
    """Run the script as keepalived does: with umask 0177 and nothing in the environment."""
    command = [str(NOTIFY), "-s", str(state), *words]
    return subprocess.run(command, umask=umask, env=NOTHING, capture_output=True, text=True, check=False, timeout=10)


@pytest.mark.parametrize(
    ("role", "first"), [("MASTER", "1"), ("BACKUP", "0"), ("FAULT", "0"), ("STOP", "0"), ("DELETED", "0")]
)
def test_first_character_is_the_role(tmp_path: Path, role: str, first: str) -> None:
    state = tmp_path / "a new folder"
    assert notify(state, role, "VI_1").returncode == 0
    role_file = state / "role" / "VI_1"
    assert role_file.read_text()[0] == first
    assert stat.S_IMODE(role_file.stat().st_mode) == 0o644
    assert stat.S_IMODE(role_file.parent.stat().st_mode) == 0o755
    assert sorted(path.name for path in role_file.parent.iterdir()) == [".lock", "VI_1"]
    assert stat.S_IMODE((role_file.parent / ".lock").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("role", "first"), [("MASTER", "1"), ("BACKUP", "0"), ("FAULT", "0"), ("STOP", "0"), ("DELETED", "0")]
)
def test_the_words_of_the_generic_notify(tmp_path: Path, role: str, first: str) -> None:
    assert notify(tmp_path, "INSTANCE", "VI_1", role, "100").returncode == 0
    assert (tmp_path / "role" / "VI_1").read_text().split()[:2] == [first, role]


@pytest.mark.parametrize(
    "words",
    [
        ("GROUP", "G1", "MASTER", "0"),
        ("INSTANCE", "VI_1", "{UNKNOWN}", "100"),
        ("INSTANCE", "VI_1", "MASTER"),
        ("INSTANCE", "VI_1", "MASTER", "100", "extra"),
        ("INSTANCE", "../VI_1", "MASTER", "100"),
        ("INSTANCE", "MASTER"),
        ("INSTANCE",),
    ],
    ids=" ".join,
)
def test_other_generic_words_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = notify(tmp_path, *words)
    assert (done.returncode, bool(done.stderr)) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_later_role_replaces_the_file(tmp_path: Path) -> None:
    notify(tmp_path, "MASTER", "VI_1")
    role_file = tmp_path / "role" / "VI_1"
    with role_file.open() as reader:
        notify(tmp_path, "BACKUP", "VI_1")
        assert reader.read(1) == "1"  # who had it open reads the old one to its end
    assert role_file.read_text()[0] == "0"


@pytest.mark.parametrize("instance", ["", "../VI_1", "a/b", ".hidden", "a..b", "a b", "a\nb", "-x"])
def test_an_instance_never_becomes_a_path(tmp_path: Path, instance: str) -> None:
    state = tmp_path / "state"
    done = notify(state, "MASTER", instance)
    assert done.returncode != 0
    assert done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_unknown_role_changes_nothing(tmp_path: Path) -> None:
    notify(tmp_path, "MASTER", "VI_1")
    assert notify(tmp_path, "master", "VI_1").returncode != 0
    assert (tmp_path / "role" / "VI_1").read_text()[0] == "1"


@pytest.mark.parametrize("junk", ["", "1", "1 MASTER x y\n", "1 MASTER 5\n", "\0\0", "1 MASTER -5 1 {boot}\n"])
def test_a_file_without_a_writer_is_overwritten(tmp_path: Path, junk: str) -> None:
    role_file = tmp_path / "role" / "VI_1"
    role_file.parent.mkdir()
    role_file.write_text(junk.format(boot=boot_id()))
    assert notify(tmp_path, "BACKUP", "VI_1").returncode == 0
    assert role_file.read_text().split()[:2] == ["0", "BACKUP"]


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def ticks_now() -> int:
    """Return this machine's uptime in clock ticks, of which Linux shows a hundred a second."""
    return int(Path("/proc/uptime").read_text().split()[0].replace(".", ""))


@pytest.mark.parametrize(
    ("ahead", "boot", "kept"),
    [
        (0, boot_id(), True),
        (0, "01234567-89ab-cdef-0123-456789abcdef", False),
        (0, "", False),
        (1_000_000, boot_id(), False),
        (10**30, boot_id(), False),
    ],
    ids=["later", "another boot", "no boot", "not yet", "never"],
)
def test_only_a_later_script_of_this_boot_goes_before(tmp_path: Path, ahead: int, boot: str, kept: bool) -> None:
    """A writer from now, in ticks, as seen by a script that was started and stopped before."""
    folder = tmp_path / "role"
    folder.mkdir()
    (folder / "VI_1").write_text("1 MASTER 1 1 unknown\n")
    with locked(folder) as release:
        command = [str(NOTIFY), "-s", str(tmp_path), "BACKUP", "VI_1"]
        with subprocess.Popen(command, start_new_session=True) as backup:
            wait_until(lambda: waits_for_a_lock(backup.pid))
            started = ticks_now()
            wait_until(lambda: ticks_now() > started + 1)
            (folder / "VI_1").write_text(f"1 MASTER {ticks_now() - 1 + ahead} 1 {boot}\n")
            release()
            assert backup.wait(timeout=10) == 0
    assert (folder / "VI_1").read_text()[0] == ("1" if kept else "0")


@contextmanager
def locked(folder: Path) -> Iterator[Callable[[], None]]:
    """Hold the scripts' lock, till the function that this gives is called."""
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.close


def test_a_lock_that_is_never_given_back_is_waited_for_five_seconds(tmp_path: Path) -> None:
    (tmp_path / "role").mkdir()
    with locked(tmp_path / "role"):
        done = notify(tmp_path, "MASTER", "VI_1")
    assert (done.returncode, done.stderr) == (0, "notify: no lock within 5 s, going on without it\n")
    assert (tmp_path / "role" / "VI_1").read_text()[0] == "1"


def test_the_end_of_keepalived_does_not_keep_the_role_from_being_written(tmp_path: Path) -> None:
    """SIGTERM to all of its processes while it waits; theirs, then, can be ended by it as ever."""
    folder = tmp_path / "role"
    folder.mkdir()
    command = [str(NOTIFY), "-s", str(tmp_path), "STOP", "VI_1", "--", "/bin/sh", "-c", "kill -TERM $$; exit 7"]
    with locked(folder) as release, subprocess.Popen(command, start_new_session=True) as stop:
        wait_until(lambda: waits_for_a_lock(stop.pid))
        os.killpg(stop.pid, signal.SIGTERM)
        release()
        assert stop.wait(timeout=10) == -signal.SIGTERM
    assert (folder / "VI_1").read_text()[:6] == "0 STOP"


def test_what_a_killed_script_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """Its process ID comes again one day: any file that a script could begin with is there already."""
    folder = tmp_path / "role"
    folder.mkdir()
    script = 'folder=$1; shift; ln -s /etc/passwd "$folder/.VI_1.$$"; exec "$@"'
    command = ["/bin/sh", "-c", script, "sh", str(folder), str(NOTIFY), "-s", str(tmp_path), "MASTER", "VI_1"]
    assert subprocess.run(command, check=False, timeout=10).returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "VI_1"]
    assert (folder / "VI_1").read_text()[0] == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it becomes another user")
def test_another_user_cannot_hold_the_lock() -> None:
    with tempfile.TemporaryDirectory() as state:
        Path(state).chmod(0o755)
        notify(Path(state), "MASTER", "VI_1")
        for command, allowed in ((["cat", "VI_1"], True), (["flock", "-n", ".lock", "true"], False)):
            done = subprocess.run(command, cwd=f"{state}/role", user=65534, capture_output=True, check=False)
            assert (done.returncode == 0) is allowed


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_link(path: Path) -> None:
    (path.parent / "elsewhere").mkdir()
    path.symlink_to("elsewhere")


def a_link_to_a_fifo(path: Path) -> None:
    os.mkfifo(path.parent / "elsewhere")
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("make", [a_fifo, a_link, a_link_to_a_fifo])
def test_what_is_no_file_is_replaced_and_never_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    role_file = tmp_path / "role" / "VI_1"
    role_file.parent.mkdir()
    make(role_file)
    assert notify(tmp_path, "MASTER", "VI_1").returncode == 0
    assert stat.S_ISREG(role_file.lstat().st_mode)
    assert role_file.read_text()[0] == "1"


def test_a_directory_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    place = tmp_path / "role" / "VI_1"
    place.mkdir(parents=True)
    done = notify(tmp_path, "MASTER", "VI_1")
    assert done.returncode == 1
    assert "VI_1" in done.stderr
    assert list(place.iterdir()) == []
    assert sorted(path.name for path in place.parent.iterdir()) == [".lock", "VI_1"]


def test_a_role_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "role").symlink_to(elsewhere)
    done = notify(tmp_path, "MASTER", "VI_1")
    assert (done.returncode, done.stderr) == (1, f"notify: {tmp_path}/role is a symbolic link\n")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it gives a folder away")
def test_a_role_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "role").mkdir()
    os.chown(tmp_path / "role", 65534, 65534)
    done = notify(tmp_path, "MASTER", "VI_1")
    assert (done.returncode, done.stderr) == (1, f"notify: {tmp_path}/role is not ours\n")
    assert list((tmp_path / "role").iterdir()) == []


# The site's own script: it runs whatever happens to ours.

SITE_SCRIPT = ("/bin/sh", "-c", 'umask; echo "$PATH"; for word; do echo "$word"; done; exit 7', "site")


def test_the_sites_script_runs_after_the_role_was_written(tmp_path: Path) -> None:
    command = [str(NOTIFY), "-s", "state", "MASTER", "VI_1", "--", "/bin/sh", "-c", "cat state/role/VI_1; exit 7"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=10)
    assert (done.returncode, done.stdout[:8]) == (7, "1 MASTER")


@pytest.mark.parametrize(
    "words",
    [
        ("MASTER", "VI_1"),
        ("MASTER", "a/b"),
        ("MASTER",),
        (),
        ("master", "VI_1"),
        ("MASTER", "VI_1", "extra"),
    ],
    ids=" ".join,
)
def test_the_sites_script_runs_as_if_it_were_called_itself(tmp_path: Path, words: tuple[str, ...]) -> None:
    command = [str(NOTIFY), "-s", str(tmp_path), *words, "--", *SITE_SCRIPT, "a b", "--", "-s"]
    environment = {"PATH": "/nowhere"}
    done = subprocess.run(
        command, umask=0o177, env=environment, capture_output=True, text=True, check=False, timeout=10
    )
    assert done.returncode == 7
    assert done.stdout.splitlines() == ["0177", "/nowhere", "a b", "--", "-s"]
    assert (tmp_path / "role" / "VI_1").exists() is (words == ("MASTER", "VI_1"))
    assert bool(done.stderr) is (words != ("MASTER", "VI_1"))


def test_the_sites_script_runs_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = notify(tmp_path / "file", "MASTER", "VI_1", "--", *SITE_SCRIPT)
    assert (done.returncode, bool(done.stderr)) == (7, True)


@pytest.mark.parametrize("words", [("extra",), ("50", "extra"), ("-s", "x")])
def test_other_words_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = notify(tmp_path, "MASTER", "VI_1", *words)
    assert (done.returncode, done.stderr) == (1, f"notify: what is this: {words[0]}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_path_is_not_used(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("mkdir", "flock", "mktemp", "chmod", "mv", "rm"):
        (tools / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/hostile\n")
        (tools / name).chmod(0o755)
    command = [str(NOTIFY), "-s", str(tmp_path / "state"), "MASTER", "VI_1"]
    environment = {"PATH": str(tools), "CDPATH": str(tools)}
    assert subprocess.run(command, env=environment, check=False, timeout=10).returncode == 0
    assert not (tmp_path / "hostile").exists()
    assert (tmp_path / "state" / "role" / "VI_1").read_text()[0] == "1"


def test_an_overtaken_script_keeps_its_hands_off(tmp_path: Path) -> None:
    """A MASTER is held up until the BACKUP that came after it has been written."""
    folder = tmp_path / "role"
    folder.mkdir()
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = [str(NOTIFY), "-s", str(tmp_path), "MASTER", "VI_1"]
    with subprocess.Popen(command, start_new_session=True) as master:
        wait_until(lambda: waits_for_a_lock(master.pid))
        os.killpg(master.pid, signal.SIGSTOP)
        # Only then: a waiter that is not stopped yet could still get the lock, and be stopped with it.
        wait_until(lambda: not waits_for_a_lock(master.pid))
        os.close(lock)
        assert notify(tmp_path, "BACKUP", "VI_1").returncode == 0
        os.killpg(master.pid, signal.SIGCONT)
        assert master.wait(timeout=10) == 0
    assert (folder / "VI_1").read_text().split()[:2] == ["0", "BACKUP"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def waits_for_a_lock(group: int) -> bool:
    """Say whether a process of this group waits for a lock (a line `->` of /proc/locks, PID its sixth word)."""
    lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(words[1] == "->" and process_group(int(words[5])) == group for words in lines)


def process_group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
