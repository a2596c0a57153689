# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP segments of one flow as whole IP packets, built as fast as Python can.

Reading list: RFC 9293 3.1, RFC 791 3.1, RFC 8200 3 and 8.1, RFC 1071 (section 2 (B): sums may be added up in
any grouping).

Everything that a flow does not change is packed once, and its share of the two checksums summed once. A
segment then costs one `pack` and two remainders: words wider than 16 bits are added as they are, because
2^16 is congruent to 1 modulo 0xffff.
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.address import IPV4_OCTETS
from lvs_rawcheck.wire.checksum import ones_sum, pseudo_header_sum
from lvs_rawcheck.wire.ip import PROTO_TCP, TTL_DEFAULT
from lvs_rawcheck.wire.ipv4 import HEADER_OCTETS as IPV4_HEADER_OCTETS
from lvs_rawcheck.wire.ipv4 import ipv4_header
from lvs_rawcheck.wire.ipv6 import ipv6_header
from lvs_rawcheck.wire.tcp import HEADER_OCTETS, OPTIONS_OCTETS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.wire.tcp import Segment

_PAYLOAD_OCTETS_MAX = 0xFFFF - IPV4_HEADER_OCTETS - HEADER_OCTETS - OPTIONS_OCTETS_MAX

_pack_ports = Struct("!HH").pack
# The IP header around its length (and IPv4's checksum), then ports, then the fields that a segment fills in.
_pack_over_ipv4 = Struct("!2sH6sH12sIIHHHH").pack
_pack_over_ipv6 = Struct("!4sH38sIIHHHH").pack


class AddressPair:
    """What all flows between two addresses have in common.

    source, destination: addresses of one family; ttl (hop limit) 1..255.
    """

    __slots__ = ("after_length", "before_length", "ip_sum", "pseudo_sum", "tail")

    def __init__(self, source: bytes, destination: bytes, ttl: int = TTL_DEFAULT) -> None:
        self.pseudo_sum = pseudo_header_sum(source, destination, PROTO_TCP)
        """The TCP pseudo-header's, without length: the same in both directions, since addition commutes."""
        if len(source) == IPV4_OCTETS:
            header = ipv4_header(source, destination, PROTO_TCP, 0, ttl)
            self.before_length, self.after_length, self.tail = header[:2], header[4:10], header[12:]
            self.ip_sum = ones_sum(header[:2] + header[4:10] + header[12:])
        else:
            header = ipv6_header(source, destination, PROTO_TCP, 0, ttl)
            self.before_length, self.after_length, self.tail = header[:4], b"", header[6:]
            self.ip_sum = 0  # IPv6 has no header checksum


class SegmentTemplate:
    """The packets of one direction of one flow.

    Ports 1..65535; the ports of a segment given to `packet` are not looked at: they are the flow's.
    """

    __slots__ = ("_after_length", "_before_length", "_ends", "_ip_sum", "_tcp_sum")

    def __init__(self, addresses: AddressPair, source_port: int, destination_port: int) -> None:
        self._before_length = addresses.before_length
        self._after_length = addresses.after_length
        self._ip_sum = addresses.ip_sum
        self._ends = addresses.tail + _pack_ports(source_port, destination_port)
        self._tcp_sum = addresses.pseudo_sum + source_port + destination_port

    def packet(self, segment: Segment) -> bytes:
        """Return the IP packet of `segment`, checksums included.

        The options must be a multiple of four octets, at most 40, and the whole must fit an IPv4 packet.
        """
        seq = segment.seq
        ack = segment.ack
        window = segment.window
        urgent = segment.urgent
        rest = segment.options + segment.payload
        word = 0x5000 | segment.flags
        length = HEADER_OCTETS
        total = self._tcp_sum + seq + ack + window + urgent
        if rest:
            word += _options_share(segment) << 12
            length += len(rest)
            total += ones_sum(rest)
        checksum = -(total + word + length) % 0xFFFF
        if not self._ip_sum:
            return (
                _pack_over_ipv6(self._before_length, length, self._ends, seq, ack, word, window, checksum, urgent)
                + rest
            )
        total_length = IPV4_HEADER_OCTETS + length
        return (
            _pack_over_ipv4(
                self._before_length,
                total_length,
                self._after_length,
                -(self._ip_sum + total_length) % 0xFFFF,
                self._ends,
                seq,
                ack,
                word,
                window,
                checksum,
                urgent,
            )
            + rest
        )


def _options_share(segment: Segment) -> int:
    """Return how many 32-bit words the options add to the data offset, 0..10, or raise WireError."""
    octets = len(segment.options)
    if octets & 3 or octets > OPTIONS_OCTETS_MAX:
        raise WireError(f"TCP options must be a multiple of four octets, at most 40: {octets}")
    if len(segment.payload) > _PAYLOAD_OCTETS_MAX:
        raise WireError(f"TCP payload of {len(segment.payload)} octets is too long for a packet")
    return octets >> 2
