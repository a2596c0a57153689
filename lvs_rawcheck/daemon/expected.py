# SPDX-License-Identifier: GPL-2.0-or-later
"""What the answers to all checks look like: of that the lanes' filters are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.steps import make_talks, protocols_of
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.wire.ip import PROTO_UDP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.link.bpf import Program

_UDP_PORTS_LEAST = 256
"""So long comes no port round again, should there be few checks: a late answer is not taken for one of the next."""
_UDP_PORTS_A_FLOW = 2


class Expected:
    """The addresses, protocols and ports of all checks that there are, or were: only ever more."""

    def __init__(self) -> None:
        self.protocols: set[int] = set()
        self.udp_ports = 0
        """How many of ours are wanted for UDP, which answers may come to from anywhere."""
        self._vips: set[bytes] = set()
        self._real_ips: set[bytes] = set()

    def add(self, requests: Iterable[Request]) -> bool:
        """Take note of all checks that there are; return whether a filter would have to let more pass than before."""
        before = self._measures()
        udp_flows = 0
        for request in requests:
            self._vips.update(request.vips)
            self._real_ips.add(request.real_ip)
            protocols = _protocols(request)
            self.protocols.update(protocols)
            udp_flows += protocols.count(PROTO_UDP) * len(request.endpoints)
        if udp_flows:
            self.udp_ports = max(self.udp_ports, _UDP_PORTS_LEAST, udp_flows * _UDP_PORTS_A_FLOW)
        return self._measures() != before

    def filter(self, director_ip: bytes, udp_ports: Sequence[int], room: int) -> Program:
        """Return the filter of a lane with this address and these ports for UDP, of at most so many octets."""
        size = len(director_ip)
        vips = [vip for vip in self._vips if len(vip) == size]
        real_ips = [address for address in self._real_ips if len(address) == size]
        return reply_filter(director_ip, vips, real_ips, (), tuple(self.protocols), udp_ports, room)

    def _measures(self) -> tuple[int, ...]:
        return len(self._vips), len(self._real_ips), len(self.protocols), self.udp_ports


def _protocols(request: Request) -> list[int]:
    """Return the protocol of every flow to one of its endpoints."""
    talks = make_talks(request.steps, request.endpoints[0])
    return [protocol for talk in talks for protocol in protocols_of(talk)]
