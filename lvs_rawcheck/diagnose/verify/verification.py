# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole comparison: what is planned, what keepalived and the kernel say, and what differs.

    verification = verify(configuration, registered, look)

`look` is asked once, and once more where something may have been passing or all scripts stand still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.diagnose.verify.finding import Finding
from lvs_rawcheck.diagnose.verify.forwarding import table_findings
from lvs_rawcheck.diagnose.verify.live import Matched, match
from lvs_rawcheck.diagnose.verify.pace import late, newest_run, shortest_wait, standstill, suspended, suspended_groups
from lvs_rawcheck.diagnose.verify.planned import PlannedCheck, planned_checks
from lvs_rawcheck.diagnose.verify.registered import Registered
from lvs_rawcheck.diagnose.verify.roles import role_findings
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.director.keepalived_dump import MISC_CHECK, Dump

SECOND_LOOK_SECONDS = 3.0
SECOND_LOOK_SECONDS_MOST = 15.0


@dataclass(frozen=True, slots=True)
class Sight:
    """One look. told_at: the time of day of the dump, seconds since 1970. roles: by VIP, of this host."""

    dump: Dump
    told_at: float
    table: IpvsTable
    roles: dict[bytes, str | None]


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it. planned, live: how many checks of ours there are, and how many keepalived runs."""

    planned: int
    live: int
    findings: list[Finding]


Look = Callable[[set[bytes]], Sight]
"""Called with the VIPs whose role is wanted."""


def verify(
    configuration: Configuration, registered: Registered, look: Look, wait: Callable[[float], None]
) -> Verification:
    """Return what differs; LinkError from `look`. wait: let so many seconds pass."""
    planned, wrong_as_it_stands = planned_checks(configuration)
    comparison = _Comparison(configuration, planned, registered)
    first = look(comparison.vips)
    findings, matched = comparison.findings(first)
    if any(finding.passing for finding in findings) or _stands_still(first):
        wait(_pause(first))
        second = look(comparison.vips)
        before = {finding.news for finding in findings}
        findings, matched = comparison.findings(second)
        findings = [finding for finding in findings if not finding.passing or finding.news in before]
        findings += standstill(first.dump, second.dump, second.told_at)
    findings = list(dict.fromkeys([*wrong_as_it_stands, *findings]))
    if not planned and not findings:
        findings = [_nothing_planned(configuration)]
    return Verification(len(planned), len(matched.live), findings)


class _Comparison:
    """What is planned, ready to be compared with what is seen."""

    def __init__(self, configuration: Configuration, planned: list[PlannedCheck], registered: Registered) -> None:
        self._settings = configuration.site.settings
        self._planned = planned
        self._registered = registered
        self._vips_of_role_file = _vips_of_role_files(planned, registered)
        self.vips = set().union(*self._vips_of_role_file.values()) | {
            check.virtual_address for check in planned if check.virtual_address is not None
        }

    def findings(self, sight: Sight) -> tuple[list[Finding], Matched]:
        matched = match(self._planned, sight.dump, self._settings)
        found = [*matched.findings, *suspended_groups(sight.dump)]
        for number, check in enumerate(self._planned):
            live = matched.live.get(number)
            found += self._registered.findings(check, live)
            if live is not None:
                found += suspended(check, live, sight.roles)
        by_label = {self._planned[number].label: live for number, live in matched.live.items()}
        found += late(by_label, sight.dump)
        found += role_findings(self._vips_of_role_file, sight.roles)
        found += self._table(sight)
        return found, matched

    def _table(self, sight: Sight) -> Iterator[Finding]:
        if sight.dump.ipvs_namespace is not None:
            what = f"its IPVS table is in the network namespace {sight.dump.ipvs_namespace}, and was not compared"
            yield Finding("not-compared", "keepalived", what, "run verify there, too")
            return
        yield from table_findings(sight.dump, sight.table, {check.virtual_key for check in self._planned})


def _vips_of_role_files(planned: list[PlannedCheck], registered: Registered) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = {}
    for check in planned:
        entry = registered.find(check)
        if entry is not None:
            service, server = entry
            role_file, vips = server.settings.role_file, {endpoint.vip for endpoint in service.endpoints}
        else:
            role_file, vips = check.role_file, check.vips
        if role_file is not None and role_file != ROLE_AUTO:
            found.setdefault(role_file, set()).update(vips)
    return found


def _stands_still(sight: Sight) -> bool:
    """Return whether all scripts may stand still: the newest run is older than the shortest interval."""
    scripts = [each for each in sight.dump.checkers if each.kind == MISC_CHECK]
    newest = newest_run(scripts)
    return newest is not None and abs(sight.told_at - newest) > shortest_wait(scripts) + 1.0


def _pause(sight: Sight) -> float:
    scripts = [each for each in sight.dump.checkers if each.kind == MISC_CHECK]
    wanted = shortest_wait(scripts) + 1.0 if _stands_still(sight) else SECOND_LOOK_SECONDS
    return min(wanted, SECOND_LOOK_SECONDS_MOST)


def _nothing_planned(configuration: Configuration) -> Finding:
    what = "it has no check of ours, so nothing was verified"
    return Finding("nothing-planned", configuration.main.path, what, "lvs-rawcheck generate keepalived would plan them")
