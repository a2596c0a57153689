# SPDX-License-Identifier: GPL-2.0-or-later
"""What a service file says, as values. Addresses are 4 or 16 octets, times float seconds."""

from __future__ import annotations

from lvs_rawcheck.errors import ConfigValueError, UsageError
from lvs_rawcheck.registry.names import check_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.kind import Kind, Step
    from lvs_rawcheck.checks.parameters import Values


class Settings:
    """What `keys.SETTINGS` came to, by the same names: a service's own, or one real server's."""

    role_file: str | None
    standby: str
    interval: float
    retry_interval: float | None
    timeout: float
    fall: int
    rise: int
    interface: str | None
    source: bytes | None
    reply_interface: str | None
    reply_mac: str | bytes
    on_cannot_judge: str
    clean_close: bool
    vip_policy: str
    prove_vip: str | None
    mode: str

    def __init__(self, values: dict[str, object]) -> None:
        self.__dict__.update(values)


class CheckSpec:
    """One `[[check]]`: a kind and its values. place: where it stands in the file."""

    __slots__ = ("_path", "kind", "place", "values")

    def __init__(self, path: str, place: str, kind: Kind, values: Values) -> None:
        self._path = path
        self.place = place
        self.kind = kind
        self.values = values

    def step(self) -> Step:
        """Return what makes its conversation; ConfigValueError: its values contradict one another."""
        try:
            return self.kind.prepare(self.values)
        except UsageError as error:
            raise ConfigValueError(self._path, 0, 0, f"{self.place}: {error}") from error


class StandbySpec:
    """One `[[standby_check]]`. way: what `keys.STANDBY_KEYS` came to."""

    __slots__ = ("check", "way")

    def __init__(self, check: CheckSpec, way: Values) -> None:
        self.check = check
        self.way = way


class RealServer:
    """One `[[real_server]]`, the service's checks and settings being its own where it says nothing else."""

    __slots__ = ("address", "checks", "place", "port", "settings", "standby_checks")

    def __init__(
        self,
        place: str,
        address: bytes,
        port: int | None,
        settings: Settings,
        checks: Sequence[CheckSpec],
        standby_checks: Sequence[StandbySpec],
    ) -> None:
        self.place = place
        self.address = address
        self.port = port
        """Of the standard check; None: the endpoint's."""
        self.settings = settings
        self.checks = checks
        """All must pass."""
        self.standby_checks = standby_checks
        """None: the checks themselves, to its own address."""


class Service:
    """One file. addresses: of all real servers, in order, also where only one of them was read."""

    __slots__ = ("addresses", "endpoints", "min_healthy", "name", "path", "protocol", "real_servers", "settings")

    def __init__(
        self,
        name: str,
        path: str,
        endpoints: Sequence[Endpoint],
        protocol: str,
        min_healthy: int,
        settings: Settings,
        real_servers: Sequence[RealServer],
        addresses: Sequence[bytes],
    ) -> None:
        self.name = name
        self.path = path
        self.endpoints = endpoints
        self.protocol = protocol
        self.min_healthy = min_healthy
        self.settings = settings
        self.real_servers = real_servers
        self.addresses = addresses

    def check_id(self, server: RealServer) -> str:
        """Return the ID of the check of one of its real servers."""
        return check_id(self.name, server.address)
