# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the daemon has died: whoever had to start for one check makes others, too, whose last verdicts are old.

To start is nearly all that a check costs. So a check that has come by the first gate (director/slots.py) leaves a
process behind, which keeps that gate, and begins with those that have waited longest. Most are made together, many in
one process (sweep_batch.py): servers that are dead then cost their timeout once, not one after the other. What cannot
be made so (sweep_orders.py), or was not judged so, is a fork each: `run ID`, as if it had been started for that. Each
process gives up root for itself, and writes last/, which the script then reads instead of starting another. What it
finds decides nothing here: the check that was asked for goes its own way, and ends as if there were no other.

A sweep stays in the process group of its check, so that whoever ends that ends it. It begins nothing after
SWEEP_SECONDS, and waits for what it has begun until LONGEST_SECONDS: then it leaves that to its own deadlines, and the
gate to the next.
"""

from __future__ import annotations

import os
import select
from _signal import ITIMER_REAL, SIGALRM, setitimer, signal
from contextlib import suppress
from functools import cache

from lvs_rawcheck import clock
from lvs_rawcheck.cli.exit_status import HEALTHY, UNHEALTHY, end_after, never_die_by_signal
from lvs_rawcheck.director.last_verdict import read_last
from lvs_rawcheck.director.privileges import may_open_packet_sockets
from lvs_rawcheck.director.slots import GATE_DESCRIPTOR
from lvs_rawcheck.generate.track_files import is_daemon_alive
from lvs_rawcheck.registry.vips import vips_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lvs_rawcheck.cli.sweep_orders import Order, OrderBook
    from lvs_rawcheck.director.last_verdict import LastLine

SWEEP_SECONDS = 4.0
LONGEST_SECONDS = 10.0
AT_ONCE = 6
"""Forks of one check each: one that waits for a dead server keeps the others from nothing."""
BATCHES_AT_ONCE = 16
OLD_SECONDS = 15
"""A last verdict of this age lets a sweep begin: a little less than that from which on the script asks for a gate."""
_SWEPT_SECONDS = OLD_SECONDS // 2
"""The age of those that go with it: all at once, where each alone would want a sweep of its own a moment later."""
_PRIORITY = -10
"""Of nice(2), where root may say so: a sweep does for a fiftieth what each start beside it does, and is soon over."""
_HEAD_START = 0.15
"""Seconds after which a batch that has not ended only waits for dead servers: the next one begins beside it."""
_IDS_FOLDER = "verdict"
"""Where the daemon has left a file for each check that it ran."""


def sweep_beside(state: str, services: str, check: Callable[[str], int]) -> None:
    """Leave a sweep behind. The folders; check: given an ID, called in a fork, which ends with it."""
    if is_daemon_alive(state):
        return  # it knows no verdict of the one check that was asked for
    try:
        if os.fork() != 0:
            return
    except OSError:
        return  # then the check alone
    try:
        _leave_terminal()
        signal(SIGALRM, _give_up)
        setitimer(ITIMER_REAL, LONGEST_SECONDS)
        waiting = _waiting(state)
        if waiting:
            _Sweep(state, services, check).run(waiting)
    finally:
        os._exit(UNHEALTHY)


def _give_up(number: int, frame: object) -> None:
    os._exit(UNHEALTHY)


def _leave_terminal() -> None:
    """Keep nobody waiting who reads what the check says."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


class _Task:
    """What one process was given: IDs, and whether a failure of each is to be seen once more before it counts."""

    __slots__ = ("doubtful", "is_batch")

    def __init__(self, doubtful: dict[str, bool], is_batch: bool) -> None:
        self.doubtful = doubtful
        self.is_batch = is_batch


class _Sweep:
    """One sweep: what runs, and what is still to be forked for."""

    def __init__(self, state: str, services: str, check: Callable[[str], int]) -> None:
        self._state = state
        self._services = services
        self._check = check
        self._ends_at = clock.now() + SWEEP_SECONDS
        self._running: dict[int, _Task] = {}
        """By process."""
        self._alone: list[tuple[str, bool]] = []
        """IDs that are made by themselves, the next one last; and whether a failure is to be seen once more."""
        self._began = int(clock.uptime())
        self._usual_priority = os.getpriority(os.PRIO_PROCESS, 0)
        _set_priority(_PRIORITY)
        self._registry = vips_of(services)
        self._registry.remember()

    def run(self, waiting: list[tuple[str, bool]]) -> None:
        """Make these checks, as far as there is time. waiting: IDs, and whether a failure is to be seen once more."""
        if may_open_packet_sockets():
            self._run_batches(waiting)
        else:
            self._alone = waiting[::-1]
        while self._running or (self._alone and self._has_time()):
            if not self._fork_alone():
                self._reap(*os.wait())

    def _has_time(self) -> bool:
        return clock.now() < self._ends_at

    # Many in one process ----------------------------------------------------------------------------------

    def _run_batches(self, waiting: list[tuple[str, bool]]) -> None:
        from lvs_rawcheck.cli.sweep_batch import ORDERS_MOST  # the daemon's loop: only where there is something to do
        from lvs_rawcheck.cli.sweep_orders import OrderBook

        book = OrderBook(self._services, self._state, cache(self._registry.holds))
        for first in range(0, len(waiting), ORDERS_MOST):
            if not self._has_time():
                return
            batch = self._orders(book, waiting[first : first + ORDERS_MOST])
            if batch:
                self._begin_batch(batch)
            self._fork_alone()
            while len(self._running) >= BATCHES_AT_ONCE + AT_ONCE:
                self._reap(*os.wait())

    def _orders(self, book: OrderBook, waiting: list[tuple[str, bool]]) -> list[Order]:
        """Return the orders of those that can be made together; the others are put off."""
        orders = []
        for check_id, is_doubtful in waiting:
            order = book.order(check_id, is_doubtful)
            if order is None:
                self._alone.insert(0, (check_id, is_doubtful))
            else:
                orders.append(order)
        return orders

    def _begin_batch(self, orders: Sequence[Order]) -> None:
        """Begin a batch, and give it the processor for a moment."""
        from lvs_rawcheck.cli.sweep_batch import run_together, seconds_for

        doubtful = {order.check.check_id: order.is_doubtful for order in orders}

        def make() -> int:
            end_after(seconds_for(orders))
            done = run_together(orders, self._services, self._state, self._registry.notes)
            return HEALTHY if done else UNHEALTHY

        process = _fork(make)
        self._running[process] = _Task(doubtful, is_batch=True)
        try:
            ended = os.pidfd_open(process)
        except OSError:
            return  # an old kernel: then all begin at once
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.poll(int(_HEAD_START * 1000))
        os.close(ended)

    # One in each process ----------------------------------------------------------------------------------

    def _fork_alone(self) -> bool:
        """Fork for as many checks as there is room; return whether there was one."""
        forked = False
        while self._alone and self._has_time() and self._count_alone() < AT_ONCE:
            self._fork_one(*self._alone.pop())
            forked = True
        return forked

    def _count_alone(self) -> int:
        return sum(not task.is_batch for task in self._running.values())

    def _fork_one(self, check_id: str, is_doubtful: bool) -> None:
        def make() -> int:
            _set_priority(self._usual_priority)
            return self._check(check_id)

        self._running[_fork(make)] = _Task({check_id: is_doubtful}, is_batch=False)

    def _reap(self, process: int, status: int) -> None:
        """Take note of one that has ended.

        Of a server that was up, one lost probe must not stand in last/: the script may tell it more than once, and
        keepalived would count it as often.
        """
        task = self._running.pop(process)
        if status == 0:
            return
        for check_id, is_doubtful in task.doubtful.items():
            if task.is_batch:
                if not self._was_judged(check_id):
                    self._alone.insert(0, (check_id, is_doubtful))
            elif is_doubtful:
                self._fork_one(check_id, False)

    def _was_judged(self, check_id: str) -> bool:
        last = _last(self._state, check_id)
        return last is not None and last.written >= self._began


def _set_priority(priority: int) -> None:
    with suppress(OSError):  # not as root: as it is
        os.setpriority(os.PRIO_PROCESS, 0, priority)


def _fork(work: Callable[[], int]) -> int:
    """Return the process that does this, and ends with what it returns."""
    process = os.fork()
    if process != 0:
        return process
    status = UNHEALTHY
    try:
        never_die_by_signal()
        os.close(GATE_DESCRIPTOR)  # the sweep keeps it
        status = work()
    finally:
        os._exit(status)


def _waiting(state: str) -> list[tuple[str, bool]]:
    """Return the IDs of the checks to be made, and whether each was up; those that have waited longest first.

    None at all, where none has waited long enough for a sweep to begin.
    """
    now = clock.uptime()
    found: list[tuple[int, str, bool]] = []
    for check_id in _ids(f"{state}/{_IDS_FOLDER}"):
        last = _last(state, check_id)
        if last is None:
            found.append((0, check_id, True))
        elif now - last.written >= _SWEPT_SECONDS:
            found.append((last.written, check_id, last.healthy))
    found.sort()
    if not found or now - found[0][0] < OLD_SECONDS:
        return []
    return [(check_id, was_up) for _, check_id, was_up in found]


def _ids(folder: str) -> Iterator[str]:
    """Yield the IDs of all checks."""
    for service in os.listdir(folder):
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
