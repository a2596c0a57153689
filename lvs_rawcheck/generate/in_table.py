# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a real server gets traffic now, by the kernel's IPVS table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.director.ipvs import IpvsTable
from lvs_rawcheck.generate.options import Marked


def in_table(
    protocol: str, endpoints: Iterable[Endpoint], marks: Iterable[int], address: bytes, table: IpvsTable
) -> bool | None:
    """Return whether a server gets traffic of its virtual server now; None: that is not in the table.

    Of a group's several, whether it gets any. A server that is there with weight 0 gets none: so keepalived leaves one
    that failed, by inhibit_on_failure.
    """
    services = [table.fwmarks[mark] for mark in marks if mark in table.fwmarks]
    for endpoint in endpoints:
        for port in (endpoint.port, 0):
            service = table.services.get((protocol, endpoint.vip, port))
            if service is not None:
                services.append(service)
    if not services:
        return None
    return any(
        destination.weight > 0
        for service in services
        for (real_ip, _), destination in service.items()
        if real_ip == address
    )


def marks_of(endpoints: Collection[Endpoint], fwmarks: Mapping[int, Marked]) -> tuple[int, ...]:
    """Return the firewall marks that stand for one of these endpoints."""
    wanted = {(endpoint.vip, endpoint.port) for endpoint in endpoints}
    return tuple(
        mark
        for mark, meant in fwmarks.items()
        if any((endpoint.vip, endpoint.port) in wanted for endpoint in meant.endpoints)
    )
