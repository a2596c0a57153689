# SPDX-License-Identifier: GPL-2.0-or-later
"""The IPv4 header.

Reading list: RFC 791 3.1, RFC 6864 (the identification field means nothing on a packet sent with DF).

Only the total length is trusted: Ethernet pads short frames, and the padding may be anything.
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.checksum import internet_checksum
from lvs_rawcheck.wire.value import Value

HEADER_OCTETS = 20  # without options
PACKET_OCTETS_MAX = 0xFFFF
TTL_DEFAULT = 64  # hops, RFC 1700's recommendation and Linux' default

_DONT_FRAGMENT = 0x4000
_MORE_FRAGMENTS = 0x2000
FRAGMENT_OFFSET = 0x1FFF
_HEADER = Struct("!BBHHHBBH4s4s")
_unpack_header = _HEADER.unpack_from


class Ipv4Packet(Value):
    """An IPv4 packet read where it lies: its payload is octets[payload_offset:end]."""

    __slots__ = ("destination", "end", "payload_offset", "protocol", "source", "ttl")

    def __init__(
        self, source: bytes, destination: bytes, protocol: int, ttl: int, payload_offset: int, end: int
    ) -> None:
        self.source = source
        self.destination = destination
        self.protocol = protocol
        self.ttl = ttl
        self.payload_offset = payload_offset
        self.end = end


def parse_ipv4(octets: bytes) -> Ipv4Packet:
    """Return the packet at the start of `octets`; padding may follow it.

    The header checksum is verified (RFC 791 3.1). Fragments raise WireError: no answer to a check is one.
    """
    if len(octets) < HEADER_OCTETS:
        raise Truncated(f"IPv4 header truncated: {len(octets)} octets")
    version_ihl, _, total_length, _, fragment, ttl, protocol, _, source, destination = _unpack_header(octets)
    header_length = (version_ihl & 0x0F) * 4
    if version_ihl >> 4 != 4 or not HEADER_OCTETS <= header_length <= total_length:
        raise WireError(f"IPv4 header impossible: version and length {version_ihl:#04x}, total length {total_length}")
    if total_length > len(octets):
        raise Truncated(f"IPv4 packet truncated: {len(octets)} octets, header says {total_length}")
    if int.from_bytes(octets[:header_length], "big") % 0xFFFF:  # as is_intact: no header is all zeros
        raise BadChecksum("IPv4 header checksum is wrong")
    if fragment & (_MORE_FRAGMENTS | FRAGMENT_OFFSET):
        raise WireError("IPv4 fragment")
    return Ipv4Packet(source, destination, protocol, ttl, header_length, total_length)


def ipv4_header(source: bytes, destination: bytes, protocol: int, payload_length: int, ttl: int = TTL_DEFAULT) -> bytes:
    """Return the 20 octets of a header without options, DF set, for a payload of so many octets."""
    total_length = HEADER_OCTETS + payload_length
    if total_length > PACKET_OCTETS_MAX:
        raise WireError(f"IPv4 packet of {total_length} octets is too long")
    version_ihl = 0x45
    blank = _HEADER.pack(version_ihl, 0, total_length, 0, _DONT_FRAGMENT, ttl, protocol, 0, source, destination)
    return blank[:10] + internet_checksum(blank).to_bytes(2, "big") + blank[12:]
