# SPDX-License-Identifier: GPL-2.0-or-later
"""The rehearsal before a rollout: the registry's checks run, nobody told, and compared with the kernel's IPVS table.

A difference is a raw verdict that says up of a server that gets no traffic, or down of one that does. What a check
found by its standard path is no raw verdict, and a virtual server that is not in the table has no servers to compare:
both are counted, and compared with nothing. Times are monotonic seconds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, Reason
from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.daemon.service import Daemon
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.in_table import in_table

LOOK_SECONDS = 1.0
_OF_A_MARK = re.compile(r"fwm-([0-9]{1,10})(?:-[0-9]+)?")

NO_VERDICT, HELD, NOT_RAW = "no verdict yet", "it could not be judged from here", "not checked raw here"
NOT_IN_TABLE = "its virtual server is not in the table"


@dataclass(slots=True)
class Difference:
    """One check that differs, or did. traffic: whether its server got any, as it was seen last."""

    check_id: str
    healthy: bool
    reason: str
    detail: str
    traffic: bool
    since: float
    seconds: float = 0.0
    """How long it differed, in all that is over."""
    now: bool = True
    """Whether it still differs."""

    def lasted(self, now: float) -> float:
        """Return for how long it differed until now."""
        return self.seconds + (now - self.since if self.now else 0.0)

    def __str__(self) -> str:
        traffic = "gets traffic" if self.traffic else "gets none"
        if not self.now:
            return f"{self.check_id}: agrees again, {traffic}"
        verdict = "up" if self.healthy else f"down ({self.reason})"
        return f"{self.check_id}: the raw check says {verdict}, and the server {traffic}"


class Shadow:
    """Compares. daemon: whose checks run; read: the table, LinkError; tell: called as differences come and go."""

    def __init__(self, daemon: Daemon, read: Callable[[], IpvsTable], tell: Callable[[Difference], None]) -> None:
        self._daemon = daemon
        self._read = read
        self._tell = tell
        self.differences: dict[str, Difference] = {}
        """Of all checks that differ or did, by ID."""
        self.not_compared: Counter[str] = Counter()
        """Checks that could not be compared when it was looked last, by why."""
        self.compared: set[str] = set()
        """IDs of checks that ever were."""
        self.unread = 0
        """Looks at which the table could not be read."""

    def run(self, seconds: float, is_over: Callable[[], bool]) -> None:
        """Let the checks run so long, or until it is over, and look every second; LinkError: the first look fails."""
        table = self._read()
        end = clock.now() + seconds
        look_at = clock.now() + LOOK_SECONDS
        while not is_over() and clock.now() < end:
            self._daemon.turn()
            if clock.now() >= look_at:
                look_at = clock.now() + LOOK_SECONDS
                self._look()
        self._look(table)

    def _look(self, before: IpvsTable | None = None) -> None:
        """Compare all checks; before: the table to take where it cannot be read and was never compared with."""
        try:
            table = self._read()
        except LinkError:
            self.unread += 1
            if before is None or self.compared:
                return
            table = before
        self.not_compared.clear()
        for check in self._daemon.engine.checks.values():
            self._compare(check, table, clock.now())

    def _compare(self, check: Check, table: IpvsTable, now: float) -> None:
        healthy, reason = raw_verdict(check)
        traffic = None
        if healthy is None:
            self.not_compared[reason] += 1
        else:
            service = check.service
            traffic = in_table(service.protocol, service.endpoints, marks(service.name), check.server.address, table)
            if traffic is None:
                self.not_compared[NOT_IN_TABLE] += 1
        if healthy is None or traffic is None:
            self._settle(check.check_id, now, traffic)
            return
        self.compared.add(check.check_id)
        if healthy == traffic:
            self._settle(check.check_id, now, traffic)
            return
        known = self.differences.get(check.check_id)
        if known is not None and known.now and (known.healthy, known.reason) == (healthy, reason):
            return
        lasted = 0.0 if known is None else known.lasted(now)
        found = Difference(check.check_id, healthy, reason, check.state.detail, traffic, now, lasted)
        self.differences[check.check_id] = found
        self._tell(found)

    def _settle(self, check_id: str, now: float, traffic: bool | None) -> None:
        known = self.differences.get(check_id)
        if known is None or not known.now:
            return
        known.seconds = known.lasted(now)
        known.now = False
        if traffic is not None:
            known.traffic = traffic
            self._tell(known)


def raw_verdict(check: Check) -> tuple[bool | None, str]:
    """Return what a raw check says and its reason; None, and why, where there is no raw verdict."""
    state = check.state
    if state.observed is not None and state.observed.startswith(Reason.CANNOT_JUDGE):
        return None, HELD
    if state.observed is not None:
        return state.observed == Reason.OK, state.observed
    if state.healthy is None:
        return None, NO_VERDICT
    if state.held is not None:
        return None, HELD
    if state.path != RAW:
        return None, NOT_RAW
    return state.healthy, state.reason


def marks(service: str) -> tuple[int, ...]:
    """Return the firewall mark that a service is named for, by which alone the table knows it."""
    found = _OF_A_MARK.fullmatch(service)
    return (int(found[1]),) if found is not None else ()
