# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether live checks really run: not suspended for ever, not late, and not ended before their own deadline.

Reading list: keepalived's check_api.c, addr_matches() and the netlink events behind it: `ha_suspend` disables checkers
while the VIP is no address of this host; of a group it never enables them again (2.2.2 and later). check_misc.c: the
next run is counted from the last one's start; `misc_timeout` is by default the virtual server's delay_loop, and 0 in
the dump.
Times of the dump are on keepalived's own clock, which does not follow when the host's is set: so a check is late
beside the others, and whether all of them are is seen by looking twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lvs_rawcheck.diagnose.verify.finding import Finding
from lvs_rawcheck.diagnose.verify.planned import PlannedCheck
from lvs_rawcheck.director.keepalived_dump import MISC_CHECK, Dump, LiveChecker
from lvs_rawcheck.director.role import MASTER

_SLACK_SECONDS = 10.0
_KILL_SECONDS = 2.0  # from SIGTERM to SIGKILL, check_misc.c


def suspended_groups(dump: Dump) -> Iterator[Finding]:
    """Yield the virtual servers whose checks keepalived never runs."""
    for virtual in dump.virtual_servers:
        if virtual.ha_suspend and virtual.group is not None:
            what = "ha_suspend with a virtual_server_group: keepalived 2.2.2 and later never run its checks"
            yield Finding("ha-suspend", virtual.key, what, "take ha_suspend away, and reload keepalived")


def suspended(check: PlannedCheck, live: LiveChecker, roles: Mapping[bytes, str | None]) -> Iterator[Finding]:
    """Yield a check that is suspended although its VIP is here. roles: by VIP."""
    vip = check.virtual_address
    if not live.enabled and vip is not None and roles.get(vip) == MASTER:
        what = "suspended by ha_suspend, although this host holds the VIP"
        yield Finding("suspended", check.label, what, "reload keepalived; its log should say why", passing=True)


def timeouts(check: PlannedCheck, live: LiveChecker, deadline: float) -> Iterator[Finding]:
    """Yield a check that keepalived ends before its own deadline. deadline: of one check, seconds."""
    limit = live.timeout or check.virtual.delay_loop
    if limit <= deadline:
        what = (
            f"keepalived ends it after {limit:g} s (misc_timeout), its own deadline is {deadline:g} s ({check.place})"
        )
        yield Finding("misc-timeout", check.label, what, f"write misc_timeout {int(deadline) + 1} or more")


def late(planned: Mapping[str, LiveChecker], dump: Dump) -> Iterator[Finding]:
    """Yield the checks that have not run for too long beside the newest run of all. planned: live ones by label."""
    newest = newest_run(dump.checkers)
    for label, live in planned.items():
        if newest is None or not live.enabled or live.last_ran is None:
            continue
        if (age := newest - live.last_ran) > _patience(live):
            what = f"it has not run for {age:.0f} s, its delay_loop is {live.delay_loop:g} s"
            yield Finding("late", label, what, "reload keepalived: a check whose fork failed is never run again")


def newest_run(checkers: Iterable[LiveChecker]) -> float | None:
    """Return when the last one of all scripts was started, on keepalived's clock."""
    return max((each.last_ran for each in checkers if each.last_ran is not None), default=None)


def standstill(first: Dump, second: Dump, told_at: float) -> Iterator[Finding]:
    """Yield a finding if no script at all was started between two looks, and none was due long ago.

    told_at: the time of day of the second look, seconds since 1970.
    """
    scripts = [each for each in second.checkers if each.kind == MISC_CHECK and each.enabled]
    newest = newest_run(scripts)
    if newest is None or newest != newest_run(first.checkers):
        return
    if told_at - newest > max(map(_patience, scripts)):
        what = f"none of its {len(scripts)} scripts has been started for {told_at - newest:.0f} s"
        fix = "restart keepalived (or the clock was set forward, and the next run is due: look again then)"
        yield Finding("standstill", "keepalived", what, fix)


def shortest_wait(live: Iterable[LiveChecker]) -> float:
    """Return the seconds after which at least one of them has been started again, 0.0 for none."""
    return min((each.delay_loop + (each.timeout or each.delay_loop) for each in live if each.enabled), default=0.0)


def _patience(live: LiveChecker) -> float:
    return 2 * live.delay_loop + (live.timeout or live.delay_loop) + _KILL_SECONDS + _SLACK_SECONDS
