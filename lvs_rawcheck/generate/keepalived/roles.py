# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose role decides whether a check is raw: that of the VRRP instance that holds the VIPs.

    placer = NotifyPlacer(plan, NotifyWriter(site.settings, scripts, state), old_files)
    roles = Roles(site, state, placer.wire)
    role_file, why_auto = roles.role_file(endpoints)      # for each service: what its role file needs is in the plan
    placer.keep_others(site)

VIPs are matched by address alone. Held by no instance, or by several, or by one that cannot be made to maintain a role
file: each check asks whether the VIP is an address of this host (`auto`), and the plan says so. Instances of one sync
group have one role (vrrp_sync.c), so the first one's file speaks for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.config.keepalived.model import Site, VrrpInstance
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.wire.address import format_address, parse_address


class Roles:
    """The VRRP instances of a site. state: the folder of the role files' folder.

    wire: sees to it that an instance maintains its role file, once it is known that somebody reads it; raises Refused.
    """

    def __init__(self, site: Site, state: str, wire: Callable[[VrrpInstance], object]) -> None:
        self._wire = wire
        self._state = state.rstrip("/")
        self._holders: dict[bytes, dict[str, VrrpInstance]] = {}
        for instance in site.instances:
            for virtual_ip in instance.virtual_ips:
                self._holders.setdefault(parse_address(virtual_ip.address), {})[instance.name] = instance
        self._group_of: dict[str, str] = {}
        for group in site.sync_groups:
            for member in group.members:
                self._group_of.setdefault(member, group.name)
        self._why_not: dict[str, str | None] = {}

    def role_file(self, endpoints: Iterable[Endpoint]) -> tuple[str, str | None]:
        """Return the role file of a service, or `auto`, and why it is `auto`."""
        try:
            instance = self._instance(dict.fromkeys(endpoint.vip for endpoint in endpoints))
            self._demand_wired(instance)
        except Refused as error:
            return ROLE_AUTO, str(error)
        return f"{self._state}/role/{instance.name}", None

    def _instance(self, vips: Iterable[bytes]) -> VrrpInstance:
        """Return the instance whose role is that of all VIPs; Refused."""
        found: dict[str, VrrpInstance] = {}
        for vip in vips:
            holders = self._holders.get(vip, {})
            if len(holders) != 1:
                held = f"by several: {', '.join(holders)}" if holders else "by no vrrp_instance"
                raise Refused(f"VIP {format_address(vip)} is held {held}")
            found.update(holders)
        first, *others = found.values()
        group = self._group_of.get(first.name)
        if others and (group is None or any(self._group_of.get(other.name) != group for other in others)):
            raise Refused(f"its VIPs are held by different instances: {', '.join(found)}")
        return first

    def _demand_wired(self, instance: VrrpInstance) -> None:
        if instance.name not in self._why_not:
            self._why_not[instance.name] = self._why_not_wired(instance)
        why_not = self._why_not[instance.name]
        if why_not is not None:
            raise Refused(why_not)

    def _why_not_wired(self, instance: VrrpInstance) -> str | None:
        try:
            self._wire(instance)
        except Refused as error:
            return f"vrrp_instance {instance.name[:80]} cannot maintain a role file: {error}"
        return None
