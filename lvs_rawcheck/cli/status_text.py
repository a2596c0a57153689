# SPDX-License-Identifier: GPL-2.0-or-later
"""What `status` shows: a table, counts, whose raw checks do not decide, and what is wrong with service files."""

from __future__ import annotations

import json
from dataclasses import dataclass

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.cli.output import one_sentence
from lvs_rawcheck.director.mode import ENFORCE, read_override

_NONE = "-"
_HEAD = ("service", "real server", "verdict", "reason", "since", "latency", "next run", "held")
_SMALLER = {"d": ("h", 3600), "h": ("m", 60), "m": ("s", 1)}
_UNITS = {"d": 86400, "h": 3600, "m": 60}

Check = dict[str, object]
"""One check as the daemon tells it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the daemon told. faults: `file` and `error` of each service file; of_daemon: its `pid` and `for_seconds`."""

    checks: list[Check]
    faults: list[dict[str, object]]
    of_daemon: dict[str, object]


def status_text(told: Told, state_dir: str, as_json: bool) -> str:
    """Return it all, as one JSON object or for people; LinkError: the library for tables is not installed."""
    checks = told.checks
    if as_json:
        daemon = {key: told.of_daemon.get(key) for key in ("pid", "for_seconds")}
        return json.dumps({"checks": checks, "faults": told.faults, "daemon": daemon})
    import_site_packages()
    from lvs_rawcheck.cli.table import table_text

    table = table_text(_HEAD, [_row(check) for check in checks]) if checks else "no checks: the registry is empty"
    return "\n".join([table, "", _summary(told), *_modes(checks, state_dir), *map(_fault, told.faults)])


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


def _summary(told: Told) -> str:
    checks = told.checks
    up = sum(check.get("healthy") is True for check in checks)
    unknown = sum(check.get("healthy") is None for check in checks)
    held = sum(bool(check.get("held")) for check in checks)
    counts = f"{len(checks)} checks: {up} up, {len(checks) - up - unknown} down, {unknown} unknown; {held} held"
    faults = f"; {len(told.faults)} service files cannot be used" if told.faults else ""
    return f"{counts}{faults}; daemon {told.of_daemon.get('pid')} since {duration(told.of_daemon.get('for_seconds'))}"


def _fault(fault: dict[str, object]) -> str:
    return one_sentence(f"{fault.get('file')}: {fault.get('error')}")


def _modes(checks: list[Check], state_dir: str) -> list[str]:
    """Return a line for each service, or each check, whose raw checks do not decide now, and why."""
    services: dict[str, list[Check]] = {}
    for check in checks:
        services.setdefault(str(check.get("service")), []).append(check)
    lines = []
    for service, of_service in services.items():
        override, _ = read_override(state_dir, service)
        modes = {str(check.get("mode")) for check in of_service}
        if override is not None:
            lines.append(f"{service}: mode {override.mode}, set by hand")
        elif len(modes) == 1:
            lines += [f"{service}: mode {mode}, by its service file" for mode in modes - {ENFORCE}]
        else:
            others = [check for check in of_service if check.get("mode") != ENFORCE]
            lines += [f"{check.get('id')}: mode {check.get('mode')}, by its service file" for check in others]
    observed = [check for check in checks if check.get("observed") is not None]
    lines += [f"{check.get('id')}: only observed: {check.get('observed')}" for check in observed]
    return [one_sentence(line) for line in lines]
