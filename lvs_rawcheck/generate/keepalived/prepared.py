# SPDX-License-Identifier: GPL-2.0-or-later
"""A translated checker with all that a stanza and a service file need to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.config.keepalived.model import RealServer
from lvs_rawcheck.generate.keepalived.timing import StanzaTimes
from lvs_rawcheck.generate.keepalived.translate import Translation
from lvs_rawcheck.generate.pace import Setting, demand_reasonable, pace_settings
from lvs_rawcheck.generate.services import PlannedServer, StandbyText
from lvs_rawcheck.registry.names import check_id
from lvs_rawcheck.wire.address import parse_address

if TYPE_CHECKING:
    from lvs_rawcheck.generate.keepalived.virtual import VirtualServices

_ASK_NO_PORT = ("ping",)
_TRANSPORTS = {"udp": "udp", "dns": "udp"}  # of all other kinds that there are checkers for: tcp


@dataclass(frozen=True, slots=True)
class Prepared:
    """One check. number: from 1, the how manieth of its real server."""

    number: int
    check_id: str
    endpoints: tuple[Endpoint, ...]
    server: PlannedServer
    translation: Translation
    times: StanzaTimes
    protocol: str
    """Of the virtual server: tcp, udp or sctp."""

    def notes(self) -> list[str]:
        """Return what is not quite as it was, a sentence each."""
        notes = list(self.translation.notes)
        checked, kinds = self.translation.port, [check.kind for check in self.server.checks]
        others = sorted({endpoint.port for endpoint in self.endpoints} - {checked})
        if self.times.before is None or kinds[0] in _ASK_NO_PORT:
            return notes
        asked = _TRANSPORTS.get(kinds[0], "tcp")
        if asked != self.protocol:
            notes.append(f"{self.protocol} is forwarded, and the check speaks {asked}")
        if not checked:
            notes.append("it was asked on port 0, where nothing ever answers: real_server has no port")
        elif others:
            ports = ", ".join(map(str, others))
            notes.append(f"port {checked} was checked, traffic and the raw check go to {ports}")
        return notes


def prepare(
    server: RealServer,
    services: VirtualServices,
    number: int,
    translation: Translation,
    times: StanzaTimes,
    never_before: bool,
) -> Prepared:
    """Return a check of a real server; Refused. never_before: the server had no check, so none can stand in for it."""
    demand_reasonable(times.after, "keepalived")
    endpoints = services.endpoints(number, translation.port)
    port = server.port if server.port and any(endpoint.port != server.port for endpoint in endpoints) else None
    standby = tuple(StandbyText(check, translation.way) for check in translation.checks) if translation.way else ()
    planned = PlannedServer(server.address, port, translation.checks, standby, _settings(times, never_before))
    identifier = check_id(services.name(number), parse_address(server.address))
    return Prepared(number, identifier, endpoints, planned, translation, times, services.traffic.protocol)


def _settings(times: StanzaTimes, never_before: bool) -> tuple[Setting, ...]:
    """Return the keys of the times, and of what else is this server's own."""
    settings = pace_settings(times.after)
    return (*settings, ("standby", "raw")) if never_before else settings
