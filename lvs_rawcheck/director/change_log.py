# SPDX-License-Identifier: GPL-2.0-or-later
"""One line to syslog when a verdict changes: stderr of a check is /dev/null under keepalived.

A check is a process of its own each time, so what it said last is kept in a stamp: STATE/logged/<digest of
its command line>, one line `UPTIME STATE`, written through a descriptor that was opened while we were still
root. What is still wrong is said again every ten minutes. Without a stamp (not root, no such folder, a folder in
which others than root may arrange things) everything wrong is said each time.
"""

from __future__ import annotations

import os
from _blake2 import blake2s
from stat import S_ISREG

from lvs_rawcheck import clock
from lvs_rawcheck.director.state_folder import nobody_else_writes, open_state
from lvs_rawcheck.director.system_log import LOG_ERR, LOG_NOTICE, LOG_WARNING, log_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Verdict(Protocol):
        """Why."""

        reason: str
        detail: str

    class Result(Protocol):
        """What a check found, and str() of it the line that an operator reads."""

        degraded: bool
        notes: list[str]

        @property
        def verdict(self) -> Verdict:
            """Return the answer."""

        @property
        def healthy(self) -> bool:
            """Return whether the server may have traffic."""

        @property
        def endpoint(self) -> object | None:
            """Return what was checked, None where the arguments did not even name it."""

        @property
        def vips(self) -> Sequence[Result]:
            """Return the results of several VIPs, none for a single one."""


REPEAT_SECONDS = 600.0
_FOLDER = "logged"
_FILE_MODE = 0o644
_STAMP_OCTETS = 16384  # room for the states of many hundred VIPs


class ChangeLog:
    """The memory of one check's last words.

    state_dir: the folder under which stamps are kept; None: keep none. Make it before root is given up.
    """

    __slots__ = ("_stamp",)

    def __init__(self, state_dir: str | None, command_line: list[str]) -> None:
        self._stamp: int | None = None
        if state_dir is not None and os.geteuid() == 0:
            try:
                self._stamp = _open_stamp(state_dir, command_line)
            except (OSError, ValueError):
                self._stamp = None  # what is wrong is then said each time: louder, not less

    def note(self, result: Result) -> None:
        """Say what has changed since the last run, and what is still wrong once it was long enough unsaid."""
        said_at, said = self._read()
        state = _state_of(result)
        wrong = not result.healthy or bool(result.notes)
        now = clock.now()
        changed = state != said if said else wrong
        # A time ahead of now is of an earlier boot.
        overdue = wrong and not 0 <= now - said_at < REPEAT_SECONDS
        if (changed or overdue) and not _say(result):
            return  # nobody heard it: it is said again next time
        if changed or overdue or not said:
            self._write(now, state)

    def _read(self) -> tuple[float, str]:
        """Return when and what was said last, (0.0, "") if that is not known."""
        if self._stamp is None:
            return 0.0, ""
        try:
            moment, _, state = os.pread(self._stamp, _STAMP_OCTETS, 0).decode("ascii").rstrip("\n").partition(" ")
            return float(moment), state
        except (OSError, ValueError):
            return 0.0, ""

    def _write(self, now: float, state: str) -> None:
        if self._stamp is None:
            return
        line = f"{int(now)} {state}\n".encode()  # rounded up, it would be ahead of the next run's now
        try:
            os.ftruncate(self._stamp, os.pwrite(self._stamp, line, 0))
        except OSError:
            return  # a full /run: the line is said again next time


def _open_stamp(state_dir: str, command_line: list[str]) -> int:
    name = blake2s("\0".join(command_line).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    folder = open_state(state_dir, _FOLDER)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        stamp = os.open(name, flags, _FILE_MODE, dir_fd=folder)
    finally:
        os.close(folder)
    found = os.fstat(stamp)
    if not S_ISREG(found.st_mode) or found.st_nlink != 1 or not nobody_else_writes(found):
        os.close(stamp)
        raise PermissionError(name)
    return stamp


def _state_of(result: Result) -> str:
    """Return what makes two results the same news; details, times and the path in use do not."""
    results = result.vips or [result]
    state = " ".join(f"{each.verdict.reason}{'*' if each.degraded else ''}" for each in results)
    return f"{state} !" if result.notes else state


def _say(result: Result) -> bool:
    """Return whether the log took every line."""
    lines: list[tuple[int, str]] = [(LOG_ERR, note) for note in result.notes]
    if result.endpoint is None:
        lines.append((LOG_ERR, f"{result.verdict.reason}: {result.verdict.detail}"))
    else:
        each_vip = result.vips or [result]
        lines += [(LOG_NOTICE if each.healthy else LOG_WARNING, str(each)) for each in each_vip]
    heard = [log_line(priority, line) for priority, line in lines]
    return all(heard)
