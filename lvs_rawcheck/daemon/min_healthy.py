# SPDX-License-Identifier: GPL-2.0-or-later
"""`min_healthy`: how many servers of a service stay up, whatever is found. Touches nothing.

A server counts as up while others are told so; after a start of the daemon also one that they were told so of by the
daemon before it, until something is known of it: else a restart would let all go that only this rule has kept.
"""

from __future__ import annotations

from collections import Counter

from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP


class MinHealthy:
    """Who is up, by service. Whoever changes what others are told of a check takes it out before, and in after."""

    def __init__(self) -> None:
        self._up: Counter[str] = Counter()

    def take_in(self, check: Check) -> None:
        """Count a check as it stands now."""
        self._up[check.service.name] += _is_up(check)

    def take_out(self, check: Check) -> None:
        """Count it no more, as it stands now."""
        self._up[check.service.name] -= _is_up(check)

    def forbids(self, check: Check, wanted: str) -> str | None:
        """Return why a check may not be told to be in this state, a sentence; None: it may."""
        service = check.service
        if wanted != DOWN or not _is_up(check) or self._up[service.name] > service.min_healthy:
            return None
        return f"min_healthy: {service.min_healthy} of {service.name} stay up, whatever is found"


def _is_up(check: Check) -> bool:
    state = check.state.state
    return state == UP or (state == UNKNOWN and check.was_up)
