# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon knows of a check, put together by hand."""

from __future__ import annotations

from lvs_rawcheck.daemon.health import UP
from lvs_rawcheck.daemon.state import CheckState

SERVICE, REAL = "web", "10.0.0.42"
CHECK = f"{SERVICE}/{REAL}"


def known(
    state: str = UP,
    reason: str = "ok",
    role: str | None = None,
    role_file: str | None = None,
    interval: float = 1.0,
    check: str = CHECK,
) -> CheckState:
    """Return the state of a check that was judged at 1.0, by the raw path."""
    service, real_server = check.split("/")
    found = CheckState(service, real_server, interval, role_file)
    found.state, found.reason, found.role, found.path, found.judged_at = state, reason, role, "raw", 1.0
    return found
