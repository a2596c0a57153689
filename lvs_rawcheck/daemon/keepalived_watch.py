# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether keepalived is another process than before: it may have missed track files that changed as it started.

A PID file that vanishes is keepalived that ends. It removes them one after the other, and nothing is to be told then.
"""

from __future__ import annotations

import logging
from typing import Protocol

logger = logging.getLogger(__name__)

PID_FILES = ("/run/keepalived.pid", "/run/keepalived/keepalived.pid", "/run/checkers.pid")
"""keepalived.h, KEEPALIVED_PID_DIR: of the parent, of one in a namespace of its own, of the checker process."""
_LOOK_SECONDS = 1.0
_SOON = 0.02
_PID_OCTETS = 32


class Rewritten(Protocol):
    """What is written again."""

    def rewrite_all(self) -> None:
        """Begin to."""

    def rewrite_some(self) -> bool:
        """Go on with it; return whether there is more."""


class KeepalivedWatch:
    """Looks at PID files from time to time; a part of the loop."""

    def __init__(self, files: Rewritten, pid_files: tuple[str, ...] = PID_FILES) -> None:
        self._files = files
        self._pid_files = pid_files
        self._pids = self._read()
        self._look_at = 0.0
        self._rewriting = False

    def next_timer(self) -> float | None:
        """Return when to look again."""
        return self._look_at

    def holds(self, descriptor: int) -> bool:
        """Return False: nothing is heard."""
        return False

    def work(self, descriptor: int | None, now: float) -> None:
        """Look; where it is another one, write the files again, a few at a time."""
        pids = self._read()
        if any(pid and pid != before for pid, before in zip(pids, self._pids, strict=True)):
            logger.info("keepalived was started anew: its track files are written again")
            self._files.rewrite_all()
            self._rewriting = True
        self._pids = pids
        if self._rewriting:
            self._rewriting = self._files.rewrite_some()
        self._look_at = now + (_SOON if self._rewriting else _LOOK_SECONDS)

    def _read(self) -> tuple[str, ...]:
        return tuple(_first_word(path) for path in self._pid_files)


def _first_word(path: str) -> str:
    """Return what a PID file says, "" where it is not there."""
    try:
        with open(path, "rb") as file:
            words = file.read(_PID_OCTETS).split()
    except OSError:
        return ""
    return words[0].decode("ascii", "replace") if words else ""
