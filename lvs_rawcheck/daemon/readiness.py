# SPDX-License-Identifier: GPL-2.0-or-later
"""When the daemon has started: each check was run once, and who waits for it finds verdicts; or it took too long."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lvs_rawcheck.daemon.check import Check

SECONDS_MOST = 20.0
"""Well below the 90 s after which systemd gives a service up (TimeoutStartSec)."""
_LOOK_SECONDS = 0.1


class Readiness:
    """Says it, once; a part of the loop. checks: as they are at any time."""

    def __init__(self, checks: Mapping[str, Check], ready: Callable[[], None], now: float) -> None:
        self._checks = checks
        self._ready = ready
        self._until = now + SECONDS_MOST
        self._look_at: float | None = now

    def next_timer(self) -> float | None:
        """Return when to look again."""
        return self._look_at

    def holds(self, descriptor: int) -> bool:
        """Return False: nothing is heard."""
        return False

    def work(self, descriptor: int | None, now: float) -> None:
        """Look whether it is time."""
        if self._look_at is None or now < self._look_at:
            return
        if now < self._until and not all(check.state.runs for check in self._checks.values()):
            self._look_at = now + _LOOK_SECONDS
            return
        self._look_at = None
        self._ready()
