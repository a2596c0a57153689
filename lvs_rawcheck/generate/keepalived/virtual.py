# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual server at a time: its services, and what becomes of its real servers."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.config.keepalived.model import DR, RealServer, VirtualServer
from lvs_rawcheck.config.tree import Span
from lvs_rawcheck.generate.keepalived.claims import Claims
from lvs_rawcheck.generate.keepalived.endpoints import service_name, traffic_of
from lvs_rawcheck.generate.keepalived.existing import OldFile
from lvs_rawcheck.generate.keepalived.file_check import FileCheckWriter
from lvs_rawcheck.generate.keepalived.placing import Place
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.roles import Roles
from lvs_rawcheck.generate.keepalived.server import ServerPlanner
from lvs_rawcheck.generate.keepalived.stanza import StanzaWriter
from lvs_rawcheck.generate.keepalived.track_blocks import TrackBlocks
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.plan import ServerPlan, Skip
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.services import PlannedService
from lvs_rawcheck.generate.traffic import ENDPOINTS_WITHOUT_DAEMON, Traffic
from lvs_rawcheck.generate.validate import CheckValidator


class VirtualServices:
    """The services of one virtual server: of its real servers' first, second, ... checkers."""

    def __init__(
        self,
        plan: KeepalivedPlan,
        virtual: VirtualServer,
        traffic: Traffic,
        options: PlanOptions,
        roles: Roles,
        claims: Claims,
    ) -> None:
        self._plan = plan
        self._options = options
        self._roles = roles
        self._claims = claims
        self._own: dict[int, PlannedService] = {}
        self.virtual = virtual
        self.traffic = traffic

    def endpoints(self, number: int, port_checked: int) -> tuple[Endpoint, ...]:
        """Return the endpoints of one of its services; Refused where this real server's are not the others'."""
        known = self._own.get(number)
        if known is not None and not self.traffic.any_port:
            return known.endpoints
        endpoints = self.traffic.endpoints(port_checked)
        if known is not None and list(map(str, known.endpoints)) != list(map(str, endpoints)):
            raise Refused(
                f"the virtual server forwards any port, and another real server was checked on port "
                f"{known.endpoints[0].port}, this one on {port_checked}"
            )
        return endpoints

    def name(self, number: int) -> str:
        """Return the name of one of its services; Refused if another virtual server has it."""
        if number in self._own:
            return self._own[number].name
        name = service_name(self.virtual, self.traffic.protocol, number)
        self._claims.demand_free(name, self.virtual)
        if name in self._plan.services:
            raise Refused(f"another virtual server's checks are called {name} already")
        return name

    def settings(self, endpoints: tuple[Endpoint, ...]) -> dict[str, object]:
        """Return what a service of these endpoints says for all its real servers."""
        settings: dict[str, object] = {
            "role_file": self._roles.role_file(endpoints)[0],
            "standby": self._options.standby,
        }
        if self._options.observe:
            settings["mode"] = "observe"
        return settings

    def service(self, number: int, endpoints: tuple[Endpoint, ...]) -> PlannedService:
        """Return one of its services, made where it is not there yet."""
        service = self._own.get(number)
        if service is None:
            origin = f"{self._options.path_there(self._plan.file)}: virtual_server {self.virtual.label}"
            settings = self.settings(endpoints)
            service = PlannedService(self.name(number), endpoints, self.traffic.protocol, settings, origin)
            self._plan.services[service.name] = self._own[number] = service
            self._warn_of(service)
        return service

    def _warn_of(self, service: PlannedService) -> None:
        label = f"virtual_server {self.virtual.label}"
        _, why_auto = self._roles.role_file(service.endpoints)
        if why_auto is not None:
            self._plan.warnings.append(f"{label}: the role goes by whether the VIP is here (auto): {why_auto}")
        if len(service.endpoints) > ENDPOINTS_WITHOUT_DAEMON:
            self._plan.warnings.append(
                f"{label}: {len(service.endpoints)} VIPs and ports a check: too many for a process each time, a daemon "
                f"is needed"
            )


class VirtualPlanner:
    """Adds virtual servers to a plan."""

    def __init__(
        self,
        plan: KeepalivedPlan,
        options: PlanOptions,
        old_files: dict[str, OldFile],
        roles: Roles,
        claims: Claims,
        validator: CheckValidator,
        writer: StanzaWriter | FileCheckWriter,
        blocks: TrackBlocks,
    ) -> None:
        self._plan = plan
        self._options = options
        self._old_files = old_files
        self._roles = roles
        self._claims = claims
        self._validator = validator
        self._writer = writer
        self._blocks = blocks
        self.handled: set[tuple[str, int]] = set()
        """Stanzas of ours that were there and are planned again, by path and first octet."""

    def add(self, virtual: VirtualServer) -> None:
        """Plan all of a virtual server."""
        for server in virtual.dropped_servers:
            self._skip(virtual, server, f"keepalived leaves it out: {server.dropped}")
        try:
            if virtual.dropped is not None:
                raise Refused(f"keepalived leaves the virtual server out: {virtual.dropped}")
            direct = [server for server in virtual.real_servers if server.method == DR]
            traffic = traffic_of(virtual, self._options.fwmarks) if direct else None
        except Refused as error:
            for server in virtual.real_servers:
                self._skip(virtual, server, str(error) if server.method == DR else _not_direct(server))
            return
        services = None
        if traffic is not None:
            services = VirtualServices(self._plan, virtual, traffic, self._options, self._roles, self._claims)
        self._add_servers(virtual, services)

    def _add_servers(self, virtual: VirtualServer, services: VirtualServices | None) -> None:
        addresses: dict[str, int] = {}
        for server in virtual.real_servers:
            if server.method != DR or services is None:
                self._skip(virtual, server, _not_direct(server))
            elif server.address in addresses:
                port = addresses[server.address]
                self._skip(virtual, server, f"the server is there already, with port {port}: its checks have one name")
            else:
                addresses[server.address] = server.port
                self._add_server(server, services)

    def _add_server(self, server: RealServer, services: VirtualServices) -> None:
        span = server.block.span
        line = self._place(span).line(span)
        plan = ServerPlan(services.virtual.label, server_label(server), span.file.path, line, span.start)
        planner = ServerPlanner(self._plan, plan, server, services, self._options, self._validator, self._writer)
        planner.add(self._place)
        if plan.checks:
            self._plan.servers.append(plan)
            self._blocks.want(services.virtual, (check.track_file for check in plan.checks if check.track_file))

    def _skip(self, virtual: VirtualServer, server: RealServer, reason: str) -> None:
        span = server.block.span
        line = self._place(span).line(span)
        self._plan.skipped.append(Skip(virtual.label, server_label(server), span.file.path, line, "", reason))

    def _place(self, span: Span) -> Place:
        return Place(self._plan, span.file, self._old_files.get(span.file.path), self.handled)


def server_label(server: RealServer) -> str:
    """Return how a real server's keyword line names it: `192.0.2.11 80`."""
    return " ".join(server.block.arguments)


def _not_direct(server: RealServer) -> str:
    return f"{server.method}: the director does not forward by MAC address alone"
