# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan for programs."""

from __future__ import annotations

from lvs_rawcheck.generate.plan import Plan, ServerPlan, Skip


def to_json(plan: Plan) -> dict[str, object]:
    """Return what `--json` prints. What stands in another file than the main one says so with `file`."""
    return {
        "file": plan.file,
        "changes": [_change(plan, server) for server in plan.changes],
        "skipped": [_skip(plan, skip) for skip in plan.skipped],
        "warnings": all_warnings(plan),
    }


def all_warnings(plan: Plan) -> list[str]:
    """Return the warnings, those about single real servers included."""
    notes = (f"{name_of(server)}: {note}" for server in plan.servers for note in server.notes)
    return list(dict.fromkeys((*plan.warnings, *notes)))


def name_of(part: ServerPlan | Skip) -> str:
    """Return what a real server is called in messages."""
    return f"virtual_server {part.virtual_server}, real_server {part.real_server}"


def _change(plan: Plan, server: ServerPlan) -> dict[str, object]:
    return {
        "virtual_server": server.virtual_server,
        "real_server": server.real_server,
        "line": server.line,
        **_other_file(plan, server.path),
        "before": server.before,
        "after": server.after,
    }


def _skip(plan: Plan, skip: Skip) -> dict[str, object]:
    return {
        "virtual_server": skip.virtual_server,
        "real_server": skip.real_server,
        "line": skip.line,
        **_other_file(plan, skip.path),
        "reason": skip.reason,
    }


def _other_file(plan: Plan, path: str) -> dict[str, object]:
    return {} if path == plan.file else {"file": path}
