# SPDX-License-Identifier: GPL-2.0-or-later
"""One check, and one broken file, as `status` and `run` are told of it: a line of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from lvs_rawcheck import clock
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.director.control_socket import LINE_OCTETS_MOST
from lvs_rawcheck.errors import ConfigError

_TEXT_CHARACTERS = (300, 80)  # of sentences; the second where the first makes the line too long


def check_line(state: CheckState, mode: str, now: float) -> bytes:
    """Return the line, its end included, at most LINE_OCTETS_MOST octets.

    now: monotonic seconds. healthy: null while unknown. since: seconds since 1970 UTC by what the wall clock says now,
    null before the first result; for_seconds: how long ago. next_run: seconds from now, null while it runs. reason,
    detail: of the last result, which may speak against `healthy`; told_reason: that which belongs to it.
    """
    return _short_line(lambda characters: _values(state, mode, now, characters))


def fault_line(fault: ConfigError) -> bytes:
    """Return what is wrong with a service file, as a line of the same kind."""
    return _short_line(lambda most: {"fault": {"file": fault.path[:most], "error": fault.sentence[:most]}})


def _short_line(values: Callable[[int], dict[str, object]]) -> bytes:
    """Return a line of at most LINE_OCTETS_MOST octets. values: with no more characters in each text than this."""
    line = b""
    for characters in _TEXT_CHARACTERS:
        line = json.dumps(values(characters)).encode() + b"\n"
        if len(line) <= LINE_OCTETS_MOST:
            break
    return line


def _values(state: CheckState, mode: str, now: float, characters: int) -> dict[str, object]:
    return {
        "id": state.check_id,
        "service": state.service,
        "real_server": state.real_server,
        "healthy": state.healthy,
        "reason": state.reason,
        "detail": state.detail[:characters],
        "told_reason": state.told_reason,
        "since": None if state.since is None else round(clock.wall_of(state.since), 3),
        "for_seconds": None if state.since is None else round(max(now - state.since, 0.0), 3),
        "latency_ms": round(state.latency_ms, 3) if state.runs else None,
        "next_run": None if state.due is None else round(max(state.due - now, 0.0), 3),
        "held": state.held is not None,
        "why_held": None if state.held is None else state.held[:characters],
        "path": state.path,
        "role": state.role,
        "degraded": state.degraded,
        "mode": mode,
        "observed": state.observed,
        "runs": state.runs,
    }
