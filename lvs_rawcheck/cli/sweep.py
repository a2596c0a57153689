# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the daemon has died: whoever had to start for one check makes others, too, whose last verdicts are old.

To start is nearly all that a check costs. So a check that has come by a gate (director/slots.py) leaves a process
behind, which keeps the gate and forks for each of these: each is `run ID` as if it had been started for that,
gives up root for itself, and writes last/, which the script then reads instead of starting another. What it finds
decides nothing here: the check that was asked for goes its own way, and ends as if there were no other.

A sweep stays in the process group of its check, so that whoever ends that ends it. It begins nothing after
SWEEP_SECONDS, and waits for its forks until LONGEST_SECONDS: then it leaves them to their own deadlines, and its gate
to the next.
"""

from __future__ import annotations

import os
from _signal import ITIMER_REAL, SIGALRM, setitimer, signal

from lvs_rawcheck import clock
from lvs_rawcheck.cli.exit_status import UNHEALTHY, never_die_by_signal
from lvs_rawcheck.director.last_verdict import read_last
from lvs_rawcheck.director.slots import GATE_DESCRIPTOR, holds_gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lvs_rawcheck.director.last_verdict import LastLine
    from lvs_rawcheck.registry.vips import RegistryVips

SWEEP_SECONDS = 4.0
LONGEST_SECONDS = 10.0
AT_ONCE = 6
"""Forks of one sweep: one that waits for a dead server keeps the others from nothing."""
_NICER = 5  # than the scripts that keepalived waits for, nice(2)
OLD_SECONDS = 20
"""From when on a last verdict is old: the script tells a younger one again."""
_IDS_FOLDER = "verdict"
"""Where the daemon has left a file for each check that it ran."""


def sweep_beside(state: str, registry: RegistryVips, check: Callable[[str], int]) -> None:
    """Leave a sweep behind, if this process holds a gate. check: given an ID; called in a fork, which ends with it."""
    if not holds_gate(state):
        return
    try:
        if os.fork() != 0:
            return
    except OSError:
        return  # then the check alone
    try:
        _leave_terminal()
        signal(SIGALRM, _give_up)
        setitimer(ITIMER_REAL, LONGEST_SECONDS)
        os.nice(_NICER)
        registry.remember()
        _sweep(state, check)
    finally:
        os._exit(UNHEALTHY)


def _give_up(number: int, frame: object) -> None:
    os._exit(UNHEALTHY)


def _leave_terminal() -> None:
    """Keep nobody waiting who reads what the check says."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


def _sweep(state: str, check: Callable[[str], int]) -> None:
    ends_at = clock.now() + SWEEP_SECONDS
    running: dict[int, str | None] = {}
    for check_id in _ids(f"{state}/{_IDS_FOLDER}"):
        if clock.now() >= ends_at:
            break
        last = _last(state, check_id)
        if last is not None and clock.uptime() - last.written < OLD_SECONDS:
            continue
        running[_fork(check_id, check)] = check_id if last is None or last.healthy else None
        while len(running) >= AT_ONCE:
            _reap(running, check)
    while running:
        _reap(running, check)


def _reap(running: dict[int, str | None], check: Callable[[str], int]) -> None:
    """Wait for one of the forks. running: by process, what to check once more should that fail.

    Of a server that was up, one lost probe must not stand in last/: the script may tell it more than once, and
    keepalived would count it as often.
    """
    process, status = os.wait()
    doubtful = running.pop(process)
    if status != 0 and doubtful is not None:
        running[_fork(doubtful, check)] = None


def _fork(check_id: str, check: Callable[[str], int]) -> int:
    """Return the process that becomes the check of this ID."""
    process = os.fork()
    if process != 0:
        return process
    status = UNHEALTHY
    try:
        never_die_by_signal()
        os.close(GATE_DESCRIPTOR)  # the sweep keeps it
        status = check(check_id)
    finally:
        os._exit(status)


def _ids(folder: str) -> Iterator[str]:
    """Yield the IDs of all checks, each once, from anywhere on: sweeps at the same time begin in different places."""
    services = sorted(os.listdir(folder))
    start = int.from_bytes(os.urandom(4), "big") % max(len(services), 1)
    for service in services[start:] + services[:start]:
        try:
            real_servers = os.listdir(f"{folder}/{service}")
        except OSError:
            continue  # gone meanwhile
        for real_server in real_servers:
            if not real_server.startswith("."):
                yield f"{service}/{real_server}"


def _last(state: str, check_id: str) -> LastLine | None:
    service, _, real_server = check_id.partition("/")
    return read_last(state, service, real_server)
