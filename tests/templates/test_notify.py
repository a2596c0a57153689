# SPDX-License-Identifier: GPL-2.0-or-later
import fcntl
import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable
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
    assert [path.name for path in role_file.parent.iterdir()] == ["VI_1"]


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


@pytest.mark.parametrize("junk", ["", "1", "1 MASTER x y\n", "1 MASTER 5\n", "\0\0"])
def test_a_file_without_a_writer_is_overwritten(tmp_path: Path, junk: str) -> None:
    role_file = tmp_path / "role" / "VI_1"
    role_file.parent.mkdir()
    role_file.write_text(junk)
    assert notify(tmp_path, "BACKUP", "VI_1").returncode == 0
    assert role_file.read_text().split()[:2] == ["0", "BACKUP"]


def test_an_overtaken_script_keeps_its_hands_off(tmp_path: Path) -> None:
    """A MASTER is held up until the BACKUP that came after it has been written."""
    folder = tmp_path / "role"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
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
