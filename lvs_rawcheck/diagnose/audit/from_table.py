# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel's IPVS table says is to be asked: each destination by the protocol of its service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.diagnose.audit.wanted import Wanted, not_direct, plainly
from lvs_rawcheck.director.ipvs import Destination, IpvsTable
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.traffic import traffic_of_mark
from lvs_rawcheck.wire.address import format_address

SOURCE = "IPVS table"
_DIRECT = ("Route", "Local")  # ip_vs_fwd_name() in ip_vs.h: direct routing, and this host itself
_WHY = "the table does not say how a service is checked"


def add_table(wanted: Wanted, table: IpvsTable) -> None:
    """Add all services of a table."""
    wanted.sources.append("this host's IPVS table")
    for (protocol, vip, port), destinations in table.services.items():
        endpoint = Endpoint(vip, port)
        _add(wanted, [endpoint], protocol, destinations.values(), f"{protocol} {endpoint}")
    for mark, destinations in table.fwmarks.items():
        try:
            traffic = traffic_of_mark(mark, wanted.fwmarks)
        except Refused as error:
            wanted.gaps.append(f"{SOURCE}: {error}")
            continue
        endpoints = [Endpoint(vip, port) for vip, port in traffic.targets]
        _add(wanted, endpoints, traffic.protocol, destinations.values(), f"firewall mark {mark}")


def _add(
    wanted: Wanted, endpoints: list[Endpoint], protocol: str, destinations: Collection[Destination], service: str
) -> None:
    head = f"{SOURCE}: {service}"
    others = Counter(each.method for each in destinations if each.method not in _DIRECT)
    wanted.notes += [not_direct(count, method, head) for method, count in others.items()]
    direct = [each for each in destinations if each.method in _DIRECT]
    ports = sorted({endpoint.port for endpoint in endpoints if endpoint.port})
    wanted.note_ports(service, ports, [(format_address(each.address), each.port) for each in direct], SOURCE)
    for each in direct:
        for endpoint in endpoints:
            if len(endpoint.vip) == len(each.address):
                asked = plainly(protocol, endpoint, _WHY)
                wanted.ask(format_address(each.address), endpoint, protocol, asked, SOURCE)
