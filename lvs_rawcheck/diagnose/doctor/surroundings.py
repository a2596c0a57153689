# SPDX-License-Identifier: GPL-2.0-or-later
"""What all subjects look at: the registry, the configurations, this host's interfaces, addresses and routes.

Read once, when it is first wanted. What the kernel does not tell is a LinkError to the subject that asks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from shlex import quote

from lvs_rawcheck.config.keepalived import Configuration as KeepalivedConfiguration
from lvs_rawcheck.config.ldirectord import Configuration as LdirectordConfiguration
from lvs_rawcheck.diagnose.doctor.sysctls import Sysctls
from lvs_rawcheck.diagnose.verify.finding import Finding as Difference
from lvs_rawcheck.diagnose.verify.planned import PlannedCheck, planned_checks
from lvs_rawcheck.diagnose.verify.registered import Registered
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.options import SERVICES_DIR, STATE_DIR
from lvs_rawcheck.link.rtnetlink import Interface, LocalAddress, Netlink, Route
from lvs_rawcheck.registry.files import SUFFIX
from lvs_rawcheck.registry.service import RealServer, Service
from lvs_rawcheck.wire.address import parse_address, socket_family

KERNEL_SECONDS = 2.0
LOOPBACK_INDEX = 1  # the kernel gives lo this index in every network namespace
_IPV4, _IPV6 = (socket_family(parse_address(text)) for text in ("127.0.0.1", "::1"))


def is_permission_fault(fault: ConfigError) -> bool:
    """Return whether a file can be used, for all that is known, and we may not read it, not being root."""
    return os.geteuid() != 0 and isinstance(fault.__cause__, PermissionError)


class Surroundings:
    """This host. keepalived, ldirectord: their configurations, None: there is none, or it cannot be read.

    import_libraries: see `load_kind`. config_id: of the node that keepalived's is read for. program: the path of ours.
    """

    def __init__(
        self,
        services: str,
        state: str,
        import_libraries: Callable[[], None],
        keepalived: KeepalivedConfiguration | None = None,
        ldirectord: LdirectordConfiguration | None = None,
        config_id: str | None = None,
        program: str = "",
    ) -> None:
        self.services = services.rstrip("/") or services
        self.state = state.rstrip("/") or state
        self.keepalived = keepalived
        self.ldirectord = ldirectord
        self.config_id = config_id
        self.program = program
        self.sysctls = Sysctls()
        self.registered = Registered(services, state, import_libraries)

    def servers(self) -> Iterator[tuple[Service, RealServer]]:
        """Yield each real server of the registry, with its service."""
        for service in self.registered.registry.services.values():
            for server in service.real_servers:
                yield service, server

    def is_closed(self, service: str) -> bool:
        """Return whether we, who are not root, may not read a service: then nothing is known of it."""
        if os.geteuid() == 0:
            return False
        if self.registered.trouble:
            return os.path.lexists(self.services)
        faults = (fault for fault in self.registered.registry.faults if is_permission_fault(fault))
        return f"{service}{SUFFIX}" in {fault.path.rpartition("/")[2] for fault in faults}

    @cached_property
    def vips(self) -> set[bytes]:
        """Return all VIPs of the registry."""
        services = self.registered.registry.services.values()
        return {endpoint.vip for service in services for endpoint in service.endpoints}

    @cached_property
    def planned(self) -> tuple[list[PlannedCheck], list[Difference]]:
        """Return the checks of ours that keepalived's configuration has, and what is wrong with it as it stands."""
        return planned_checks(self.keepalived) if self.keepalived is not None else ([], [])

    @cached_property
    def interfaces(self) -> dict[int, Interface]:
        """Return all interfaces by index; LinkError."""
        with Netlink(KERNEL_SECONDS) as netlink:
            return {interface.index: interface for interface in netlink.interfaces()}

    @cached_property
    def addresses(self) -> list[LocalAddress]:
        """Return all addresses of this host; LinkError."""
        with Netlink(KERNEL_SECONDS) as netlink:
            return [*netlink.addresses(_IPV4), *netlink.addresses(_IPV6)]

    @cached_property
    def held(self) -> list[LocalAddress]:
        """Return the VIPs of the registry that are addresses of this host; LinkError."""
        return [address for address in self.addresses if address.address in self.vips]

    @cached_property
    def routes(self) -> dict[bytes, Route]:
        """Return the route to each real server of the registry that there is one to, by its address; LinkError."""
        routes: dict[bytes, Route] = {}
        with Netlink(KERNEL_SECONDS) as netlink:
            for address in {server.address for _, server in self.servers()}:
                route = netlink.route(address)
                if route is not None and route.kind == "unicast":
                    routes[address] = route
        return routes

    def way(self, address: bytes) -> str | None:
        """Return the interface by which a real server is reached; None: by none, or it is this host."""
        route = self.routes.get(address)
        interface = self.interfaces.get(route.interface_index) if route is not None else None
        return interface.name if interface is not None else None

    def is_silent(self, index: int) -> bool:
        """Return whether an interface is lo or a dummy: a VIP there says nothing of who is master."""
        interface = self.interfaces.get(index)
        return index == LOOPBACK_INDEX or interface is None or interface.kind == "dummy"

    def state_option(self, name: str) -> str:
        """Return the option, a blank before it, by which a command of ours uses this state folder; "": it does."""
        return f" {name} {quote(self.state)}" if self.state != STATE_DIR else ""

    def services_option(self) -> str:
        """Return the same for the registry."""
        return f" --services {quote(self.services)}" if self.services != SERVICES_DIR else ""
