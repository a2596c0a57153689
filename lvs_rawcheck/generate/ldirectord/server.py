# SPDX-License-Identifier: GPL-2.0-or-later
"""The real servers of one virtual: what each is asked, where, and how its service file has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.config.ldirectord.model import GATE, Real, Virtual
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.generate.ldirectord.translate import Translation, translate
from lvs_rawcheck.generate.pace import Setting
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.services import PlannedServer
from lvs_rawcheck.generate.traffic import Traffic

_TRANSPORTS = {"udp": "udp", "dns": "udp", "radius": "udp", "sctp": "sctp", "ping": None}
"""What carries a check that does not say it itself; of all other kinds: tcp."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A real server with what it is asked."""

    real: Real
    translation: Translation


@dataclass(frozen=True, slots=True)
class Prepared:
    """A real server as its service file will have it. notes: what is not quite as it was, a sentence each."""

    real: Real
    server: PlannedServer
    notes: tuple[str, ...]


def real_label(real: Real) -> str:
    """Return how messages name a real server: `192.0.2.11:80`, without a port where there is none."""
    host = real.address if real.address is not None else real.host
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{real.port}" if real.port else shown


def ask(virtual: Virtual, real: Real, forwarded: str) -> Asked:
    """Return what a real server is asked; Refused. forwarded: the protocol of the virtual's traffic."""
    if real.method != GATE:
        raise Refused(f"{real.method}: the director does not forward by MAC address alone")
    if real.address is None:
        raise Refused(f"{real.host} is a name: what ldirectord finds for it when it starts is not known here")
    return Asked(real, translate(virtual, real, forwarded))


def endpoints_of(traffic: Traffic, asked: Sequence[Asked]) -> tuple[Endpoint, ...]:
    """Return the endpoints that all of them are asked at; Refused where a port has to be found, and they differ."""
    ports = list(dict.fromkeys(each.translation.port or each.real.port for each in asked))
    if traffic.any_port and len(ports) > 1:
        raise Refused(
            f"the virtual forwards any port, and its servers were checked on several: {', '.join(map(str, ports))}"
        )
    return traffic.endpoints(ports[0])


def prepared(
    asked: Sequence[Asked], endpoints: Sequence[Endpoint], settings: tuple[Setting, ...], protocol: str
) -> list[Prepared]:
    """Return the servers, each address once; Refused for two of one address that are not asked the same.

    settings: of each server; protocol: of the traffic.
    """
    found: dict[str, Prepared] = {}
    for each in asked:
        own = _prepared(each, endpoints, settings, protocol)
        known = found.setdefault(own.server.address, own)
        if known.server != own.server:
            raise Refused(
                f"{own.server.address} is there twice, as {real_label(known.real)} and {real_label(own.real)}, and is "
                "not asked the same: its checks have one name"
            )
    return list(found.values())


def _prepared(each: Asked, endpoints: Sequence[Endpoint], settings: tuple[Setting, ...], protocol: str) -> Prepared:
    translation, real = each.translation, each.real
    assert real.address is not None
    elsewhere = bool(translation.port) and any(endpoint.port != translation.port for endpoint in endpoints)
    server = PlannedServer(
        real.address,
        translation.port if elsewhere else None,
        (translation.check,),
        (),
        settings if translation.was_checked else (*settings, ("standby", "raw")),
    )
    return Prepared(real, server, tuple(_notes(translation, endpoints, protocol)))


def _notes(translation: Translation, endpoints: Sequence[Endpoint], protocol: str) -> Iterator[str]:
    yield from translation.notes
    transport, port = _transport(translation.check), translation.port
    if not translation.was_checked or transport is None:
        return
    if transport != protocol:
        yield f"{protocol} is forwarded, and the check speaks {transport}"
    ports = sorted({endpoint.port for endpoint in endpoints})
    if ports != [port]:
        yield f"port {port} was checked, traffic and the raw check go to {', '.join(map(str, ports))}"


def _transport(check: CheckText) -> str | None:
    """Return what carries a check, None for an echo."""
    said = dict(check.values).get("protocol")
    return said if isinstance(said, str) else _TRANSPORTS.get(check.kind, "tcp")
