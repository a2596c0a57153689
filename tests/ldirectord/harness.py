# SPDX-License-Identifier: GPL-2.0-or-later
"""The real ldirectord on a configuration of the test's, with a table that it can edit without a kernel's IPVS.

With `-d` it stays in the foreground, writes no PID file, and takes an `ipvsadm` from the folder it is started in. The
name of its configuration is unique: everything that ldirectord remembers by name is ours alone then.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

from lvs_rawcheck.registry.templates import Templates
from tests.ldirectord.ipvsadm import read_table
from tests.netns.topology import wait_until

PROGRAM = "/usr/sbin/ldirectord"
needs_ldirectord = pytest.mark.skipif(not Path(PROGRAM).exists(), reason=f"there is no {PROGRAM}: package ldirectord")

DEADLINE = 3.0  # seconds: of wrappers, where a test does not say another
CHECK_TIMEOUT = 5  # seconds: ldirectord's, for the same
_PATIENCE = 20.0  # seconds
_STUB = Path(__file__).with_name("ipvsadm.py")

# Notes each ID it is asked for, then does what the test wants for it, and is healthy if nothing is wanted.
_STAND_IN = """\
#!/bin/sh
for id; do :; done
echo "$id" >>{folder}/asked
if [ -e "{folder}/answers/$id" ]; then . "{folder}/answers/$id"; fi
"""

# Notes under which name it was called with which arguments, then does what the program of that name would.
_RECORDER = """\
#!/bin/sh
echo "${{0##*/}} $*" >>{folder}/called
{then}
"""


class Ldirectord:
    """One ldirectord, its folder and what it is told to call there. A context manager: nothing is left of it."""

    def __init__(self, place: AbstractContextManager[None] | None = None) -> None:
        """place: where it runs, a namespace's `entered()` for instance."""
        self._place = place
        self._child: subprocess.Popen[bytes] | None = None
        self._written = 1_000_000_000  # seconds since 1970

    def __enter__(self) -> Ldirectord:
        self.folder = Path(tempfile.mkdtemp(prefix="rawcheck-ldirectord-"))
        self.configuration = self.folder / f"{self.folder.name}.cf"
        self.scripts = self.folder / "scripts"
        for name in ("wrappers", "scripts", "answers"):
            (self.folder / name).mkdir()
        (self.folder / "ipvsadm").symlink_to(_STUB)
        self.program("scripts/verdict", _STAND_IN.format(folder=self.folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if kind is not None:
            print(self.log())
        shutil.rmtree(self.folder)

    def program(self, name: str, text: str) -> Path:
        """Return a program of the folder's, with this text."""
        path = self.folder / name
        new = path.with_name(f"{path.name}.new")
        new.write_text(text)
        new.chmod(0o755)
        new.rename(path)
        return path

    def wrapper(self, service: str, deadline: float = DEADLINE, state: Path | None = None) -> Path:
        """Return the rendered wrapper of a service."""
        return self.program(f"wrappers/{service}", wrapper_text(service, self.scripts, deadline, state))

    def recorded(self, service: str) -> Path:
        """Return a wrapper that notes its arguments before it is one."""
        path = self.wrapper(f"{service}-itself")
        text = wrapper_text(service, self.scripts)
        path.write_text(text)
        return self.program(f"wrappers/{service}", _RECORDER.format(folder=self.folder, then=f'{path} "$@"'))

    def answer(self, check_id: str, commands: str | None) -> None:
        """Let the stand-in for verdict do this for an ID from now on; None: be healthy."""
        path = self.folder / "answers" / check_id
        if commands is None:
            path.unlink()
            return
        path.parent.mkdir(exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(f"{commands}\n")
        new.rename(path)

    def configure(self, *parts: str) -> None:
        """Put a configuration of these parts in its place, whole."""
        new = self.folder / "new configuration"
        new.write_text("".join(parts))
        # By this ldirectord knows a file as a new one, in whole seconds (check_cfgfile).
        self._written += 1
        os.utime(new, (self._written, self._written))
        new.rename(self.configuration)

    def start(self, *parts: str) -> None:
        """Start it on these parts of a configuration."""
        self.configure(*parts)
        command = [PROGRAM, "-d", str(self.configuration), "start"]
        with self._place or nullcontext(), open(self.folder / "log", "ab") as log:
            self._child = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # by which everything that it starts is found again
                env={"PATH": "/nowhere"},
            )

    def hang_up(self) -> None:
        """Tell it to read its configuration again."""
        self._running().send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        child = self._running()
        child.terminate()
        child.wait(_PATIENCE)

    def asked(self) -> list[str]:
        """Return the IDs that the stand-in for verdict was asked for, in order."""
        return self._lines("asked")

    def called(self) -> list[str]:
        """Return how recorded wrappers were called: name and arguments, in order."""
        return self._lines("called")

    def told(self) -> list[str]:
        """Return what ipvsadm was told to change, in order."""
        return self._lines("told")

    def log(self) -> str:
        """Return what it logged, and what its checks printed."""
        return "\n".join(self._lines("log"))

    def table(self) -> dict[str, dict[str, int]]:
        """Return the weights of the table's real servers, by virtual and real server."""
        table = read_table(self.folder / "table")
        return {virtual: {name: int(real.weight) for name, real in reals.items()} for virtual, reals in table.items()}

    def wait_for_table(self, expected: dict[str, dict[str, int]]) -> None:
        """Return when the table is this one."""
        try:
            self.wait_until(lambda: self.table() == expected, "the table")
        except AssertionError:
            assert self.table() == expected  # says what differs
            raise

    def wait_for_checks(self, check_id: str, count: int) -> None:
        """Return when an ID has been asked for so many times more, and the next has begun: what was before is over."""
        aim = self.asked().count(check_id) + count + 1
        self.wait_until(lambda: self.asked().count(check_id) >= aim, f"{count} checks of {check_id}")

    def wait_for_log(self, sentence: str) -> None:
        """Return when a sentence has been logged."""
        self.wait_until(lambda: sentence in self.log(), f"logged: {sentence}")

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Return as soon as a condition holds; AssertionError if ldirectord ends before that."""
        child = self._running()
        wait_until(lambda: condition() or child.poll() is not None, what, _PATIENCE)
        assert condition(), f"ldirectord has ended with {child.returncode}, before: {what}"

    def processes(self) -> list[Process]:
        """Return what it started and is still there, zombies included; not ldirectord itself and its likes."""
        everything = [found for entry in Path("/proc").glob("[0-9]*") if (found := _process(entry)) is not None]
        session = self._running().pid
        return [found for found in everything if found.session == session and not found.name.startswith("ldirectord")]

    def _lines(self, name: str) -> list[str]:
        try:
            return (self.folder / name).read_text(errors="backslashreplace").splitlines()
        except FileNotFoundError:
            return []

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._child is not None, "ldirectord was not started"
        return self._child

    def _end(self) -> None:
        if self._child is None:
            return
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)  # itself, the processes of fork=yes, and wrappers
            self._child.wait(_PATIENCE)
        for left in self.processes():
            with suppress(ProcessLookupError):
                os.kill(left.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it. state: Z for a zombie."""

    pid: int
    name: str
    state: str
    session: int


def _process(entry: Path) -> Process | None:
    try:
        text = (entry / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None  # gone meanwhile
    name = text[text.index("(") + 1 : text.rindex(")")]
    state, _, _, session, *_ = text[text.rindex(")") + 1 :].split()  # proc(5): fields 3 to 6
    return Process(int(entry.name), name, state, int(session))


def wrapper_text(service: str, scripts: Path, deadline: float = DEADLINE, state: Path | None = None) -> str:
    """Return the text of a wrapper, from the shipped template."""
    templates = Templates(str(scripts / "no overrides"))
    folder = None if state is None else str(state)
    return templates.render(
        "ldirectord/wrapper", service=service, scripts=str(scripts), state=folder, deadline=deadline
    )


def settings(*lines: str, interval: int = 1) -> str:
    """Return the global part of a configuration: a sweep each second, and further lines."""
    return "".join(f"{line}\n" for line in (f"checkinterval={interval}", *lines))


def block(virtual: str, command: Path, reals: list[str], *lines: str, timeout: int = CHECK_TIMEOUT) -> str:
    """Return a virtual with an external check. virtual: `virtual=...`; reals: `192.168.6.2:80 gate`; lines: further."""
    name = "real6" if virtual.startswith("virtual6") else "real"
    inside = [
        *(f"{name}={real}" for real in reals),
        "checktype=external",
        f'checkcommand="{command}"',
        f"checktimeout={timeout}",
        *lines,
    ]
    return "".join(f"{line}\n" for line in (virtual, *(f"    {line}" for line in inside)))
