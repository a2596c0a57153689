# SPDX-License-Identifier: GPL-2.0-or-later
"""ldirectord's rounds: how many checks one has, how long it may take, and which servers share one check.

Without fork all checks run one after the other, then it sleeps for checkinterval (_ld_main_check_all, ld_main); and a
check whose id is another one's is not run again (get_real_id_str): its result goes for all virtuals of that id. A
program of each virtual's own makes the ids distinct.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lvs_rawcheck.config.ldirectord.model import COMBINED, EXTERNAL, EXTERNAL_PERL, NEGOTIATE, Real, Site, Virtual
from lvs_rawcheck.generate.costs import processor_seconds
from lvs_rawcheck.generate.ldirectord.translate import pace_before, timeout_in_force
from lvs_rawcheck.generate.ldirectord.virtual import Converted
from lvs_rawcheck.generate.pace import seconds

_Id = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One round. checks: how many; worst: seconds, if every one of them fails at its deadline, the sleep included."""

    checks: int
    worst: float


def _check_of(virtual: Virtual) -> str:
    if virtual.checktype in (NEGOTIATE, COMBINED):
        return f"{virtual.checktype}:{virtual.service}"
    if virtual.checktype in (EXTERNAL, EXTERNAL_PERL):
        return f"{virtual.checktype}:{virtual.checkcommand}"
    return virtual.checktype


def _real_id(check: str, virtual: Virtual, real: Real) -> _Id:
    return (
        *(check, virtual.protocol, real.address or real.host, real.port, virtual.virtualhost, virtual.checkport),
        *(real.weight, real.method, real.request if real.request is not None else virtual.request),
        real.receive if real.receive is not None else virtual.receive,
    )


def rounds(site: Site, converted: Mapping[int, Converted]) -> tuple[Round, Round]:
    """Return a round before and after. converted: by the virtual's number."""
    before: dict[_Id, float] = {}
    after: dict[_Id, float] = {}
    for number, virtual in enumerate(site.virtuals):
        was = _worst_before(virtual)
        ours = converted.get(number)
        check = _check_of(virtual)
        check_now = check if ours is None else f"{EXTERNAL}:{ours.external.command}"
        will_be = was if ours is None else ours.servers[0].checks[0].times.after.timeout
        for real in virtual.reals:
            before.setdefault(_real_id(check, virtual, real), was)
            after.setdefault(_real_id(check_now, virtual, real), will_be)
    sleep = site.settings.checkinterval
    return _round(before, sleep), _round(after, sleep)


def _worst_before(virtual: Virtual) -> float:
    if virtual.checktype in (EXTERNAL, EXTERNAL_PERL):
        return virtual.checktimeout
    return timeout_in_force(virtual) if pace_before(virtual) is not None else 0.0


def _round(worst: Mapping[_Id, float], sleep: int) -> Round:
    return Round(len(worst), sum(worst.values()) + sleep)


def shared(site: Site, converted: Mapping[int, Converted]) -> Iterator[str]:
    """Yield a sentence for each group of virtuals that share checks now and will not, some of them being converted."""
    holders: dict[_Id, dict[int, None]] = {}
    for number, virtual in enumerate(site.virtuals):
        for real in virtual.reals:
            holders.setdefault(_real_id(_check_of(virtual), virtual, real), {})[number] = None
    groups: dict[tuple[int, ...], int] = {}
    for numbers in holders.values():
        if len(numbers) > 1 and not converted.keys().isdisjoint(numbers):
            groups[tuple(numbers)] = groups.get(tuple(numbers), 0) + 1
    for group, count in groups.items():
        labels = ", ".join(site.virtuals[number].label for number in group)
        yield (
            f"{labels}: one check of each of {count} real servers decides for all of these virtuals today (and the"
            " others' are not run where ldirectord does not fork); from now on each converted one has its own"
        )


def loop_sentences(site: Site, converted: Mapping[int, Converted]) -> Iterator[str]:
    """Yield what the checks one after the other take, where ldirectord does not fork."""
    if site.settings.fork or not converted:
        return
    before, after = rounds(site, converted)
    interval = site.settings.checkinterval
    yield (
        f"fork=no, one check after the other: {after.checks} checks a round (before: {before.checks}); while none is"
        f" answered, a round takes up to {seconds(after.worst)} s (before: {seconds(before.worst)} s), checkinterval"
        f" {interval} s included"
    )
    idle = sum(
        processor_seconds(check) for each in converted.values() for server in each.servers for check in server.checks
    )
    if idle > interval:
        yield (
            f"fork=no: even while all servers answer, the raw checks take about {idle:.0f} s of a processor's time a"
            f" round, more than checkinterval ({interval} s): a daemon's verdicts take less, and fork=yes runs virtuals"
            " side by side"
        )
