# SPDX-License-Identifier: GPL-2.0-or-later
"""A real server's program: started in a network namespace, asked until it answers, ended with all that it started."""

from __future__ import annotations

import atexit
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from tests.netns.topology import Host

_READY_TIMEOUT = 20.0  # seconds: a database on a busy machine
_STOP_TIMEOUT = 10.0  # seconds
_ANSWER_TIMEOUT = 2.0  # seconds, one try
_RETRY_DELAY = 0.005  # seconds
_ANSWER_OCTETS = 4096

# The first process of a namespace of processes, with which all others end, whatever they became. It ends when the
# program does, and ends the program when our end of its stdin is closed: even if we were killed, nothing stays.
# $1: where the program's output goes; then pairs PATH PLACE to be mounted, for it alone; a dash; the program.
_FIRST_PROCESS = """
exec 3<&0 >"$1" 2>&1 </dev/null
shift
while [ "$1" != - ]; do mount --bind "$1" "$2" || exit; shift 2; done
shift
"$@" 3<&- &
program=$!
{ read -r never <&3; kill -KILL "$program"; } &
wait "$program"
"""
_OWN_PROCESSES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


@cache
def _session_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rawcheck-"))  # short: a socket's path has 107 octets
    folder.chmod(0o755)  # programs that give up root find their way
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def new_folder(name: str, owner: str | None = None) -> Path:
    """Return an empty folder of this run's, open to all; owner: who may write there too."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_session_folder()))
    folder.chmod(0o755)
    if owner is not None:
        shutil.chown(folder, owner, owner)
    return folder


def write(path: Path, text: str, *, mode: int = 0o644, owner: str | None = None) -> Path:
    """Return the path of a file that now has this text; folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    if owner is not None:
        shutil.chown(path, owner, owner)
    return path


def endpoint(address: str, port: int) -> str:
    """Return address:port, an IPv6 address in brackets, as most configurations want it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def lines(pattern: str, values: Iterable[object]) -> str:
    """Return the pattern once a line for each value."""
    return "\n".join(pattern.format(value) for value in values)


class Daemon:
    """A running program and its folder. `seconds`: from its start to its first answer."""

    def __init__(self, host: Host, argv: Sequence[str], folder: Path, mounts: Sequence[tuple[Path, str]] = ()) -> None:
        """Start it; argv: the program, which must stay in the foreground. `wait_until` tells when it serves.

        mounts: folders of ours, and in whose place the program alone sees them.
        """
        self.name = Path(argv[0]).name
        self.folder = folder
        self.seconds = 0.0
        self.origins: list[Daemon] = []
        """Others that it needs; they end with it."""
        self._host = host
        self._log = folder / "output"
        self._started = time.monotonic()
        places = [word for path, place in mounts for word in (str(path), place)]
        first = ["sh", "-c", _FIRST_PROCESS, "sh", str(self._log), *places, "-", *argv]
        self._process = host.popen([*_OWN_PROCESSES, *first])

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def stop(self) -> None:
        """End it at once, with all processes that came of it; its ports answer RST from now on."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
            self._process.wait(_STOP_TIMEOUT)
            if self._process.stdout is not None:
                self._process.stdout.close()
            shutil.rmtree(self.folder)
        for origin in self.origins:
            origin.stop()

    def wait_until(self, answers: Callable[[], bool]) -> Daemon:
        """Return this daemon as soon as it answers; AssertionError with its output if it does not, or ended."""
        deadline = self._started + _READY_TIMEOUT
        try:
            with self._host.entered():
                while not answers():
                    assert self._process.poll() is None, f"{self.name} ended: {self.output}"
                    assert time.monotonic() < deadline, f"{self.name} does not answer: {self.output}"
                    time.sleep(_RETRY_DELAY)
        except BaseException:
            self.stop()
            raise
        self.seconds = time.monotonic() - self._started
        return self


def says(address: str, port: int, answer: bytes = b"", request: bytes = b"") -> Callable[[], bool]:
    """Return a question to a TCP server, after the request: does its answer match this regular expression?

    Without an answer: does it accept?
    """

    def ask() -> bool:
        try:
            with socket.create_connection((address, port), _ANSWER_TIMEOUT) as stream:
                stream.sendall(request)
                return not answer or re.match(answer, stream.recv(_ANSWER_OCTETS), re.DOTALL) is not None
        except OSError:
            return False

    return ask


def all_of(questions: Iterable[Callable[[], bool]]) -> Callable[[], bool]:
    """Return the question whether all of them hold; one that held once is not asked again."""
    open_questions = list(questions)

    def ask() -> bool:
        while open_questions and open_questions[0]():
            del open_questions[0]
        return not open_questions

    return ask


def everywhere(
    addresses: Sequence[str], ports: Iterable[int], answer: bytes = b"", request: bytes = b""
) -> Callable[[], bool]:
    """Return the question whether a TCP server answers so on all these addresses and ports."""
    return all_of(says(address, port, answer, request) for port in ports for address in addresses)
