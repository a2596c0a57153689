# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual servers that call the checks of another one, as after a block was copied by hand.

Such checks prove the other one's VIP: a real server that lost this one's would stay in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.plan import LeftCall, Plan
from lvs_rawcheck.generate.registry_changes import RegistryChanges
from lvs_rawcheck.registry.files import SUFFIX
from lvs_rawcheck.registry.read import parse_service
from lvs_rawcheck.registry.service import Service
from lvs_rawcheck.wire.address import format_endpoint


def foreign_calls(plan: Plan, registry: RegistryChanges, import_libraries: Callable[[], None]) -> Iterator[str]:
    """Yield a sentence for each virtual server, left as it is, whose VIP the checks that it calls do not prove."""
    for call in plan.left_calls:
        service = _service(call.service, registry, import_libraries)
        if service is None:
            continue  # that is told where its checks are looked for
        missing = [target for target in call.traffic.targets if not _proves(service, target)]
        if missing or service.protocol != call.traffic.protocol:
            yield _sentence(call, service, missing[0] if missing else call.traffic.targets[0])


def _service(name: str, registry: RegistryChanges, import_libraries: Callable[[], None]) -> Service | None:
    """Return a service as it will be read, None where it cannot be."""
    if name in registry.services:
        return registry.services[name]
    octets = registry.found.get(name)
    try:
        return (
            None
            if octets is None
            else parse_service(f"{registry.folder}/{name}{SUFFIX}", name, octets, import_libraries)
        )
    except ConfigError:
        return None


def _proves(service: Service, target: tuple[bytes, int]) -> bool:
    """Return whether a service checks a VIP at a port; 0: at any."""
    vip, port = target
    return any(each.vip == vip and port in (0, each.port) for each in service.endpoints)


def _sentence(call: LeftCall, service: Service, target: tuple[bytes, int]) -> str:
    proven = ", ".join(format_endpoint(each.vip, each.port) for each in service.endpoints[:2])
    more = " and others" if len(service.endpoints) > 2 else ""
    return (
        f"{call.place}: virtual {call.virtual_server} calls {service.name}, which checks {service.protocol}"
        f" {proven}{more} and not {call.traffic.protocol} {format_endpoint(*target)}: a server that lost this VIP would"
        " stay in: write here what is to be checked, instead of that call, and plan it again"
    )
