# SPDX-License-Identifier: GPL-2.0-or-later
"""verdict/<service>/<real server>: what the daemon says of a check, for the shell script `verdict`.

One line, `WRITTEN EXPIRES STATUS PATH ROLE ROLE_FILE REASON`, times in whole seconds of /proc/uptime: as in last/
(director/results.py), but for EXPIRES, until which it is as good as a check. A daemon that is dead, stopped or stuck
renews nothing, and by then the script runs the checks itself.

Invariants:
- What is not known is not renewed, and expires: nothing has been found yet, or nothing could be judged for too long.
- PATH, ROLE and REASON are those of the last result that could judge. So a verdict that is held through a change of
  role still names the role before, in which the script does not take it.
- STATUS is 0 exactly where REASON is `ok`, also while a single result speaks against the state.
- A line that is known to be wrong and cannot be replaced (/run is full) is taken away: that needs no space.
- 10,000 checks do not write at once, but where 10,000 verdicts change at once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from math import ceil

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.daemon.write_faults import WriteFaults
from lvs_rawcheck.director.role import BACKUP, MASTER
from lvs_rawcheck.director.state_folder import open_folder, open_state, read_line, write_line

logger = logging.getLogger(__name__)

FOLDER = "verdict"
LIFETIME_LEAST = 15  # seconds
_INTERVALS = 3  # of a check, that a verdict of it lives
_RETRY_SECONDS = 2.0  # until a line that could not be written is tried again
_GOLDEN = 0.6180339887498949  # any number of its multiples, modulo 1, lie evenly
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINE_OCTETS_MOST = 4096 + 512  # a path, and what else there is
_NONE = "-"
_STATES = {"0": UP, "1": DOWN}
_ROLES = {_NONE: None, "1": MASTER, "0": BACKUP}


class _Line:
    """What is to be read of one check. due: when it is written again, monotonic seconds."""

    __slots__ = ("_lifetime", "_read", "_role_file", "due", "judged_at", "of", "path", "renewed_after", "role")

    def __init__(self, state: CheckState) -> None:
        self.of = state
        self._lifetime = max(LIFETIME_LEAST, ceil(_INTERVALS * state.interval))
        # A third of it is left then; where results are rare, two more of them come before it ends.
        self.renewed_after = min(self._lifetime * 2 / 3, self._lifetime - 2 * state.interval)
        self._role_file = state.role_file or _NONE
        self._read = ("", "", "", "")
        """State, path, role and reason."""
        self.due = 0.0
        self.judged_at: float | None = None
        self.path = _NONE
        self.role = _NONE

    def take(self, state: CheckState) -> bool:
        """Take in what a result has changed; return whether that is anything that is read."""
        if state.judged_at != self.judged_at:
            self.judged_at = state.judged_at
            self.path = state.path or _NONE
            self.role = _NONE if state.role is None else "1" if state.role == MASTER else "0"
        before = self._read
        self._read = (state.state, self.path, self.role, state.told_reason)
        return self._read != before

    def render(self) -> str:
        """Return it as written now."""
        state, path, role, reason = self._read
        written = int(clock.uptime())
        status = 0 if state == UP else 1
        return f"{written} {written + self._lifetime} {status} {path} {role} {self._role_file} {reason}"


class VerdictFiles:
    """Keeps the folder; OSError: it is not to be had. Whoever makes one closes it."""

    def __init__(self, state_dir: str) -> None:
        self._folder = open_state(state_dir, FOLDER)
        self._lines: dict[str, _Line] = {}
        self._faults = WriteFaults("verdict", "it expires, and checks are made one by one")
        self._changes = 0

    def close(self) -> None:
        """Leave the verdicts to expire."""
        os.close(self._folder)

    def note(self, state: CheckState, now: float) -> None:
        """Write a check's line if it has changed, or must be renewed. Call it after each of its results.

        now: monotonic seconds.
        """
        if state.state == UNKNOWN:
            return
        line = self._lines.get(state.check_id)
        if line is None or line.of is not state:
            line = self._lines[state.check_id] = _Line(state)
        if line.take(state):
            self._replace(line, now)
        elif now >= line.due:
            line.due = now + (line.renewed_after if self._write(line) else _RETRY_SECONDS)

    def _replace(self, line: _Line, now: float) -> None:
        """Write a line that says something else than the one before."""
        if self._write(line):
            self._changes += 1  # those that change together are not renewed together
            line.due = now + line.renewed_after * (self._changes * _GOLDEN % 1.0)
        else:
            self._remove(line.of.service, lambda name: name == line.of.real_server)
            line.due = now + _RETRY_SECONDS

    def _write(self, line: _Line) -> bool:
        """Return whether it is there now."""
        check_id = line.of.check_id
        try:
            folder = open_folder(line.of.service, self._folder)
            try:
                write_line(folder, line.of.real_server, line.render())
            finally:
                os.close(folder)
        except (OSError, ValueError) as error:
            self._faults.failed(check_id, error)
            return False
        self._faults.succeeded(check_id)
        return True

    def known(self, check_id: str) -> tuple[str, str | None] | None:
        """Return state and role by the fresh verdict that another daemon has left of a check, None for none."""
        service, _, real_server = check_id.partition("/")
        try:
            folder = os.open(service, _FOLDER_FLAGS, dir_fd=self._folder)
            try:
                words = read_line(folder, real_server, _LINE_OCTETS_MOST).split(" ")
            finally:
                os.close(folder)
            written, expires, status, _, role, _, _ = words
            fresh = int(written) - 1 <= clock.uptime() < int(expires)
        except (OSError, ValueError):
            return None
        if not fresh or role not in _ROLES or status not in _STATES:
            return None
        return _STATES[status], _ROLES[role]

    def forget(self, service: str, real_server: str) -> None:
        """Take a check's line away: the check is gone, or its verdict must not stand until it expires."""
        self._lines.pop(f"{service}/{real_server}", None)
        self._faults.forget(f"{service}/{real_server}")
        self._remove(service, lambda name: name == real_server)
        self._remove_folder(service)

    def keep_only(self, check_ids: Collection[str]) -> None:
        """Take away all lines but those of these checks, and what a daemon that was killed left half-written."""
        kept = frozenset(check_ids)
        for check_id in self._lines.keys() - kept:
            del self._lines[check_id]
            self._faults.forget(check_id)
        for service in os.listdir(self._folder):

            def gone(name: str, service: str = service) -> bool:
                return f"{service}/{name}" not in kept

            self._remove(service, gone)
            self._remove_folder(service)

    def _remove(self, service: str, unwanted: Callable[[str], bool]) -> None:
        """Take lines of a service away. What cannot be removed expires."""
        try:
            folder = os.open(service, _FOLDER_FLAGS, dir_fd=self._folder)
        except OSError:
            return
        try:
            for name in filter(unwanted, os.listdir(folder)):
                os.unlink(name, dir_fd=folder)
        except OSError as error:
            logger.warning("verdicts of %s not removed: %s", service, error.strerror)
        finally:
            os.close(folder)

    def _remove_folder(self, service: str) -> None:
        with suppress(OSError):  # it is not empty
            os.rmdir(service, dir_fd=self._folder)
