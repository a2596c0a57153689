# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP and ICMPv6 errors about our own packets: which ones end a check, and what they say.

Reading list: RFC 792, RFC 1812 5.2.7 (codes), RFC 4443 3. "Fragmentation needed" and "packet too big" are
left out: our segments fit the interface, so such an answer is about somebody else's packet or forged.
Redirects are no errors.
"""

from __future__ import annotations

from lvs_rawcheck.wire import icmp, icmpv6
from lvs_rawcheck.wire.address import format_address
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.wire.ipv4 import Ipv4Packet
    from lvs_rawcheck.wire.ipv6 import Ipv6Packet
    from lvs_rawcheck.wire.quotation import QuotedFlow

ICMP_MEANINGS = {
    (3, 0): "network unreachable",
    (3, 1): "host unreachable",
    (3, 2): "protocol unreachable",
    (3, 3): "port unreachable",
    (3, 5): "source route failed",
    (3, 9): "network administratively prohibited",
    (3, 10): "host administratively prohibited",
    (3, 13): "administratively prohibited",
    (11, 0): "TTL exceeded",
}
ICMPV6_MEANINGS = {
    (1, 0): "no route",
    (1, 1): "administratively prohibited",
    (1, 3): "address unreachable",
    (1, 4): "port unreachable",
    (1, 5): "source address failed policy",
    (1, 6): "route rejected",
    (3, 0): "hop limit exceeded",
    (4, 1): "protocol unknown",
}
_ICMP_ERRORS = (3, 11, 12)  # destination unreachable, time exceeded, parameter problem
_ICMPV6_ERRORS = (1, 3, 4)  # the same
_FRAGMENTATION_NEEDED = (3, 4)


class IcmpError:
    """One error: the flow that it quotes, and what it says as a sentence with type and code."""

    __slots__ = ("flow", "sentence")

    def __init__(self, flow: QuotedFlow, sentence: str) -> None:
        self.flow = flow
        self.sentence = sentence


def read_error(octets: bytes, packet: Ipv4Packet | Ipv6Packet) -> IcmpError | None:
    """Return the error in an IP packet, None if it is another message; WireError if it is broken."""
    if packet.protocol == PROTO_ICMP:
        message = icmp.parse_icmp(octets, packet.payload_offset, packet.end)
        name, errors, meanings, quoted_flow = "ICMP", _ICMP_ERRORS, ICMP_MEANINGS, icmp.quoted_flow
    else:
        pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_ICMPV6)
        message = icmpv6.parse_icmpv6(octets, packet.payload_offset, packet.end, pseudo_sum)
        name, errors, meanings, quoted_flow = "ICMPv6", _ICMPV6_ERRORS, ICMPV6_MEANINGS, icmpv6.quoted_flow
    kind = (message.type, message.code)
    if message.type not in errors or (name == "ICMP" and kind == _FRAGMENTATION_NEEDED):
        return None
    meaning = f" ({meanings[kind]})" if kind in meanings else ""
    sender = format_address(packet.source)
    return IcmpError(quoted_flow(message), f"{name} {message.type}/{message.code}{meaning} from {sender}")
