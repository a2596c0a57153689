# SPDX-License-Identifier: GPL-2.0-or-later
"""From the registry's files to the checks that the daemon runs, at its start and at each reload.

A file that cannot be read changes nothing: the service that it held before goes on. What did not change is not touched,
so nobody's verdict is lost by a reload. A check that is new runs soon, however long its interval is: until then its
server has no verdict, which a track file cannot say, and the script `verdict` only by a process of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.daemon.engine import Engine
from lvs_rawcheck.errors import ConfigError, RawCheckError
from lvs_rawcheck.registry.files import SUFFIX, ServiceFolder
from lvs_rawcheck.registry.names import is_name
from lvs_rawcheck.registry.read import parse_service
from lvs_rawcheck.registry.requests import request_of
from lvs_rawcheck.registry.service import Service

logger = logging.getLogger(__name__)


class Roster:
    """The services as they were read last. import_libraries: see `load_kind`."""

    def __init__(self, folder: str, engine: Engine, import_libraries: Callable[[], None]) -> None:
        self._folder = folder
        self._engine = engine
        self._import_libraries = import_libraries
        self._octets: dict[str, bytes] = {}
        self._checks: dict[str, list[str]] = {}
        """IDs by service."""
        self._vips: set[bytes] = set()
        self.role_files: set[str | None] = set()
        """All that are named."""
        self.watched_vips: set[bytes] = set()
        """Those by which roles are known."""
        self.faults: list[ConfigError] = []
        """What is wrong with files now, or with the folder."""

    def load(self, now: float) -> None:
        """Read the folder; ConfigError: it cannot be read, and all stays as it was."""
        self.faults = []
        found = self._read()
        before = frozenset(self._engine.checks)
        for name in [name for name in self._octets if name not in found]:
            self._replace(name, [], now)
            del self._octets[name]
        for name, octets in found.items():
            if self._octets.get(name) == octets:
                continue
            checks = self._parse(name, octets)
            if checks is not None:
                self._replace(name, checks, now)
                self._octets[name] = octets
        new = [check_id for check_id in self._engine.checks if check_id not in before]
        self._engine.hasten_first(new, now)
        self.note_checks()

    def note_checks(self) -> None:
        """Take note of what the engine's checks name: for whoever has put them there himself."""
        all_checks = self._engine.checks.values()
        self._vips = {endpoint.vip for check in all_checks for endpoint in check.request.endpoints}
        self.role_files = {path for check in all_checks if (path := check.request.role_file) not in (None, ROLE_AUTO)}
        self.watched_vips = {vip for check in all_checks if check.watches_addresses for vip in check.request.vips}

    def is_vip(self, address: bytes) -> bool:
        """Return whether a service has this VIP: such an address is never a source."""
        return address in self._vips

    def _read(self) -> dict[str, bytes]:
        found = {}
        try:
            with ServiceFolder(self._folder) as folder:
                for file_name in folder.file_names():
                    name = file_name.removesuffix(SUFFIX)
                    try:
                        found[name] = folder.read(file_name)
                    except FileNotFoundError:
                        continue  # gone meanwhile
                    except OSError as error:
                        self._fault(ConfigError(folder.path_of(file_name), 0, 0, f"{error.strerror}{self._kept(name)}"))
                        if name in self._octets:
                            found[name] = self._octets[name]
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not self._octets:
                return {}  # nothing has been written there yet
            fault = ConfigError(self._folder, 0, 0, f"cannot read the registry: {error.strerror}")
            self.faults = [fault]
            raise fault from error
        return found

    def _parse(self, name: str, octets: bytes) -> list[Check] | None:
        path = f"{self._folder.rstrip('/')}/{name}{SUFFIX}"
        try:
            if not is_name(name):
                raise ConfigError(path, 0, 0, "not a service's name: letters, digits, and _.- after the first")
            service = parse_service(path, name, octets, self._import_libraries)
            return [self._check(service, number) for number in range(len(service.real_servers))]
        except RawCheckError as error:
            line, column = (error.line, error.column) if isinstance(error, ConfigError) else (0, 0)
            sentence = error.message if isinstance(error, ConfigError) else str(error)
            self._fault(ConfigError(path, line, column, f"{sentence}{self._kept(name)}"))
            return None

    def _kept(self, name: str) -> str:
        return " (the service goes on as it was)" if name in self._octets else ""

    def _check(self, service: Service, number: int) -> Check:
        server = service.real_servers[number]
        request = request_of(service, server)
        request.is_registry_vip = self.is_vip
        return Check(service, server, request)

    def _replace(self, name: str, checks: list[Check], now: float) -> None:
        """Put a service's checks in the place of those that it had; who is there still keeps what is known."""
        engine = self._engine
        before = {check_id: engine.checks[check_id] for check_id in self._checks.pop(name, [])}
        for check_id in before:
            engine.remove(check_id)
        for check in checks:
            known = before.get(check.check_id)
            if known is not None:
                check.take_over(known)
            engine.add(check, now)
        for check_id, gone in before.items():
            gone.let_go()
            if check_id not in engine.checks:
                engine.tell_gone(gone)
        if checks:
            self._checks[name] = [check.check_id for check in checks]

    def _fault(self, fault: ConfigError) -> None:
        logger.error("%s", fault)
        self.faults.append(fault)
