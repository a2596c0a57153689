# SPDX-License-Identifier: GPL-2.0-or-later
"""Many checks of a sweep made together: the daemon's loop, for a moment, in a process that tells nobody but last/.

All is opened first: last/ and the stamps of the log, then the packet sockets; then root is given up, and only then is a
frame read. What is judged is written as it comes: whatever becomes of the others takes nothing of it back.
What the daemon would hold (our own interface, our own lateness) is not written at all.
"""

from __future__ import annotations

from contextlib import suppress

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason, Result, Verdict
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.daemon.service import Daemon
from lvs_rawcheck.director.change_log import ChangeLog
from lvs_rawcheck.director.privileges import drop_root
from lvs_rawcheck.director.results import LastVerdict
from lvs_rawcheck.errors import RawCheckError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.cli.sweep_orders import Order
    from lvs_rawcheck.daemon.state import CheckState

ORDERS_MOST = 128
"""Of one process: each has two descriptors, and a port on the wire, and 1024 are all that there are (getrlimit(2))."""
_GRACE = 1.0  # seconds, for the start of all
_PAUSE = 0.2
"""Seconds after which a run is made again that could not judge: a busy processor may have kept us from hearing."""


def seconds_for(orders: Sequence[Order]) -> float:
    """Return how long a batch may take: a doubtful failure is checked twice, and what could not judge once more."""
    return 3 * max(order.check.request.timeout for order in orders) + _GRACE


def run_together(orders: Sequence[Order], services: str, state: str, notes: Sequence[str]) -> bool:
    """Make these checks; return whether each has been judged. LinkError: a socket is not to be had.

    services, state: the folders. notes: what is wrong with the registry besides.
    """
    return _Batch(orders, services, state, notes).run()


class _Pen:
    """Where the verdict of one check is written and logged; opened as root."""

    def __init__(self, order: Order, state: str) -> None:
        check = order.check
        self._check = check
        self._last = LastVerdict(state, check.service.name, check.state.real_server)
        self._log = ChangeLog(state, ["run", check.check_id])

    def write(self, notes: Sequence[str]) -> None:
        """Write down what the last run found."""
        state, request = self._check.state, self._check.request
        result = Result(request.kind, request.real_ip, request.endpoints[0], Verdict(state.reason, state.detail))
        result.path, result.role, result.degraded = state.path, state.role, state.degraded
        result.elapsed_ms = state.latency_ms
        result.notes += notes
        self._last.write(result, request.role_file)
        self._log.note(result)


class _Batch:
    """The checks that have no verdict yet, and the loop that makes them."""

    def __init__(self, orders: Sequence[Order], services: str, state: str, notes: Sequence[str]) -> None:
        self._notes = notes
        self._ends_at = clock.now() + seconds_for(orders)
        self._orders = {order.check.check_id: order for order in orders}
        self._pens = {check_id: _Pen(order, state) for check_id, order in self._orders.items()}
        self._over: list[str] = []
        """Whose last run was the last."""
        self._unjudged = 0
        self._daemon = Daemon(services, state, import_site_packages)
        self._add(orders)

    def run(self) -> bool:
        """Go on until each check has been judged, or cannot be."""
        daemon = self._daemon
        daemon.turn()  # which looks at roles and modes; nothing is due yet
        self._open_lanes()
        drop_root()
        daemon.engine.schedule.hasten(list(self._orders), clock.now(), 0.0)
        while self._orders and clock.now() < self._ends_at:
            daemon.turn()
            self._remove_over()
        return not self._orders and not self._unjudged

    def _add(self, orders: Sequence[Order]) -> None:
        daemon, now = self._daemon, clock.now()
        checks = [order.check for order in orders]
        for check in checks:
            daemon.engine.add(check, now)
        daemon.roster.note_checks()
        daemon.lanes.expect(check.request for check in checks)
        daemon.engine.listeners.append(self._note)

    def _open_lanes(self) -> None:
        for order in self._orders.values():
            with suppress(RawCheckError):  # met again by its check, which then cannot be judged
                self._daemon.lanes.lane_for(order.check.request)

    def _note(self, state: CheckState, now: float) -> None:
        order = self._orders[state.check_id]
        if state.judged_at != now and order.tries_left > 0:
            order.tries_left -= 1
            self._run_again(state, now + _PAUSE)
        elif state.judged_at != now or state.path is None or not order.is_as_ordered:
            self._unjudged += 1
            self._over.append(state.check_id)
        elif order.is_doubtful and state.reason != Reason.OK:
            order.is_doubtful = False
            self._run_again(state, now)
        else:
            self._pens[state.check_id].write(self._notes)
            self._over.append(state.check_id)

    def _run_again(self, state: CheckState, when: float) -> None:
        self._daemon.engine.schedule.hasten((state.check_id,), when, 0.0)

    def _remove_over(self) -> None:
        for check_id in self._over:
            del self._orders[check_id]
            self._daemon.engine.remove(check_id)
        self._over.clear()
