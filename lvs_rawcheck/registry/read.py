# SPDX-License-Identifier: GPL-2.0-or-later
"""From service files to values: one check, one service, or all that can be read.

TOML 1.0.0, by tomllib. A file is octets from somebody's editor: whatever they are, what comes out is values or a
ConfigError.
"""

from __future__ import annotations

from lvs_rawcheck.checks.kinds import KINDS, load_kind
from lvs_rawcheck.checks.request_values import parse_endpoints
from lvs_rawcheck.errors import ConfigError, ConfigLibraryError, ConfigSyntaxError, LinkError, UsageError
from lvs_rawcheck.registry.files import SUFFIX, ServiceFolder
from lvs_rawcheck.registry.keys import SERVER_KEYS, SERVICE_KEYS, SETTINGS, STANDBY_KEYS
from lvs_rawcheck.registry.names import check_id, is_name
from lvs_rawcheck.registry.service import CheckSpec, RealServer, Service, Settings, StandbySpec
from lvs_rawcheck.registry.tables import Keys, Table
from lvs_rawcheck.registry.toml import parse_toml
from lvs_rawcheck.wire.address import format_address, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.kind import Kind

_SETTINGS = Keys(SETTINGS)
_OF_SERVICE = Keys(SERVICE_KEYS)
_OF_SERVER = Keys(SERVER_KEYS)
_OF_WAY = Keys(STANDBY_KEYS)
_OF_SERVICE_ALL = _SETTINGS.known | _OF_SERVICE.known | {"endpoint", "check", "standby_check", "real_server"}
_OF_SERVER_ALL = _SETTINGS.known | _OF_SERVER.known | {"address", "check", "standby_check"}
_NOTHING_ELSE: frozenset[str] = frozenset()
_PASSED_ON = "prove_vip"
"""A setting that is a parameter of a kind."""


class Registry:
    """All services that could be read, by name, and what was wrong with the others, a sentence each."""

    __slots__ = ("faults", "services")

    def __init__(self) -> None:
        self.services: dict[str, Service] = {}
        self.faults: list[ConfigError] = []


def read_registry(folder_path: str, import_libraries: Callable[[], None]) -> Registry:
    """Return every service of a folder; one bad file is a fault, and stops no other.

    import_libraries: see `load_kind`. ConfigSyntaxError: the folder itself cannot be read.
    """
    registry = Registry()
    reader = _Reader(import_libraries)
    try:
        with ServiceFolder(folder_path) as folder:
            for file_name in folder.file_names():
                try:
                    service = reader.service(folder, file_name.removesuffix(SUFFIX), None)
                except ConfigError as error:
                    registry.faults.append(error)
                else:
                    registry.services[service.name] = service
    except OSError as error:
        raise ConfigSyntaxError(folder_path, 0, 0, f"cannot read the registry: {error.strerror}") from error
    return registry


def read_check(
    folder_path: str, name: str, real_ip: bytes, import_libraries: Callable[[], None]
) -> tuple[Service, RealServer]:
    """Return one real server, and its service with no other one; ConfigError, UsageError for an unknown ID."""
    try:
        with ServiceFolder(folder_path) as folder:
            service = _Reader(import_libraries).service(folder, name, real_ip)
    except OSError as error:
        raise ConfigSyntaxError(folder_path, 0, 0, f"cannot read the registry: {error.strerror}") from error
    for server in service.real_servers:
        if server.address == real_ip:
            return service, server
    raise UsageError(f"no such check: {check_id(name, real_ip)} ({service.path} has no such real server)")


def parse_service(path: str, name: str, octets: bytes, import_libraries: Callable[[], None]) -> Service:
    """Return what a service file's octets say; ConfigError. path: for messages."""
    return _Reader(import_libraries).parse(path, name, octets, None)


class _Reader:
    def __init__(self, import_libraries: Callable[[], None]) -> None:
        self._import_libraries = import_libraries
        self._keys: dict[str, Keys] = {}
        """Of a check, by kind."""

    def service(self, folder: ServiceFolder, name: str, only: bytes | None) -> Service:
        """Return a service, of its real servers only the one asked for; None: all."""
        path = folder.path_of(f"{name}{SUFFIX}")
        if not is_name(name):
            raise ConfigSyntaxError(path, 0, 0, "not a service's name: letters, digits, and _.- after the first")
        return self.parse(path, name, _read(folder, name, path), only)

    def parse(self, path: str, name: str, octets: bytes, only: bytes | None) -> Service:
        """Return what a file's octets say of a service, of its real servers only the one asked for; None: of all."""
        return _ServiceFile(path, Table(path, "", parse_toml(path, octets)), self._check).service(name, only)

    def _check(self, path: str, table: Table, further: frozenset[str], inherited: dict[str, object]) -> CheckSpec:
        kind = self._kind(table)
        keys = self._keys.get(kind.name)
        if keys is None:
            keys = self._keys[kind.name] = Keys(kind.parameters, "kind")
        table.demand_known(keys.known | further if further else keys.known)
        return CheckSpec(path, table.place, kind, table.values(keys, inherited))

    def _kind(self, table: Table) -> Kind:
        name = table.text("kind")
        if name not in KINDS:
            raise table.error("kind", f"no such kind of check: {name[:80]!r} (there are: {', '.join(KINDS)})")
        try:
            return load_kind(name, self._import_libraries)
        except LinkError as error:
            fault = table.error("kind", str(error))
            raise ConfigLibraryError(fault.path, fault.line, fault.column, fault.message) from error


class _ServiceFile:
    """One file's tables. check: from a table, the keys that it may have besides its kind's, and inherited values."""

    def __init__(
        self, path: str, table: Table, check: Callable[[str, Table, frozenset[str], dict[str, object]], CheckSpec]
    ) -> None:
        self._path = path
        self._table = table
        self._check = check

    def service(self, name: str, only: bytes | None) -> Service:
        table = self._table
        table.demand_known(_OF_SERVICE_ALL)
        endpoints = self._endpoints()
        own = table.values(_OF_SERVICE)
        given = table.given(_SETTINGS)
        settings = _settings(given)
        tables, addresses = self._addresses(only)
        checks, standby_checks = self._checks(table, given), self._standby_checks(table, given)
        servers = [self._server(each, address, given, settings, checks, standby_checks) for each, address in tables]
        return Service(
            name,
            self._path,
            endpoints,
            own.text("protocol") or "",
            own.number("min_healthy") or 0,
            settings,
            servers,
            addresses,
        )

    def _endpoints(self) -> list[Endpoint]:
        found: dict[str, Endpoint] = {}
        for place, text in self._table.texts("endpoint"):
            try:
                endpoints = parse_endpoints(text, None)
            except UsageError as error:
                raise self._table.error(place, str(error)) from error
            if len(endpoints) != 1:
                raise self._table.error(place, "one endpoint an element")
            if str(endpoints[0]) in found:
                raise self._table.error(place, f"{endpoints[0]} is there twice")
            found[str(endpoints[0])] = endpoints[0]
        return list(found.values())

    def _addresses(self, only: bytes | None) -> tuple[list[tuple[Table, bytes]], list[bytes]]:
        """Return the tables of the real servers asked for with their addresses, and the addresses of all.

        Where one is asked for, what is wrong with the others is passed over.
        """
        wanted: dict[bytes, Table] = {}
        addresses: dict[bytes, None] = {}
        for table in self._table.tables("real_server"):
            try:
                address = self._address(table)
            except ConfigError:
                if only is None:
                    raise
                continue
            addresses[address] = None
            if only is not None and address != only:
                continue
            if address in wanted:
                raise table.error("address", f"{format_address(address)} is there twice")
            wanted[address] = table
        return [(table, address) for address, table in wanted.items()], list(addresses)

    def _address(self, table: Table) -> bytes:
        if "address" not in table:
            table.demand_known(_OF_SERVER_ALL)  # it is most likely there, misspelt
        text = table.text("address")
        try:
            return parse_address(text)
        except UsageError as error:
            raise table.error("address", str(error)) from error

    def _server(
        self,
        table: Table,
        address: bytes,
        inherited: dict[str, object],
        settings: Settings,
        checks: Sequence[CheckSpec],
        standby_checks: Sequence[StandbySpec],
    ) -> RealServer:
        table.demand_known(_OF_SERVER_ALL)
        own = table.given(_SETTINGS)
        if own:
            inherited = {**inherited, **own}
            settings = _settings(inherited)
        port = table.values(_OF_SERVER).number("port")
        checks = self._checks(table, inherited) or checks
        if not checks:
            raise table.error("", "no check: neither here nor for the whole service is there a [[check]]")
        standby_checks = self._standby_checks(table, inherited) or standby_checks
        return RealServer(table.place, address, port, settings, checks, standby_checks)

    def _checks(self, table: Table, inherited: dict[str, object]) -> list[CheckSpec]:
        passed_on = _passed_on(inherited)
        return [self._check(self._path, each, _NOTHING_ELSE, passed_on) for each in table.tables("check")]

    def _standby_checks(self, table: Table, inherited: dict[str, object]) -> list[StandbySpec]:
        passed_on = _passed_on(inherited)
        return [
            StandbySpec(self._check(self._path, each, _OF_WAY.known, passed_on), each.values(_OF_WAY))
            for each in table.tables("standby_check")
        ]


def _passed_on(settings: dict[str, object]) -> dict[str, object]:
    return {_PASSED_ON: settings[_PASSED_ON]} if _PASSED_ON in settings else {}


def _settings(given: dict[str, object]) -> Settings:
    return Settings({**_SETTINGS.defaults, **given})


def _read(folder: ServiceFolder, name: str, path: str) -> bytes:
    try:
        return folder.read(f"{name}{SUFFIX}")
    except FileNotFoundError as error:
        raise ConfigSyntaxError(path, 0, 0, "no such service: there is no such file") from error
    except OSError as error:
        raise ConfigSyntaxError(path, 0, 0, f"cannot be read: {error.strerror}") from error
