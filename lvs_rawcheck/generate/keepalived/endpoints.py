# SPDX-License-Identifier: GPL-2.0-or-later
"""The VIPs and ports that a virtual server stands for, and what its service is called.

Traffic goes to the virtual server's port, or a group entry's, whatever port the real server is written with: that one
is the checkers' only (check_data.c, validate_check_config, "ports don't match - resetting").
"""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.config.keepalived.addresses import RangeError, addresses_between
from lvs_rawcheck.config.keepalived.model import GroupEntry, VirtualServer
from lvs_rawcheck.generate.options import Marked
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.traffic import Traffic, demand_name, safe_name, traffic_of_mark
from lvs_rawcheck.wire.address import IPV4_OCTETS, parse_address

_ENDPOINTS_MOST = 4096


def traffic_of(virtual: VirtualServer, fwmarks: Mapping[int, Marked]) -> Traffic:
    """Return what a virtual server forwards; Refused where the configuration does not say it."""
    if virtual.address is not None:
        return Traffic(((parse_address(virtual.address), virtual.port),), virtual.protocol or "udp")
    if virtual.fwmark is not None:
        return traffic_of_mark(virtual.fwmark, fwmarks)
    if virtual.group is None:
        raise Refused(f"there is no virtual_server_group {virtual.group_name!r}")
    if virtual.group.obstacles:
        raise Refused(f"virtual_server_group {virtual.group.name}: {virtual.group.obstacles[0].sentence}")
    return _traffic_of_group(virtual, virtual.group.entries, fwmarks)


def _traffic_of_group(virtual: VirtualServer, entries: list[GroupEntry], fwmarks: Mapping[int, Marked]) -> Traffic:
    targets: dict[tuple[bytes, int], None] = {}
    protocols = {virtual.protocol} - {None}
    for entry in entries:
        if entry.fwmark is not None:
            of_mark = traffic_of_mark(entry.fwmark, fwmarks)
            targets.update(dict.fromkeys(of_mark.targets))
            protocols.add(of_mark.protocol)
            continue
        try:
            addresses = addresses_between(entry.first, entry.last)
        except RangeError as error:
            raise Refused(str(error)) from error
        targets.update(dict.fromkeys((parse_address(address), entry.port) for address in addresses))
        if len(targets) > _ENDPOINTS_MOST:
            raise Refused(f"the group stands for more than {_ENDPOINTS_MOST} VIPs and ports")
    if not targets:
        raise Refused("the group is empty")
    if len({len(vip) for vip, _ in targets}) > 1:
        raise Refused("the group has VIPs of both families, and a real server only one")
    if len(protocols) > 1:
        raise Refused(f"the group's VIPs speak several protocols: {', '.join(sorted(filter(None, protocols)))}")
    return Traffic(tuple(targets), protocols.pop() or "udp")


def service_name(virtual: VirtualServer, protocol: str, number: int) -> str:
    """Return the name of a virtual server's service of its real servers' first, second, ... checkers; Refused.

    number: from 1.
    """
    if virtual.address is not None:
        name = f"{protocol}-{virtual.address}-{virtual.port}"
    elif virtual.fwmark is not None:
        name = f"fwm-{virtual.fwmark}"
    else:
        name = f"group-{virtual.group_name}"
    name = safe_name(name)
    return demand_name(name if number == 1 else f"{name}-{number}")


def names_of(virtual: VirtualServer) -> list[str]:
    """Return what a user may call a virtual server."""
    if virtual.address is not None:
        address, port = virtual.address, virtual.port
        shown = address if len(parse_address(address)) == IPV4_OCTETS else f"[{address}]"
        return [address, f"{shown}:{port}", virtual.label]
    if virtual.fwmark is not None:
        return [f"fwm-{virtual.fwmark}", virtual.label]
    return [virtual.group_name or "", virtual.label]
