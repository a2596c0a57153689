# SPDX-License-Identifier: GPL-2.0-or-later
"""What checks leave behind under /run/lvs-rawcheck, a file a check: the last verdict, and what was observed.

last/<service>/<real server> has one line for the shell, which must not be taken for a fresh verdict:
`WRITTEN EXPIRES STATUS PATH ROLE ROLE_FILE REASON`, times in whole seconds of /proc/uptime, EXPIRES 0; STATUS 0
healthy, 1 not; ROLE 1 master, 0 backup; `-` for what there is none of.
observed/<service>/<real server>: `SINCE PASSED FAILED LAST REASON`, SINCE and LAST in the same seconds.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.director.privileges import ids_to_become
from lvs_rawcheck.director.role import MASTER
from lvs_rawcheck.director.state_folder import ResultFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Verdict(Protocol):
        """Why."""

        reason: str

    class Result(Protocol):
        """What a check found."""

        path: str | None
        role: str | None

        @property
        def verdict(self) -> Verdict:
            """Return the answer."""

        @property
        def healthy(self) -> bool:
            """Return whether the server may have traffic."""


_NONE = "-"
_LINE_OCTETS = 128


class LastVerdict:
    """The last verdict of one check. Make it before root is given up, write it after."""

    __slots__ = ("_file",)

    def __init__(self, state_dir: str, service: str, real_server: str) -> None:
        self._file = ResultFile(state_dir, "last", service, real_server, ids_to_become())

    def write(self, result: Result, role_file: str | None) -> None:
        """Put it in the place of the one before. role_file: one word, or None."""
        status = 0 if result.healthy else 1
        role = _NONE if result.role is None else "1" if result.role == MASTER else "0"
        words = (int(clock.uptime()), 0, status, result.path or _NONE, role, role_file or _NONE, result.verdict.reason)
        self._file.write(" ".join(str(word) for word in words))


class Observations:
    """What the raw check of one server found while it did not decide. Make it before root is given up."""

    __slots__ = ("_file",)

    def __init__(self, state_dir: str, service: str, real_server: str) -> None:
        self._file = ResultFile(state_dir, "observed", service, real_server, ids_to_become())

    def add(self, result: Result) -> None:
        """Count one more."""
        now = int(clock.uptime())
        since, passed, failed = self._read(now)
        passed, failed = (passed + 1, failed) if result.healthy else (passed, failed + 1)
        self._file.write(f"{since} {passed} {failed} {now} {result.verdict.reason}")

    def _read(self, now: int) -> tuple[int, int, int]:
        words = self._file.read(_LINE_OCTETS).split()
        if len(words) != 5 or not all(word.isdigit() for word in words[:3]) or int(words[0]) > now:
            return now, 0, 0
        return int(words[0]), int(words[1]), int(words[2])
