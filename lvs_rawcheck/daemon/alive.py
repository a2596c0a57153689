# SPDX-License-Identifier: GPL-2.0-or-later
"""daemon/alive and slots/: how the shell script `verdict` knows that there is a daemon, or was one a moment ago.

daemon/alive: `ALIVE SLOTS`, when the daemon lived last, whole seconds of /proc/uptime, and how many files there are in
slots/, named 0, 1 and so on. Both stay when the daemon ends, however it does: while it has not been gone for long, who
would check in its stead first locks one of these files (flock(2)), so that not all of them do at once.

The files are empty, never written to and never removed: a lock is on a file, not on a name. Root and the daemon's group
can open them, nobody else: whoever can lock them all would keep checks from being made.
"""

from __future__ import annotations

import os

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.write_faults import WriteFaults
from lvs_rawcheck.director.state_folder import open_state, write_line

FOLDER = "daemon"
SLOTS_FOLDER = "slots"
_NAME = "alive"
_RENEWED_SECONDS = 5.0
_SLOTS_OF_A_CORE = 32
_SLOT_MODE = 0o640


class Alive:
    """Keeps the folder; OSError: it is not to be had. Whoever makes one closes it."""

    def __init__(self, state_dir: str) -> None:
        self._slots = _SLOTS_OF_A_CORE * len(os.sched_getaffinity(0))
        _make_slots(state_dir, self._slots)
        self._folder = open_state(state_dir, FOLDER)
        self._faults = WriteFaults("sign of life", "the longer, the more like a daemon that is gone")
        self._due = 0.0

    def close(self) -> None:
        """Leave the last sign of life."""
        os.close(self._folder)

    def note(self, now: float) -> None:
        """Give a sign of life if it is time. now: monotonic seconds. Call it every few seconds, or more often."""
        if now < self._due:
            return
        self._due = now + _RENEWED_SECONDS
        try:
            write_line(self._folder, _NAME, f"{int(clock.uptime())} {self._slots}")
        except OSError as error:
            self._faults.failed(_NAME, error)
        else:
            self._faults.succeeded(_NAME)


def _make_slots(state_dir: str, count: int) -> None:
    folder = open_state(state_dir, SLOTS_FOLDER)
    try:
        for number in range(count):
            flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            os.close(os.open(str(number), flags, _SLOT_MODE, dir_fd=folder))
    finally:
        os.close(folder)
