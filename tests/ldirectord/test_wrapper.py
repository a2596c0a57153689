# SPDX-License-Identifier: GPL-2.0-or-later
"""The wrapper by itself: it ends with 0 or 1, in time, whatever its check, its caller and its environment do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.ldirectord.harness import wrapper_text
from tests.netns.topology import wait_until

SERVICE = "tcp-10.0.0.1-80"
ARGUMENTS = ("10.0.0.1", "80", "192.168.6.2", "80")
HOSTILE = {"PATH": "/nowhere", "ENV": "/nowhere", "IFS": "0123./", "CDPATH": "/", "PS4": "$(false)", "LC_ALL": "xx"}
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
_PATIENCE = 10.0  # seconds
# fmt: off
_CATCHABLE = (
    "HUP", "INT", "QUIT", "TRAP", "ABRT", "USR1", "USR2", "PIPE", "ALRM", "TERM", "XCPU", "XFSZ", "VTALRM", "PROF",
    "SYS", "IO", "PWR",
)
# fmt: on


class Workbench:
    """A wrapper in a folder, and the program that it asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / SERVICE
        self.render()

    def render(self, deadline: float = 5.0, state: Path | None = None) -> None:
        self.path.write_text(wrapper_text(SERVICE, self.folder, deadline, state))
        self.path.chmod(0o755)

    def verdict(self, text: str, shell: str = "#!/bin/sh\n") -> Path:
        """Let the program that is asked be this; returns its path."""
        path = self.folder / "verdict"
        path.write_text(f"{shell}{text}\n")
        path.chmod(0o755)
        return path

    @contextmanager
    def started(
        self, *arguments: str, shell: str | None = None, prepare: Callable[[], None] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """Start the wrapper, by its first line or a shell; it is gone afterwards."""
        start = [] if shell is None else ["busybox", "sh"] if shell == "busybox" else [shell]
        with subprocess.Popen(
            [*start, str(self.path), *(arguments or ARGUMENTS)],
            env=HOSTILE,
            executable=shutil.which(start[0]) if start else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
        ) as child:
            try:
                yield child
            finally:
                child.kill()

    def run(
        self, *arguments: str, shell: str | None = None, prepare: Callable[[], None] | None = None
    ) -> tuple[int, str, str]:
        """Return exit status (minus a signal), and what was printed."""
        with self.started(*arguments, shell=shell, prepare=prepare) as child:
            stdout, stderr = child.communicate(timeout=_PATIENCE)
        return child.returncode, stdout, stderr

    def begun(self) -> int:
        """Return the process ID that a verdict wrote down, as soon as it has."""
        note = self.folder / "begun"
        wait_until(lambda: note.exists() and note.read_text().endswith("\n"), "the check has begun")
        return int(note.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A wrapper; the check of one that hung is gone after the test, if it is still there."""
    made = Workbench(tmp_path)
    yield made
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        left = int((tmp_path / "begun").read_text())
        if str(tmp_path) in Path(f"/proc/{left}/cmdline").read_text():
            os.kill(left, signal.SIGKILL)


def hanging(folder: Path, before: str = "", after: str = "") -> str:
    """Return a check that writes down who it is, then hangs. before, after: what it does before and after it writes."""
    return f"{before}\necho $$ >{folder}/begun\n{after}\nread -r line <{pipe(folder)}"


def pipe(folder: Path) -> Path:
    """Return a pipe that nobody ever writes to: who opens it to read waits."""
    path = folder / "pipe"
    if not path.exists():
        os.mkfifo(path)
    return path


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"  # an orphan that its new parent has not asked for yet


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("exit 0", 0),
        *((f"exit {number}", 1) for number in (1, 2, 124, 125, 126, 127, 128, 137, 143, 255)),
        *((f"kill -s {name} $$", 1) for name in ("KILL", "TERM", "SEGV", "ALRM", "HUP", "ABRT", "PIPE")),
    ],
)
def test_only_0_is_0(bench: Workbench, shell: str, ending: str, status: int) -> None:
    bench.verdict(ending)
    assert bench.run(shell=shell)[0] == status


@pytest.mark.parametrize(
    ("real_server", "asked"),
    [
        ("192.168.6.2", "192.168.6.2"),
        ("[2001:db8::2]", "2001:db8::2"),
        ("2001:db8::2", "2001:db8::2"),
        ("[::ffff:192.168.6.2]", "::ffff:192.168.6.2"),
        ("-s", "-s"),
        ("a b*; $(false)'\"", "a b*; $(false)'\""),
        ("", ""),
    ],
)
def test_it_asks_for_the_server_of_its_service(bench: Workbench, real_server: str, asked: str) -> None:
    bench.verdict('printf "%s|" "$@"')
    assert bench.run("10.0.0.1", "80", real_server, "80")[:2] == (0, f"{SERVICE}/{asked}|")


def test_it_names_a_state_folder_that_is_not_the_default(bench: Workbench) -> None:
    odd = bench.folder / "a b'$(false)\";#"
    bench.render(state=odd)
    bench.verdict('printf "%s|" "$@"')
    assert bench.run()[1] == f"-s|{odd}|{SERVICE}/192.168.6.2|"


@pytest.mark.parametrize("arguments", [("x",), ARGUMENTS[:3], (*ARGUMENTS, "x")])
def test_wrong_arguments_are_1(bench: Workbench, arguments: tuple[str, ...]) -> None:
    bench.verdict("exit 0")
    assert bench.run(*arguments) == (1, "", f"{bench.path}: wanted: VIP PORT REAL_SERVER PORT\n")


def test_no_verdict_to_ask_is_1(bench: Workbench) -> None:
    said = (1, "", f"{bench.path}: there is no program {bench.folder}/verdict\n")
    assert bench.run() == said
    bench.verdict("exit 0").chmod(0o644)
    assert bench.run() == said
    bench.verdict("exit 0", "#!/no/such/interpreter\n")
    assert bench.run()[0] == 1


def test_a_verdict_that_hangs_is_ended_before_ldirectord_is_impatient(bench: Workbench) -> None:
    bench.render(deadline=0.3)
    bench.verdict(hanging(bench.folder))
    started = time.monotonic()
    assert bench.run()[0] == 1
    assert 0.3 <= time.monotonic() - started < 2.0
    assert is_gone(bench.begun())


def test_a_verdict_that_does_not_listen_is_killed(bench: Workbench) -> None:
    bench.render(deadline=0.3)
    bench.verdict(hanging(bench.folder, before="trap '' TERM HUP INT"))
    started = time.monotonic()
    assert bench.run()[0] == 1
    assert 0.8 <= time.monotonic() - started < 2.5
    wait_until(lambda: is_gone(bench.begun()), "the check is gone")


def test_a_verdict_that_is_stopped_is_ended(bench: Workbench) -> None:
    bench.render(deadline=0.3)
    bench.verdict(hanging(bench.folder, before="kill -s STOP $$"))
    assert bench.run()[0] == 1


def test_nothing_outlives_a_timeout_that_was_killed(bench: Workbench) -> None:
    bench.verdict(hanging(bench.folder, after="kill -s KILL $PPID"))
    assert bench.run()[0] == 1
    wait_until(lambda: is_gone(bench.begun()), "the check is gone")


@pytest.mark.parametrize(
    ("name", "shell"), [*((name, None) for name in _CATCHABLE), *(("TERM", each) for each in SHELLS)]
)
def test_a_signal_is_1_and_the_check_ends(bench: Workbench, name: str, shell: str | None) -> None:
    bench.render(deadline=60)
    bench.verdict(hanging(bench.folder))
    # Python ignores them, and what is ignored from the start no shell can take.
    with bench.started(shell=shell, prepare=lambda: _default("PIPE", "XFSZ")) as child:
        check = bench.begun()
        child.send_signal(signal.Signals[f"SIG{name}"])
        assert child.wait(_PATIENCE) == 1
    wait_until(lambda: is_gone(check), "the check is gone")


def _default(*names: str) -> None:
    for name in names:
        signal.signal(signal.Signals[f"SIG{name}"], signal.SIG_DFL)


def test_a_check_that_does_not_listen_ends_soon_after_a_signal(bench: Workbench) -> None:
    bench.render(deadline=60)
    bench.verdict(hanging(bench.folder, before="trap '' TERM HUP INT"))
    with bench.started() as child:
        check = bench.begun()
        child.terminate()
        assert child.wait(_PATIENCE) == 1
    wait_until(lambda: is_gone(check), "the check is gone")


def test_sigterm_at_any_moment_is_no_verdict_of_health(bench: Workbench) -> None:
    # It may come before the shell has read its second line, and end it as the shell does it then.
    bench.verdict("exit 1")
    for delay_ms in range(20):
        with bench.started() as child:
            time.sleep(delay_ms / 1000)
            child.terminate()
            assert child.wait(_PATIENCE) in (1, -signal.SIGTERM)


def test_why_it_stays_so_small_killed_itself_it_can_say_nothing(bench: Workbench) -> None:
    bench.verdict(hanging(bench.folder))
    with bench.started() as child:
        bench.begun()
        child.kill()
        # ldirectord's system_timeout: $? >> 8 of this is 0, up
        assert child.wait(_PATIENCE) == -signal.SIGKILL


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize(
    "prepare",
    [
        lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),  # as ldirectord has it
        lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
        lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        lambda: os.closerange(0, 3),
        lambda: os.chdir("/proc"),
    ],
    ids=["SIGPIPE ignored", "SIGCHLD ignored", "SIGTERM ignored", "nothing open", "elsewhere"],
)
def test_its_caller_changes_nothing(bench: Workbench, shell: str, status: int, prepare: Callable[[], None]) -> None:
    bench.verdict(f"exit {status}")
    assert bench.run(shell=shell, prepare=prepare)[0] == status


def test_no_word_of_it_asks_the_environment(bench: Workbench) -> None:
    names = set(re.findall(r"\$\{?((?:[0-9#!]|[A-Za-z_]+))", bench.path.read_text()))
    assert names == {"0", "1", "3", "#", "!", "signals", "verdict", "real_server"}


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="there is no shellcheck")
def test_shellcheck_finds_nothing(bench: Workbench) -> None:
    done = subprocess.run(["shellcheck", str(bench.path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
