# SPDX-License-Identifier: GPL-2.0-or-later
"""Keepalived's servers against the kernel's table: whoever has failed gets no traffic, whoever is well gets some.

Reading list: keepalived's ipwrapper.c: a failed server leaves the table, or with `inhibit_on_failure` stays in it with
weight 0; without a quorum all leave it, and the sorry server takes their place. What differs is looked at twice: the
dump and the table are read one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lvs_rawcheck.config.keepalived.addresses import RangeError, addresses_between
from lvs_rawcheck.diagnose.verify.finding import Finding
from lvs_rawcheck.director.ipvs import Address, Destination, IpvsTable
from lvs_rawcheck.director.keepalived_dump import Dump, LiveRealServer, LiveVirtualServer
from lvs_rawcheck.wire.address import format_address, format_endpoint, parse_address

_NAT = "NAT"
_LOOK = "look at ipvsadm -Ln: find who else writes to the table, then restart keepalived"


@dataclass(frozen=True, slots=True)
class _Service:
    """One of the kernel's services that a virtual server stands for. vip: None for a firewall mark."""

    name: str
    vip: bytes | None
    port: int
    """That destinations have under direct routing: 0 keeps the packet's own."""
    found: dict[Address, Destination]


def table_findings(dump: Dump, table: IpvsTable, keys: Collection[str]) -> Iterator[Finding]:
    """Yield where keepalived and kernel disagree about the servers of the virtual servers of these keys."""
    for virtual in dump.virtual_servers:
        if virtual.key in keys:
            for service in _services(virtual, dump, table):
                yield from _compare(virtual, service)


def _services(virtual: LiveVirtualServer, dump: Dump, table: IpvsTable) -> Iterator[_Service]:
    if virtual.address is not None:
        yield _of_address(virtual.protocol, virtual.address, virtual.port, table)
    elif virtual.fwmark is not None:
        yield _of_mark(virtual.fwmark, table)
    elif virtual.group is not None and (group := dump.groups.get(virtual.group)) is not None:
        for first, last, port in group.ranges:
            try:
                addresses = addresses_between(first, last)
            except RangeError:
                continue  # thousands of addresses: one by one they are not looked at
            for address in addresses:
                yield _of_address(virtual.protocol, parse_address(address), port, table)
        for mark in group.fwmarks:
            yield _of_mark(mark, table)


def _of_address(protocol: str, vip: bytes, port: int, table: IpvsTable) -> _Service:
    found = table.services.get((protocol, vip, port), {})
    return _Service(f"{protocol} {format_endpoint(vip, port)}", vip, port, found)


def _of_mark(mark: int, table: IpvsTable) -> _Service:
    return _Service(f"fwmark {mark}", None, 0, table.fwmarks.get(mark, {}))


def _compare(virtual: LiveVirtualServer, service: _Service) -> Iterator[Finding]:
    expected: set[Address] = set()
    for real in virtual.real_servers:
        if real.method != _NAT and service.vip is not None and len(service.vip) != len(real.address):
            continue  # a group of both families
        place = (real.address, real.port if real.method == _NAT else service.port)
        expected.add(place)
        yield from _compare_server(real, place, service)
    if not virtual.sorry_server:
        for place in set(service.found) - expected:
            yield _finding("foreign", place, service, "in the kernel's table, but keepalived does not know it")


def _compare_server(real: LiveRealServer, place: Address, service: _Service) -> Iterator[Finding]:
    found = service.found.get(place)
    if not real.alive and found is not None and found.weight > 0:
        what = f"failed, as keepalived says, but the kernel forwards to it with weight {found.weight}"
        yield _finding("failed-in-table", place, service, what)
    elif real.in_table and found is None:
        yield _finding("not-in-table", place, service, "in the table as keepalived believes, but not in the kernel's")


def _finding(kind: str, place: Address, service: _Service, what: str) -> Finding:
    where = f"{format_endpoint(*place) if place[1] else format_address(place[0])} of {service.name}"
    return Finding(kind, where, what, _LOOK, passing=True)
