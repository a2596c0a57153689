# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon knows of one check: what its files, `status` and the metrics are made of."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.daemon.health import UNKNOWN, UP


class CheckState:
    """One check. Times are monotonic seconds but where they say otherwise."""

    __slots__ = (
        "_reason",
        "check_id",
        "degraded",
        "detail",
        "due",
        "held",
        "interval",
        "judged_at",
        "last_failure",
        "latency_ms",
        "observed",
        "path",
        "phases_ms",
        "real_server",
        "role",
        "role_file",
        "runs",
        "service",
        "since",
        "state",
    )

    def __init__(self, service: str, real_server: str, interval: float, role_file: str | None) -> None:
        self.check_id = f"{service}/{real_server}"
        self.service = service
        self.real_server = real_server
        """Its canonical address."""
        self.interval = interval
        self.role_file = role_file
        """A path, `auto`, or None."""
        self.state = UNKNOWN
        """UNKNOWN, UP or DOWN, of health.py: what is told to others."""
        self._reason = ""
        self.detail = ""
        """Of the last result, as `reason`."""
        self.last_failure = ""
        """The reason of the last result that was none of health."""
        self.since: float | None = None
        """When `state` came to be."""
        self.judged_at: float | None = None
        """When the last result came that could judge; None before the first."""
        self.latency_ms = 0.0
        """Of the last run."""
        self.phases_ms: dict[str, float] = {}
        self.path: str | None = None
        """`raw` or `standard`, of the last result."""
        self.role: str | None = None
        """`master`, `backup` or None, of the last result."""
        self.degraded = False
        """Whether the standard check answered because the raw one could not judge."""
        self.held: str | None = None
        """Why `state` is kept against, or without, what the last run found; a sentence; None: it is not."""
        self.observed: str | None = None
        """What the raw check found while it only observes, a reason; None: it does not only observe."""
        self.due: float | None = None
        """When it runs next, None while it runs."""
        self.runs = 0

    @property
    def healthy(self) -> bool | None:
        """Return what others are told, None while nothing is known."""
        return None if self.state == UNKNOWN else self.state == UP

    @property
    def reason(self) -> str:
        """Return that of the last result, "" before the first."""
        return self._reason

    @reason.setter
    def reason(self, reason: str) -> None:
        self._reason = reason
        if reason not in ("", Reason.OK):
            self.last_failure = reason

    @property
    def told_reason(self) -> str:
        """Return the reason that others are told with `state`: `ok` where it is up, else that of the last failure.

        A server that is down by failures whose reasons are forgotten, those of the daemon before this one, is so by
        nothing that could be judged now. "" while nothing is told.
        """
        if self.state == UP:
            return Reason.OK
        return "" if self.state == UNKNOWN else self.last_failure or Reason.CANNOT_JUDGE
