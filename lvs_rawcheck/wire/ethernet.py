# SPDX-License-Identifier: GPL-2.0-or-later
"""The Ethernet header.

Reading list: RFC 894 (IPv4 over Ethernet), RFC 2464 (IPv6 over Ethernet), IEEE 802.3 3.2.6 (type or length).

The kernel writes and takes off this header for us; it is needed where whole frames are shown or saved.
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.address import MAC_OCTETS
from lvs_rawcheck.wire.value import Value

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD

BROADCAST = b"\xff" * MAC_OCTETS

_ETHERTYPE_MIN = 0x0600  # below, the field is a length: IEEE 802.3 3.2.6
_HEADER = Struct("!6s6sH")


class Ethernet(Value):
    """A frame without its check sequence; the payload may end in padding."""

    __slots__ = ("destination", "ethertype", "payload", "source")

    def __init__(self, destination: bytes, source: bytes, ethertype: int, payload: bytes) -> None:
        self.destination = destination
        self.source = source
        self.ethertype = ethertype
        self.payload = payload

    def to_octets(self) -> bytes:
        """Return the frame, not padded to the Ethernet minimum: that is the interface's affair."""
        return _HEADER.pack(self.destination, self.source, self.ethertype) + self.payload


def parse_ethernet(octets: bytes) -> Ethernet:
    """Return the frame; one with a length in the place of a type raises WireError."""
    if len(octets) < _HEADER.size:
        raise Truncated(f"Ethernet header truncated: {len(octets)} octets")
    destination, source, ethertype = _HEADER.unpack_from(octets)
    if ethertype < _ETHERTYPE_MIN:
        raise WireError(f"Ethernet frame without a type: {ethertype:#06x} is a length")
    return Ethernet(destination, source, ethertype, octets[_HEADER.size :])


def is_unicast_mac(mac: bytes) -> bool:
    """Return whether one station can have this MAC: no group bit (IEEE 802.3 3.2.3), not all zero."""
    return not mac[0] & 1 and any(mac)


def multicast_mac(address: bytes) -> bytes:
    """Return the MAC that an IPv6 multicast address is sent to (RFC 2464 section 7)."""
    return b"\x33\x33" + address[-4:]
