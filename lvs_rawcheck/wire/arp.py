# SPDX-License-Identifier: GPL-2.0-or-later
"""ARP for IPv4 over Ethernet.

Reading list: RFC 826; RFC 5227 section 1.1 (who is meant by sender and target).
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.address import IPV4_OCTETS, MAC_OCTETS
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4
from lvs_rawcheck.wire.value import Value

REQUEST = 1
REPLY = 2

_HARDWARE_ETHERNET = 1
_KIND = (_HARDWARE_ETHERNET, ETHERTYPE_IPV4, MAC_OCTETS, IPV4_OCTETS)
_PACKET = Struct("!HHBBH6s4s6s4s")


class ArpPacket(Value):
    """One ARP packet; `operation` is REQUEST, REPLY or another number 0..65535."""

    __slots__ = ("operation", "sender_ip", "sender_mac", "target_ip", "target_mac")

    def __init__(
        self, operation: int, sender_mac: bytes, sender_ip: bytes, target_mac: bytes, target_ip: bytes
    ) -> None:
        self.operation = operation
        self.sender_mac = sender_mac
        self.sender_ip = sender_ip
        self.target_mac = target_mac
        self.target_ip = target_ip

    def to_octets(self) -> bytes:
        """Return the 28 octets."""
        return _PACKET.pack(*_KIND, self.operation, self.sender_mac, self.sender_ip, self.target_mac, self.target_ip)


def parse_arp(octets: bytes) -> ArpPacket:
    """Return the packet at the start of `octets`; padding may follow it.

    Hardware other than Ethernet and protocols other than IPv4 raise WireError.
    """
    if len(octets) < _PACKET.size:
        raise Truncated(f"ARP packet truncated: {len(octets)} octets")
    *kind, operation, sender_mac, sender_ip, target_mac, target_ip = _PACKET.unpack_from(octets)
    if tuple(kind) != _KIND:
        raise WireError("ARP packet is not about IPv4 over Ethernet")
    return ArpPacket(operation, sender_mac, sender_ip, target_mac, target_ip)
