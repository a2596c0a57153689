# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that are out of the table now, and the plan that keeps them out until the new check has passed.

keepalived takes a checker that it does not know for passed: a reload puts a server back into the table that the old
check had taken out, until the new one fails (migrate_checkers and ipwrapper.c). `alpha` in that one stanza prevents it.
It is for the first load alone: a restart would begin with an empty table. So it goes once the check has run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.generate.in_table import in_table, marks_of
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.planner import Version, plan_keepalived
from lvs_rawcheck.generate.marker import find_marked
from lvs_rawcheck.generate.options import Marked, PlanOptions
from lvs_rawcheck.registry.names import check_id
from lvs_rawcheck.wire.address import parse_address


def plan_for_now(
    path: str,
    options: PlanOptions,
    config_id: str | None,
    version: Version,
    import_libraries: Callable[[], None],
    table: IpvsTable | None,
) -> KeepalivedPlan:
    """Return the plan (see `plan_keepalived`), servers that the table lacks being held out. table: None: unknown."""
    plan = plan_keepalived(path, options, config_id, version, import_libraries)
    if table is None:
        return plan
    held_out = _out_of_table(plan, options.fwmarks, table) - _loaded(plan, options.state)
    if not held_out:
        return plan
    options = replace(options, held_out=frozenset(held_out))
    return plan_keepalived(path, options, config_id, version, import_libraries)


def _out_of_table(plan: KeepalivedPlan, fwmarks: Mapping[int, Marked], table: IpvsTable) -> set[str]:
    found = set()
    for service in plan.services.values():
        marks = marks_of(service.endpoints, fwmarks)
        for server in service.servers:
            address = parse_address(server.address)
            if in_table(service.protocol, service.endpoints, marks, address, table) is False:
                found.add(check_id(service.name, address))
    return found


def _loaded(plan: KeepalivedPlan, state: str) -> set[str]:
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
