# SPDX-License-Identifier: GPL-2.0-or-later
"""A service file as values, from the checks of its real servers: said once what all have in common.

What most of them have is the service's, what one has otherwise its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.registry.write import ServerText, ServiceText

Table = dict[str, object]
_Common = TypeVar("_Common", bound=Hashable)


@dataclass(frozen=True, slots=True)
class StandbyText:
    """A standard check: what is asked, and which way. No way: to the server's own address and port."""

    check: CheckText
    way: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class PlannedServer:
    """One real server of a service file. settings: keys of design and value, times as numbers."""

    address: str
    port: int | None
    checks: tuple[CheckText, ...]
    standby_checks: tuple[StandbyText, ...]
    settings: tuple[tuple[str, str | float | int], ...]


@dataclass(slots=True)
class PlannedService:
    """One service file."""

    name: str
    endpoints: tuple[Endpoint, ...]
    protocol: str
    settings: Table
    origin: str
    """Which configuration and virtual server it is made of, in words."""
    servers: list[PlannedServer] = field(default_factory=list)

    def to_text(self) -> ServiceText:
        """Return what its file says, keys in the order in which they are read best."""
        checks = _commonest(server.checks for server in self.servers)
        standby = _commonest(server.standby_checks for server in self.servers)
        common: Table = {**dict(_commonest(server.settings for server in self.servers))}
        head: Table = {"endpoint": [str(endpoint) for endpoint in self.endpoints], "protocol": self.protocol}
        return ServiceText(
            head | self.settings | common,
            [_check_table(check) for check in checks],
            [_server_text(server, common, checks, standby) for server in self.servers],
            [_standby_table(each) for each in standby],
            (self.origin,),
        )


def _commonest(values: Iterable[_Common]) -> _Common:
    """Return the value that occurs most often, of several the first."""
    return Counter(values).most_common(1)[0][0]


def _server_text(
    server: PlannedServer, common: Table, checks: tuple[CheckText, ...], standby: tuple[StandbyText, ...]
) -> ServerText:
    table: Table = {"address": server.address, "port": server.port}
    table |= {key: value for key, value in server.settings if common.get(key) != value}
    own_checks = () if server.checks == checks else server.checks
    own_standby: tuple[StandbyText, ...] = ()
    if server.standby_checks != standby:
        # Where others have some, to have none must be said: the checks themselves, to its own address.
        own_standby = server.standby_checks or tuple(StandbyText(check, ()) for check in server.checks)
    return ServerText(
        table, [_check_table(check) for check in own_checks], [_standby_table(each) for each in own_standby]
    )


def _check_table(check: CheckText) -> Table:
    return {"kind": check.kind, **dict(check.values)}


def _standby_table(standby: StandbyText) -> Table:
    return {**_check_table(standby.check), **dict(standby.way)}
