# SPDX-License-Identifier: GPL-2.0-or-later
"""One check of the registry as the daemon keeps it: what it is asked, how it stands, what is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvs_rawcheck.checks.request import ROLE_AUTO, Request
from lvs_rawcheck.daemon.health import UP, Health
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.registry.service import RealServer, Service
from lvs_rawcheck.wire.address import format_address

if TYPE_CHECKING:
    from lvs_rawcheck.daemon.probe import Probe
    from lvs_rawcheck.daemon.standard_probe import StandardProbe


class Check:
    """One. request: made once, run many times."""

    __slots__ = (
        "generation",
        "health",
        "lost_before",
        "outdated",
        "probe",
        "request",
        "role",
        "running",
        "server",
        "service",
        "standard",
        "started_at",
        "state",
        "was_up",
    )

    def __init__(self, service: Service, server: RealServer, request: Request) -> None:
        settings = server.settings
        self.service = service
        self.server = server
        self.request = request
        self.state = CheckState(service.name, format_address(server.address), settings.interval, settings.role_file)
        self.health = Health(settings.rise, settings.fall)
        self.probe: Probe | None = None
        """Its raw check; None until it has run by this path."""
        self.standard: StandardProbe | None = None
        """Its standard check; None until it has run by that path."""
        self.generation = -1
        """Of the host's paths, when `probe` was made: a later one may be another way."""
        self.running = False
        self.outdated = False
        """Whether its role or mode has changed since its run began: what that finds counts no more."""
        self.started_at = 0.0
        self.lost_before = 0.0
        """What `Lateness.lost` was then."""
        self.role: str | None = None
        """By which it was run last."""
        self.was_up = False
        """Whether the daemon before this one told that it is up, and nothing has been told since."""

    def take_over(self, known: Check) -> None:
        """Go on from what was known of the check that this one replaces: its file has changed, its server has not."""
        for name in (
            "state",
            "reason",
            "last_failure",
            "detail",
            "since",
            "judged_at",
            "latency_ms",
            "path",
            "role",
        ):
            setattr(self.state, name, getattr(known.state, name))
        self.health.resume(known.health.state)
        self.role = known.role

    def resume(self, state: str, role: str | None) -> None:
        """Go on from what a daemon before this one knew: so it takes as many failures in a row as ever to go down.

        Others are told nothing by it before the first result; a role that is another one by then begins anew.
        """
        self.health.resume(state)
        self.role = role
        self.was_up = state == UP

    def let_go(self) -> None:
        """Forget what runs it, and knows it in turn: it has left the registry, and nothing keeps it in memory."""
        self.probe = None
        self.standard = None

    @property
    def check_id(self) -> str:
        """Return its ID."""
        return self.state.check_id

    @property
    def watches_addresses(self) -> bool:
        """Return whether its role is that of its VIPs."""
        return self.request.role_file == ROLE_AUTO
