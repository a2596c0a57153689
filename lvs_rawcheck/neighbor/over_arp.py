# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking and being answered by ARP.

Reading list: RFC 826; RFC 1122 2.3.2.1 (unicast poll); RFC 5227 for what the addresses mean.

The sender of a question is the director's own address, never the VIP: a question with the VIP as sender
would make every host of the segment take the director for its owner.
"""

from __future__ import annotations

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.address import MAC_OCTETS
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket, parse_arp
from lvs_rawcheck.wire.ethernet import BROADCAST, ETHERTYPE_ARP

_UNKNOWN_MAC = bytes(MAC_OCTETS)


class OverArp:
    """The words of a resolver for IPv4; addresses of 4 octets, MACs of 6; ask_mac None: ask by broadcast."""

    __slots__ = ("_ask_mac", "_own_ip", "_own_mac", "_target_ip")

    def __init__(self, target_ip: bytes, own_ip: bytes, own_mac: bytes, ask_mac: bytes | None) -> None:
        self._target_ip = target_ip
        self._own_ip = own_ip
        self._own_mac = own_mac
        self._ask_mac = ask_mac

    def question(self) -> tuple[bytes, bytes, int]:
        """Return octets, destination MAC and ethertype of "who has target"."""
        request = ArpPacket(REQUEST, self._own_mac, self._own_ip, _UNKNOWN_MAC, self._target_ip)
        return request.to_octets(), self._ask_mac or BROADCAST, ETHERTYPE_ARP

    def answer(self, octets: bytes, source_mac: bytes, ethertype: int) -> bytes | None:
        """Return the MAC that the frame gives the target, or None when it is no answer to our question.

        A gratuitous reply names the sender as target too, so it is not to us. The MAC in the packet counts,
        not the frame's: bonding in modes 5 and 6 sends from another slave than the one it names.
        """
        if ethertype != ETHERTYPE_ARP:
            return None
        try:
            packet = parse_arp(octets)
        except WireError:
            return None
        if packet.operation != REPLY:
            return None
        if packet.sender_ip != self._target_ip or packet.target_ip != self._own_ip:
            return None
        return packet.sender_mac
