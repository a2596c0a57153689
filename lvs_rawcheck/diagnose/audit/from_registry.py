# SPDX-License-Identifier: GPL-2.0-or-later
"""What the registry says is to be asked: every check of every service, at each endpoint by itself."""

from __future__ import annotations

import os
from copy import copy

from lvs_rawcheck.config.disk import Unusable, read_regular_file
from lvs_rawcheck.diagnose.audit.model import Target
from lvs_rawcheck.diagnose.audit.wanted import Wanted
from lvs_rawcheck.errors import ConfigError, ConfigSyntaxError
from lvs_rawcheck.registry.files import SUFFIX
from lvs_rawcheck.registry.read import parse_service, read_registry
from lvs_rawcheck.registry.requests import request_of
from lvs_rawcheck.registry.service import RealServer, Service


def add_registry(wanted: Wanted, folder: str) -> None:
    """Add all services of a folder; ConfigSyntaxError: it cannot be read."""
    registry = read_registry(folder, wanted.import_libraries)
    wanted.sources.append(f"the registry {folder}")
    wanted.gaps += [str(fault) for fault in registry.faults]
    for service in registry.services.values():
        _add_service(wanted, service)


def add_service_file(wanted: Wanted, path: str) -> None:
    """Add one service file; ConfigError."""
    try:
        octets = read_regular_file(path).octets
    except Unusable as error:
        raise ConfigSyntaxError(path, 0, 0, f"cannot be read: {error}") from error
    wanted.sources.append(f"the service file {path}")
    name = os.path.basename(path).removesuffix(SUFFIX)
    _add_service(wanted, parse_service(path, name, octets, wanted.import_libraries))


def _add_service(wanted: Wanted, service: Service) -> None:
    for server in service.real_servers:
        try:
            _add_server(wanted, service, server)
        except ConfigError as error:
            wanted.gaps.append(f"{service.check_id(server)} was not asked: {error}")


def _add_server(wanted: Wanted, service: Service, server: RealServer) -> None:
    request = request_of(service, server)
    request.timeout = min(request.timeout, wanted.timeout)
    for endpoint in request.endpoints:
        own = copy(request)
        own.endpoints = [endpoint]
        wanted.add(Target(own, service.check_id(server), protocol=service.protocol or "tcp"))
