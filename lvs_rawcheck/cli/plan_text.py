# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan for people: a table of what changes, one of what does not and why, and what it costs.

Real servers of one virtual server that fare alike share a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lvs_rawcheck.cli.table import table_text
from lvs_rawcheck.generate.costs import checks_a_second, processors
from lvs_rawcheck.generate.options import SERVICE, TRACK_FILE, PlanOptions
from lvs_rawcheck.generate.pace import seconds
from lvs_rawcheck.generate.plan import Plan, PlannedCheck
from lvs_rawcheck.generate.report import all_warnings

_SERVERS_SHOWN = 4


def plan_lines(plan: Plan, options: PlanOptions, brief: bool) -> Iterator[str]:
    """Yield the lines of a plan. brief: only the sums."""
    if not brief:
        yield from _changes(plan)
        yield from _skipped(plan)
        warnings = all_warnings(plan)
        if warnings:
            yield "Worth a look:"
            yield from (f"  {warning}" for warning in warnings)
            yield ""
    yield from _sums(plan, options)


def _changes(plan: Plan) -> Iterator[str]:
    servers = plan.changes
    if not servers:
        return
    rows: dict[tuple[str, ...], list[str]] = {}
    for server in servers:
        before, after = _without_server(server.before), _without_server(server.after)
        worst_before, worst_after = _worst(server.checks)
        rows.setdefault((server.virtual_server, before, after, worst_before, worst_after), []).append(
            server.real_server
        )
    head = ("virtual server", "real servers", "before", "after", "out within, before", "and after")
    yield table_text(head, [(row[0], _shown(names), *row[1:]) for row, names in rows.items()])
    yield ""
    yield "out within: from a failure to the server's removal, at worst; after a takeover, a server without VIP is out"
    yield "within the same time (before: never)."
    yield plan.rule
    yield ""


def _skipped(plan: Plan) -> Iterator[str]:
    rows: dict[tuple[str, ...], list[str]] = {}
    for skip in plan.skipped:
        rows.setdefault((skip.virtual_server, skip.checker, skip.reason), []).append(skip.real_server)
    if rows:
        head = ("virtual server", "real servers", "checker", "left as it is, since")
        yield table_text(head, [(row[0], _shown(names), *row[1:]) for row, names in rows.items()])
        yield ""


def _sums(plan: Plan, options: PlanOptions) -> Iterator[str]:
    checks = [check for server in plan.servers for check in server.checks]
    new = sum(check.is_new for check in checks)
    yield f"{plan.file}: {len(checks)} raw checks, {new} of them to be put in or changed."
    if plan.instances_wired:
        yield f"role files kept by these VRRP instances' notify lines: {_shown(plan.instances_wired)}."
    if checks and options.style == TRACK_FILE:
        yield f"{checks_a_second(checks):.1f} checks a second, by the daemon: no process is started for them."
    elif checks:
        how = "verdict, a process each time" if options.style == SERVICE else "a process each time"
        yield (
            f"{checks_a_second(checks):.1f} checks a second ({how}): about {processors(checks, options.style):.1f}"
            " processors, more while servers fail."
        )


def _worst(checks: Iterable[PlannedCheck]) -> tuple[str, str]:
    """Return the worst detection times of a server's checks, before and after."""
    checks = list(checks)
    before = [check.times.before.worst_detection for check in checks if check.times.before is not None]
    after = max(check.times.after.worst_detection for check in checks)
    return (f"{seconds(round(max(before), 1))} s" if before else "never"), f"{seconds(round(after, 1))} s"


def _without_server(words: list[str]) -> str:
    """Return checkers as one text, without the ID, which is each server's own."""
    return ", ".join(word.partition(" (")[0] for word in words) or "nothing"


def _shown(names: list[str]) -> str:
    shown = ", ".join(names[:_SERVERS_SHOWN])
    return shown if len(names) <= _SERVERS_SHOWN else f"{shown} and {len(names) - _SERVERS_SHOWN} more"
