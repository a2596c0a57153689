# SPDX-License-Identifier: GPL-2.0-or-later
"""IP of either version: the family is the version nibble of a packet and the length of an address.

Reading list: the IANA registry of protocol numbers; `ipv4.py` and `ipv6.py` for the headers.
"""

from __future__ import annotations

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.address import IPV4_OCTETS
from lvs_rawcheck.wire.ipv4 import Ipv4Packet, ipv4_header, parse_ipv4
from lvs_rawcheck.wire.ipv6 import Ipv6Packet, ipv6_header, parse_ipv6

TYPE_CHECKING = False
if TYPE_CHECKING:
    Packet = Ipv4Packet | Ipv6Packet

PROTO_ICMP = 1
PROTO_TCP = 6
PROTO_UDP = 17
PROTO_ICMPV6 = 58
PROTO_SCTP = 132

TTL_DEFAULT = 64  # hops


def parse_packet(octets: bytes) -> Packet:
    """Return the packet at the start of `octets`, of the version that its first four bits name."""
    if not octets:
        raise Truncated("IP packet truncated: 0 octets")
    version = octets[0] >> 4
    if version == 4:
        return parse_ipv4(octets)
    if version == 6:
        return parse_ipv6(octets)
    raise WireError(f"neither IPv4 nor IPv6: version {version}")


def build_packet(source: bytes, destination: bytes, protocol: int, payload: bytes, ttl: int = TTL_DEFAULT) -> bytes:
    """Return a whole packet; source and destination are of one family, ttl (hop limit) 1..255."""
    header = ipv4_header if len(source) == IPV4_OCTETS else ipv6_header
    return header(source, destination, protocol, len(payload), ttl) + payload
