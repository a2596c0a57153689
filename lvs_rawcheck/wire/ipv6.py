# SPDX-License-Identifier: GPL-2.0-or-later
"""The IPv6 header, and the extension headers that may stand before a payload.

Reading list: RFC 8200 3 (header), 4 (extension headers), 4.4 (routing). Jumbograms (RFC 2675) are refused.
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.value import Value

HEADER_OCTETS = 40
PAYLOAD_OCTETS_MAX = 0xFFFF
HOP_LIMIT_DEFAULT = 64  # Linux' default

HOP_BY_HOP = 0
ROUTING = 43
FRAGMENT = 44
DESTINATION_OPTIONS = 60

EXTENSION_HEADERS_MAX = 8  # RFC 8200 4.1 lists five at most that we walk; a bound, so that none can loop

_HEADER = Struct("!IHBB16s16s")
_unpack_header = _HEADER.unpack_from


class Ipv6Packet(Value):
    """An IPv6 packet read where it lies: its payload is octets[payload_offset:end].

    `protocol` is the last next header, that of the payload, and `ttl` the hop limit: the names are those of
    IPv4, so that what follows need not ask which of the two it has.
    """

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


def parse_ipv6(octets: bytes) -> Ipv6Packet:
    """Return the packet at the start of `octets`; padding may follow it. Fragments raise WireError."""
    if len(octets) < HEADER_OCTETS:
        raise Truncated(f"IPv6 header truncated: {len(octets)} octets")
    version_class_flow, payload_length, next_header, hop_limit, source, destination = _unpack_header(octets)
    if version_class_flow >> 28 != 6:
        raise WireError(f"IPv6 header says version {version_class_flow >> 28}")
    end = HEADER_OCTETS + payload_length
    if end > len(octets):
        raise Truncated(f"IPv6 packet truncated: {len(octets)} octets, header says {end}")
    protocol, payload_offset = walk_extension_headers(octets, next_header, HEADER_OCTETS, end)
    return Ipv6Packet(source, destination, protocol, hop_limit, payload_offset, end)


def walk_extension_headers(octets: bytes, next_header: int, offset: int, end: int) -> tuple[int, int]:
    """Return the protocol of the payload and where it starts, past the extension headers at `offset`.

    Hop-by-hop options, routing and destination options are passed over (RFC 8200 4.3, 4.4, 4.6: next header,
    then the length in units of 8 octets less one). Anything that is no extension header ends the walk.
    """
    for _ in range(EXTENSION_HEADERS_MAX):
        if next_header not in (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS):
            return next_header, offset
        if next_header == FRAGMENT:
            raise WireError("IPv6 fragment")
        if offset + 8 > end or offset + 8 * (octets[offset + 1] + 1) > end:
            raise Truncated(f"IPv6 extension header {next_header} truncated")
        if next_header == ROUTING and octets[offset + 3]:
            # Its destination field is not yet its destination, so the pseudo-header is another one.
            raise WireError("IPv6 packet is still on its way: routing header with segments left")
        next_header, offset = octets[offset], offset + 8 * (octets[offset + 1] + 1)
    raise WireError(f"more than {EXTENSION_HEADERS_MAX} IPv6 extension headers")


def ipv6_header(
    source: bytes, destination: bytes, protocol: int, payload_length: int, ttl: int = HOP_LIMIT_DEFAULT
) -> bytes:
    """Return the 40 octets of a header without extensions for a payload of so many octets."""
    if payload_length > PAYLOAD_OCTETS_MAX:
        raise WireError(f"IPv6 payload of {payload_length} octets is too long")
    return _HEADER.pack(6 << 28, payload_length, protocol, ttl, source, destination)
