# SPDX-License-Identifier: GPL-2.0-or-later
"""slots/: how many checks are made at once where the daemon has died. The other side of the shell script `verdict`.

The script locks one of the gates, the first eighth of the files, and becomes a check, which holds the lock. Once that
has started, which is nearly all the processor time that it takes, it goes on to one of the other slots, and leaves the
gate to the next. So few start at once, each soon has, and checks of dead servers, which wait, keep nobody from it.
Where no slot is free it stays at its gate: there are never more at once than there are files.

The first gate is that of the sweep (cli/sweep.py): who comes by it makes the checks of others, too, whose last verdicts
are old, by that one start, and keeps it meanwhile. So there is one sweep at a time, and the other gates stay free for
single checks.
"""

from __future__ import annotations

import os
from fcntl import LOCK_EX, LOCK_NB, flock

FOLDER = "slots"
GATE_DESCRIPTOR = 9
"""Which the script opens."""
_FIRST_GATE = "0"
_SLOTS_A_GATE = 8
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def holds_gate(state_dir: str) -> bool:
    """Return whether this process has come by a gate, and has not left it."""
    return _gate(state_dir) is not None


def holds_first_gate(state_dir: str) -> bool:
    """Return whether that is the gate of the sweep."""
    return _gate(state_dir) == _FIRST_GATE


def _gate(state_dir: str) -> str | None:
    """Return the name of the gate that this process holds."""
    try:
        folder, _, name = os.readlink(f"/proc/self/fd/{GATE_DESCRIPTOR}").rpartition("/")
    except OSError:
        return None
    return name if folder == _folder(state_dir) else None


def leave_gate(state_dir: str) -> None:
    """Go on from the gate to a slot, if this process holds a gate. The lock goes with the process, whatever its end."""
    if not holds_gate(state_dir):
        return
    folder = _folder(state_dir)
    try:
        count = len(os.listdir(folder))
    except OSError:
        return
    gates = (count + _SLOTS_A_GATE - 1) // _SLOTS_A_GATE
    if any(_take(f"{folder}/{number}") for number in range(gates, count)):
        os.close(GATE_DESCRIPTOR)


def _folder(state_dir: str) -> str:
    return f"{os.path.realpath(state_dir)}/{FOLDER}"


def _take(path: str) -> bool:
    """Return whether the lock is ours now."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return False
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    return True
