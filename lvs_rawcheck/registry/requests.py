# SPDX-License-Identifier: GPL-2.0-or-later
"""From the registry's values to what the check runtime is asked."""

from __future__ import annotations

from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.checks.request import STANDBY_RAW, Request
from lvs_rawcheck.checks.standard_check import SocketOptions, StandardCheck
from lvs_rawcheck.errors import ConfigValueError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.registry.service import RealServer, Service, StandbySpec

_SETTINGS = (
    "role_file",
    "standby",
    "timeout",
    "interface",
    "source",
    "reply_interface",
    "reply_mac",
    "on_cannot_judge",
    "clean_close",
    "vip_policy",
)


def request_of(service: Service, server: RealServer) -> Request:
    """Return the request of one real server's checks; ConfigValueError: they cannot be meant.

    Its kind is that of the checks, of several kinds all: `http+tcp`.
    """
    kinds = dict.fromkeys(check.kind.name for check in server.checks)
    steps = [check.step() for check in server.checks]
    try:
        request = Request("+".join(kinds), steps, server.address, list(service.endpoints))
    except UsageError as error:
        raise ConfigValueError(service.path, 0, 0, f"{server.place}: {error}") from error
    for name in _SETTINGS:
        setattr(request, name, getattr(server.settings, name))
    request.known_servers = service.addresses
    request.standard_checks = _standard_checks(service, server, steps)
    return request


def _standard_checks(service: Service, server: RealServer, steps: list[Step]) -> list[StandardCheck]:
    """Return what the standard path runs: what the site had, else the same checks to the server's own address.

    A server that had no check before is raw in either role; where the raw check may not or cannot judge, what is left
    is a connection to its own address.
    """
    if server.standby_checks:
        return [_standard_check(spec, server.port) for spec in server.standby_checks]
    if server.settings.standby == STANDBY_RAW and service.protocol == "tcp":
        tcp = load_kind("tcp", _no_libraries)
        steps = [tcp.prepare(Values(defaults(tcp.parameters)))]
    return [StandardCheck(step, port=server.port) for step in steps]


def _standard_check(spec: StandbySpec, port: int | None) -> StandardCheck:
    way = spec.way
    options = SocketOptions(way.number("bind_port") or 0, way.text("bind_if"), way.number("fwmark") or 0)
    return StandardCheck(
        spec.check.step(), way.octets("connect_ip"), way.number("connect_port") or port, way.octets("bindto"), options
    )


def _no_libraries() -> None:
    return None
