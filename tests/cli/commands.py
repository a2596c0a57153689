# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the commands as real processes, by the launcher, each with a /dev and an /etc/passwd that the test chose.

A command sees a mount namespace of its own, in which /dev/log is a socket of the test's; what it logs is read there.
Without a host of a topology it sees an empty network namespace too: nothing it does leaves this machine.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.netns.topology import Host, end_process


def _readable_launcher() -> Path:
    """Return the launcher, of a copy of the program where the checkout lies in a folder that is closed to others.

    As the package's user or nobody, commands can run only what everybody can read.
    """
    launcher = Path(__file__).resolve().parents[2] / "lvs_rawcheck" / "cli" / "launcher.py"
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in launcher.parents):
        return launcher
    copy = Path(tempfile.mkdtemp(prefix="rawcheck-program-"))
    atexit.register(shutil.rmtree, copy)
    copy.chmod(0o755)
    for part in ("lvs_rawcheck", "templates"):
        shutil.copytree(launcher.parents[2] / part, copy / part)
    return copy / "lvs_rawcheck" / "cli" / "launcher.py"


PROGRAMS = ("lvs-rawcheck", "check_tcp_raw", "check_http_get_raw", "check_http_raw")
LAUNCHER = _readable_launcher()
TIMEOUT = 30.0  # seconds: no command may take longer, whatever it was given

# $1: the folder that becomes /dev. Then pairs FILE PLACE to be mounted, a dash, and the command.
_ENTER = """
dev=$1; shift
mount -t tmpfs -o mode=755 none "$dev"
for node in null zero full urandom; do : >"$dev/$node"; mount --bind "/dev/$node" "$dev/$node"; done
ln -s "$LOG_SOCKET" "$dev/log"
mount --rbind "$dev" /dev
while [ "$1" != - ]; do mount --bind "$1" "$2"; shift 2; done
shift
unset LOG_SOCKET
exec "$@"
"""
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
WITHOUT_NET_RAW = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", "--")

_LOG_LINE = re.compile(r"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d lvs-rawcheck\[\d+\]: (.*)", re.DOTALL)
_SEVERITY_BITS = 7
ERROR, WARNING, NOTICE = 3, 4, 5  # RFC 5424 6.2.1


@dataclass(frozen=True)
class LogLine:
    """What syslog was told: severity by RFC 5424, and the sentence."""

    severity: int
    text: str


@dataclass(frozen=True)
class Outcome:
    """How a command ended. status: exit status, or minus the signal. seconds: how long it took."""

    status: int
    stdout: str
    stderr: str
    log: list[LogLine]
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """The object that it printed."""
        value = json.loads(self.stdout)
        assert isinstance(value, dict)
        return value


class Desk:
    """A place to run commands from: links to the launcher, a state and a registry folder, a log. Close it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rawcheck-"))  # short: a socket's path has 107 octets
        self.folder.chmod(0o755)
        self.state = self.folder / "state"
        self.services = self.folder / "services.d"
        self.services.mkdir()
        (self.folder / "dev").mkdir()
        for name in PROGRAMS:
            (self.folder / name).symlink_to(LAUNCHER)
        self._log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log.bind(str(self.folder / "log"))
        (self.folder / "log").chmod(0o666)
        self._log.setblocking(False)
        self.mounts: list[tuple[Path, str]] = []
        """Files of the test's in the place of files of the system's."""
        self.become: Sequence[str] = ()
        """What starts the command: NOBODY, for instance."""

    def close(self) -> None:
        """Remove it all."""
        self._log.close()
        shutil.rmtree(self.folder)

    def file(self, name: str, text: str) -> Path:
        """Return a file of the desk's, with this text."""
        path = self.folder / name
        path.write_text(text)
        return path

    def mount(self, place: str, text: str) -> None:
        """Let commands find this text in the place of a system's file."""
        path = self.file(place.strip("/").replace("/", "-"), text)
        self.mounts.append((path, place))

    def argv(self, program: str, arguments: Sequence[str | bytes]) -> list[str | bytes]:
        """Return the command line that enters the mounts and becomes the program."""
        mounts = [word for path, place in self.mounts for word in (str(path), place)]
        enter = ["unshare", "-m", "sh", "-e", "-c", _ENTER, "sh", str(self.folder / "dev"), *mounts, "-"]
        return [*enter, *self.become, str(self.folder / program), *arguments]

    def own_folders(self) -> list[str]:
        """Return the options that keep a command to the desk's folders."""
        return ["--state", str(self.state), "--services", str(self.services)]

    def check(self, host: Host | None, *arguments: str | bytes) -> Outcome:
        """Run `lvs-rawcheck check tcp` with these arguments and the desk's folders."""
        return self.run(host, "lvs-rawcheck", "check", "tcp", *self.own_folders(), *arguments)

    def drop_in(self, host: Host | None, *arguments: str | bytes) -> Outcome:
        """Run `check_tcp_raw` with these arguments and the desk's folders."""
        return self.run(host, "check_tcp_raw", *self.own_folders(), *arguments)

    def run(self, host: Host | None, program: str, *arguments: str | bytes) -> Outcome:
        """Run a program to its end."""
        child = self.start(host, program, *arguments)
        return self.finish(child)

    def start(
        self,
        host: Host | None,
        program: str,
        *arguments: str | bytes,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> subprocess.Popen[str]:
        """Start a program; `finish` or `end_process` must follow."""
        argv = self.argv(program, arguments)
        place: AbstractContextManager[None] = nullcontext()
        if host is None:
            argv = ["unshare", "-n", *argv]
        else:
            place = host.entered()
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LOG_SOCKET": str(self.folder / "log")}
        with place:
            return subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True, env=environment
            )

    def finish(self, child: subprocess.Popen[str]) -> Outcome:
        """Wait for a program that was started, and tell how it ended; seconds count from this call."""
        started = time.monotonic()
        try:
            stdout, stderr = child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            end_process(child)
            raise
        seconds = time.monotonic() - started
        return Outcome(child.returncode, stdout or "", stderr or "", self.logged(), seconds)

    def raw_log_line(self) -> bytes:
        """Return the next datagram that the log got, as it came."""
        return self._log.recv(65536)

    def logged(self) -> list[LogLine]:
        """Return what was logged since the last time."""
        lines: list[LogLine] = []
        while True:
            try:
                datagram = self.raw_log_line().decode()
            except BlockingIOError:
                return lines
            match = _LOG_LINE.fullmatch(datagram.rstrip("\n\0"))
            assert match, f"not a line of ours: {datagram!r}"
            lines.append(LogLine(int(match[1]) & _SEVERITY_BITS, match[2]))
