# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual's VIPs and ports, and its names.

Under gate the traffic goes to the virtual's port whatever port a real server is written with (IPVS-DR changes no
packet); that one is the checks' only.
"""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.config.ldirectord.model import TCP, Virtual
from lvs_rawcheck.generate.options import Marked
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.traffic import Traffic, demand_name, safe_name, traffic_of_mark
from lvs_rawcheck.wire.address import IPV4_OCTETS, IPV6_OCTETS, parse_address


def traffic_of(virtual: Virtual, fwmarks: Mapping[int, Marked]) -> Traffic:
    """Return what a virtual forwards; Refused where the configuration does not say it."""
    if virtual.fwmark is not None:
        return _of_family(traffic_of_mark(virtual.fwmark, fwmarks), virtual)
    return Traffic(((parse_address(_address(virtual)), virtual.port),), virtual.protocol)


def protocol_of(virtual: Virtual, fwmarks: Mapping[int, Marked]) -> str:
    """Return the protocol of a virtual's traffic, of a firewall mark what its user says, and tcp unless he does."""
    if virtual.fwmark is None:
        return virtual.protocol
    marked = fwmarks.get(virtual.fwmark)
    return TCP if marked is None else marked.protocol


def _of_family(traffic: Traffic, virtual: Virtual) -> Traffic:
    """Return a mark's VIPs of the virtual's family: IPVS keeps a service for each under one number."""
    octets = IPV6_OCTETS if virtual.family == 6 else IPV4_OCTETS
    targets = tuple((vip, port) for vip, port in traffic.targets if len(vip) == octets)
    if not targets:
        raise Refused(f"firewall mark {virtual.fwmark}: none of the VIPs that are said of it is IPv{virtual.family}")
    return Traffic(targets, traffic.protocol)


def _address(virtual: Virtual) -> str:
    if virtual.address is None:
        raise Refused(f"{virtual.host} is a name: what ldirectord finds for it when it starts is not known here")
    return virtual.address


def service_name(virtual: Virtual) -> str:
    """Return the name of a virtual's service, which its wrapper has, too; Refused."""
    if virtual.fwmark is not None:
        return demand_name(f"fwm{_six(virtual)}-{virtual.fwmark}")
    return demand_name(safe_name(f"{virtual.protocol}-{_address(virtual)}-{virtual.port}"))


def names_of(virtual: Virtual) -> list[str]:
    """Return what a user may call a virtual."""
    if virtual.fwmark is not None:
        return [f"fwm{_six(virtual)}-{virtual.fwmark}", virtual.label]
    host = virtual.address if virtual.address is not None else virtual.host
    shown = f"[{host}]" if ":" in host else host
    return [host, f"{shown}:{virtual.port}", virtual.label]


def _six(virtual: Virtual) -> str:
    return "6" if virtual.family == 6 else ""
