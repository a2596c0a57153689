# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that are out of the table now, and the plan that keeps them out until the new check has passed.

keepalived takes a checker that it does not know for passed: a reload puts a server back into the table that the old
check had taken out, until the new one fails (migrate_checkers and ipwrapper.c). `alpha` in that one stanza prevents it.
It is for the first load alone: a restart would begin with an empty table. So it goes once the check has run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.generate.keepalived import Version, plan_keepalived
from lvs_rawcheck.generate.marker import find_marked
from lvs_rawcheck.generate.options import Marked, PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.registry.names import check_id
from lvs_rawcheck.wire.address import parse_address


def plan_for_now(
    path: str,
    options: PlanOptions,
    config_id: str | None,
    version: Version,
    import_libraries: Callable[[], None],
    table: IpvsTable | None,
) -> Plan:
    """Return the plan (see `plan_keepalived`), servers that the table lacks being held out. table: None: unknown."""
    plan = plan_keepalived(path, options, config_id, version, import_libraries)
    if table is None:
        return plan
    held_out = _out_of_table(plan, options.fwmarks, table) - _loaded(plan, options.state)
    if not held_out:
        return plan
    options = replace(options, held_out=frozenset(held_out))
    return plan_keepalived(path, options, config_id, version, import_libraries)


def _out_of_table(plan: Plan, fwmarks: Mapping[int, Marked], table: IpvsTable) -> set[str]:
    found = set()
    for service in plan.services.values():
        marks = marks_of(service.endpoints, fwmarks)
        for server in service.servers:
            address = parse_address(server.address)
            if in_table(service.protocol, service.endpoints, marks, address, table) is False:
                found.add(check_id(service.name, address))
    return found


def _loaded(plan: Plan, state: str) -> set[str]:
    """Return the IDs of the stanzas that are there already, and were run since: a check leaves its last verdict.

    One from before the file was written may be of a stanza that was there once, and was taken out in between.
    """
    loaded = set()
    for path, octets in plan.octets.items():
        written = os.stat(path).st_ctime_ns  # not when it was last edited: a copy may keep that time
        there = (marked.check_id for marked in find_marked(octets))
        loaded |= {check_id for check_id in there if _changed_ns(f"{state}/last/{check_id}") > written}
    return loaded


def _changed_ns(path: str) -> int:
    """Return when a file was last changed, 0 where there is none."""
    try:
        return os.stat(path).st_ctime_ns
    except OSError:
        return 0


def in_table(
    protocol: str, endpoints: Iterable[Endpoint], marks: Iterable[int], address: bytes, table: IpvsTable
) -> bool | None:
    """Return whether a server gets traffic of its virtual server now; None: that is not in the table.

    Of a group's several, whether it gets any. A server that is there with weight 0 gets none: so keepalived leaves one
    that failed, by inhibit_on_failure.
    """
    services = [table.fwmarks[mark] for mark in marks if mark in table.fwmarks]
    for endpoint in endpoints:
        for port in (endpoint.port, 0):
            service = table.services.get((protocol, endpoint.vip, port))
            if service is not None:
                services.append(service)
    if not services:
        return None
    return any(
        destination.weight > 0
        for service in services
        for (real_ip, _), destination in service.items()
        if real_ip == address
    )


def marks_of(endpoints: Collection[Endpoint], fwmarks: Mapping[int, Marked]) -> tuple[int, ...]:
    """Return the firewall marks that stand for one of these endpoints."""
    wanted = {(endpoint.vip, endpoint.port) for endpoint in endpoints}
    return tuple(
        mark
        for mark, meant in fwmarks.items()
        if any((endpoint.vip, endpoint.port) in wanted for endpoint in meant.endpoints)
    )
