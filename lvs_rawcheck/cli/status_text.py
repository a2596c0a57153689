# SPDX-License-Identifier: GPL-2.0-or-later
"""What `status` shows: a table, counts, and whose raw checks do not decide."""

from __future__ import annotations

import json

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.output import one_sentence
from lvs_rawcheck.director.mode import read_override

_NONE = "-"
_HEAD = ("service", "real server", "verdict", "reason", "since", "latency", "next run", "held")
_SMALLER = {"d": ("h", 3600), "h": ("m", 60), "m": ("s", 1)}
_UNITS = {"d": 86400, "h": 3600, "m": 60}

Check = dict[str, object]
"""One check as the daemon tells it."""


def status_text(checks: list[Check], state_dir: str, as_json: bool) -> str:
    """Return it all, as one JSON object or for people; LinkError: the library for tables is not installed."""
    if as_json:
        return json.dumps({"checks": checks})
    import_site_packages()
    from lvs_rawcheck.cli.table import table_text

    table = table_text(_HEAD, [_row(check) for check in checks]) if checks else "no checks: the registry is empty"
    return "\n".join([table, "", _summary(checks), *_modes(checks, state_dir)])


def _row(check: Check) -> tuple[str, ...]:
    healthy, latency = check.get("healthy"), check.get("latency_ms")
    return (
        str(check.get("service")),
        str(check.get("real_server")),
        "unknown" if healthy is None else "up" if healthy else "DOWN",
        f"{check.get('reason') or _NONE}{' (by the standard check)' if check.get('degraded') else ''}",
        duration(check.get("for_seconds")),
        f"{latency:.1f} ms" if isinstance(latency, int | float) else _NONE,
        _next_run(check.get("next_run")),
        one_sentence(f"HELD: {check.get('why_held')}") if check.get("held") else _NONE,
    )


def duration(seconds: object) -> str:
    """Return how long ago: `42s`, `3m12s`, `2h05m`, `4d03h`."""
    if not isinstance(seconds, int | float):
        return _NONE
    for unit, size in _UNITS.items():
        if seconds >= size:
            smaller, smaller_size = _SMALLER[unit]
            return f"{int(seconds // size)}{unit}{int(seconds % size // smaller_size):02}{smaller}"
    return f"{int(seconds)}s"


def _next_run(seconds: object) -> str:
    return f"{seconds:.1f} s" if isinstance(seconds, int | float) else "now"


def _summary(checks: list[Check]) -> str:
    up = sum(check.get("healthy") is True for check in checks)
    unknown = sum(check.get("healthy") is None for check in checks)
    held = sum(bool(check.get("held")) for check in checks)
    return f"{len(checks)} checks: {up} up, {len(checks) - up - unknown} down, {unknown} unknown; {held} held"


def _modes(checks: list[Check], state_dir: str) -> list[str]:
    """Return a line for each service whose raw checks do not decide now."""
    lines = []
    for service in dict.fromkeys(str(check.get("service")) for check in checks):
        override, _ = read_override(state_dir, service)
        if override is not None:
            lines.append(f"{service}: mode {override.mode}, set by hand")
    observed = [check for check in checks if check.get("observed") is not None]
    lines += [f"{check.get('id')}: only observed: {check.get('observed')}" for check in observed]
    return [one_sentence(line) for line in lines]
