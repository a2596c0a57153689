# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking and being answered by neighbour discovery.

Reading list: RFC 4861 7.1 (validity), 7.2.2 (sending solicitations), 7.2.4 and 7.2.5 (advertisements).
"""

from __future__ import annotations

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV6, multicast_mac
from lvs_rawcheck.wire.icmpv6 import (
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_HOP_LIMIT,
    SOLICITED,
    NeighbourMessage,
    icmpv6_to_octets,
    neighbour_solicitation,
    parse_icmpv6,
    parse_neighbour,
    solicited_node_address,
)
from lvs_rawcheck.wire.ip import PROTO_ICMPV6, build_packet
from lvs_rawcheck.wire.ipv6 import parse_ipv6


class OverNdp:
    """The words of a resolver for IPv6; addresses of 16 octets, MACs of 6; ask_mac None: ask by multicast."""

    __slots__ = ("_ask_mac", "_own_ip", "_own_mac", "_target_ip")

    def __init__(self, target_ip: bytes, own_ip: bytes, own_mac: bytes, ask_mac: bytes | None) -> None:
        self._target_ip = target_ip
        self._own_ip = own_ip
        self._own_mac = own_mac
        self._ask_mac = ask_mac

    def question(self) -> tuple[bytes, bytes, int]:
        """Return octets, destination MAC and ethertype of a solicitation."""
        destination = solicited_node_address(self._target_ip) if self._ask_mac is None else self._target_ip
        message = neighbour_solicitation(self._target_ip, self._own_mac).to_message()
        payload = icmpv6_to_octets(message, self._own_ip, destination)
        packet = build_packet(self._own_ip, destination, PROTO_ICMPV6, payload, NEIGHBOUR_HOP_LIMIT)
        return packet, self._ask_mac or multicast_mac(destination), ETHERTYPE_IPV6

    def answer(self, octets: bytes, source_mac: bytes, ethertype: int) -> bytes | None:
        """Return the MAC that the frame gives the target, or None when it is no answer to our question.

        An advertisement that answers is sent to the one who asked and says so (7.2.4). It may leave its MAC
        out when the question came by unicast, and then it is the frame's; else it is no answer (7.2.5).
        """
        if ethertype != ETHERTYPE_IPV6:
            return None
        try:
            message = self._parse(octets)
        except WireError:
            return None
        if message is None or message.target != self._target_ip:
            return None
        if message.mac is None and self._ask_mac is not None:
            return source_mac
        return message.mac

    def _parse(self, octets: bytes) -> NeighbourMessage | None:
        packet = parse_ipv6(octets)
        if packet.protocol != PROTO_ICMPV6 or packet.destination != self._own_ip:
            return None
        pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_ICMPV6)
        message = parse_neighbour(parse_icmpv6(octets, packet.payload_offset, packet.end, pseudo_sum), packet)
        solicited = message.type == NEIGHBOUR_ADVERTISEMENT and message.flags & SOLICITED
        return message if solicited else None
