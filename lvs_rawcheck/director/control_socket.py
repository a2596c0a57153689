# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's control socket, from the side of those who ask: a line of JSON there, lines of JSON back.

STATE/control.sock, a Unix stream socket; no line has more than LINE_OCTETS_MOST octets, its end included. One
question a connection:

    {"op": "status"}            -> a line for each check, {"fault": {"file", "error"}} for each service file that cannot
                                   be used, then {"checks": N, "faults": M, "pid", "for_seconds"}: of the daemon, and
                                   its age; fewer lines than that say that it broke off
    {"op": "check", "id": ID}   -> {"checking": ID} at once, and when the check has run a line as in the status
    anything else               -> {"error": SENTENCE}
"""

from __future__ import annotations

import _socket
import json
from errno import ECONNREFUSED, ENOENT

from lvs_rawcheck import clock
from lvs_rawcheck.errors import LinkError

SOCKET_NAME = "control.sock"
LINE_OCTETS_MOST = 4096
_RECEIVED_AT_ONCE = 65536
_WAIT_LEAST = 0.001  # seconds: 0 would mean not to wait, and not the deadline


class NoDaemon(LinkError):
    """Nobody listens: there is no daemon, or not now."""


class ControlConnection:
    """A connection to the daemon of a state folder. Close it, or use it in `with`. deadline: monotonic seconds."""

    def __init__(self, state_dir: str, deadline: float) -> None:
        self.deadline = deadline
        """For all that follows; whoever waits for something may move it."""
        self._received = bytearray()
        self._path = f"{state_dir.rstrip('/')}/{SOCKET_NAME}"
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            self._limit()
            self._socket.connect(self._path)
        except (OSError, ValueError) as error:
            self._socket.close()
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            if isinstance(error, OSError) and error.errno in (ENOENT, ECONNREFUSED):
                raise NoDaemon(f"no daemon listens at {self._path!r}: {reason}") from error
            raise LinkError(f"cannot ask the daemon at {self._path!r}: {reason}") from error

    def __enter__(self) -> ControlConnection:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def ask(self, question: dict[str, str]) -> None:
        """Send one question; LinkError."""
        try:
            self._limit()
            self._socket.sendall(json.dumps(question).encode() + b"\n")
        except ConnectionError:
            return  # it has hung up, and may have said why
        except OSError as error:
            raise self._failure(error) from error

    def next_line(self) -> dict[str, object]:
        """Return the next line of the answer; LinkError where none comes, or the daemon refuses with a sentence."""
        while b"\n" not in self._received:
            if len(self._received) >= LINE_OCTETS_MOST:
                raise LinkError(f"the daemon at {self._path!r} sends lines that are too long")
            self._receive()
        line, _, rest = self._received.partition(b"\n")
        self._received = rest
        answer = self._parse(bytes(line))
        if "error" in answer:
            raise LinkError(f"the daemon refuses: {answer['error']}")
        return answer

    def _receive(self) -> None:
        try:
            self._limit()
            octets = self._socket.recv(_RECEIVED_AT_ONCE)
        except OSError as error:
            raise self._failure(error) from error
        if not octets:
            raise LinkError(f"the daemon at {self._path!r} broke off")
        self._received += octets

    def _parse(self, line: bytes) -> dict[str, object]:
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise LinkError(f"the daemon at {self._path!r} does not speak as expected")
        return answer

    def _limit(self) -> None:
        self._socket.settimeout(max(self.deadline - clock.now(), _WAIT_LEAST))

    def _failure(self, error: OSError) -> LinkError:
        if isinstance(error, TimeoutError):
            return LinkError(f"the daemon at {self._path!r} does not answer")
        return LinkError(f"the daemon at {self._path!r} hung up: {error.strerror}")
