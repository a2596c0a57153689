# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose role decides whether a check is raw: that of the VRRP instance that holds the VIPs.

    roles = Roles(site, state, scripts)
    role_file, why_auto = roles.role_file(endpoints)      # for each service
    roles.wirings                                         # what these role files need, for notify_place.py

VIPs are matched by address alone. Held by no instance, or by several, or by one that cannot be made to maintain a role
file: each check asks whether the VIP is an address of this host (`auto`), and the plan says so. Instances of one sync
group have one role (vrrp_sync.c), so the first one's file speaks for all.
"""

from __future__ import annotations

from collections.abc import Iterable

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.config.keepalived.model import Site, VrrpInstance
from lvs_rawcheck.generate.notify import NotifyWriter, Wiring
from lvs_rawcheck.generate.notify_user import PrimaryGroup, primary_group_here
from lvs_rawcheck.generate.options import SCRIPTS_DIR
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.wire.address import format_address, parse_address


class Roles:
    """The VRRP instances of a site. state: the folder of the role files' folder; scripts: that of `notify`."""

    def __init__(
        self,
        site: Site,
        state: str,
        scripts: str = SCRIPTS_DIR,
        primary_group: PrimaryGroup = primary_group_here,
    ) -> None:
        self._writer = NotifyWriter(site.settings, scripts, state, primary_group)
        self._state = state.rstrip("/")
        self._holders: dict[bytes, dict[str, VrrpInstance]] = {}
        for instance in site.instances:
            for virtual_ip in instance.virtual_ips:
                self._holders.setdefault(parse_address(virtual_ip.address), {})[instance.name] = instance
        self._group_of: dict[str, str] = {}
        for group in site.sync_groups:
            for member in group.members:
                self._group_of.setdefault(member, group.name)
        self._judged: dict[str, Wiring | str] = {}

    @property
    def wirings(self) -> list[Wiring]:
        """Return how the instances are wired whose role files were given out."""
        return [judged for judged in self._judged.values() if isinstance(judged, Wiring)]

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
        if instance.name not in self._judged:
            self._judged[instance.name] = self._judge(instance)
        judged = self._judged[instance.name]
        if isinstance(judged, str):
            raise Refused(judged)

    def _judge(self, instance: VrrpInstance) -> Wiring | str:
        try:
            return self._writer.wire(instance)
        except Refused as error:
            return f"vrrp_instance {instance.name[:80]} cannot maintain a role file: {error}"
