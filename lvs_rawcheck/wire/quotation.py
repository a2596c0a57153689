# SPDX-License-Identifier: GPL-2.0-or-later
"""The beginning of a packet, as an ICMP error quotes it.

Reading list: RFC 792 (IP header and 64 bits of data), RFC 1812 4.3.2.3 (more), RFC 4443 2.4 (c) (as much as
fits), RFC 4884 (padding and extensions after it).

A quotation is cut short, so its length fields exceed what is there and no checksum can be verified. What
matters is the flow: with the sequence number, few besides those who saw the packet can name it.
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP
from lvs_rawcheck.wire.ipv4 import FRAGMENT_OFFSET
from lvs_rawcheck.wire.ipv4 import HEADER_OCTETS as IPV4_HEADER_OCTETS
from lvs_rawcheck.wire.ipv6 import HEADER_OCTETS as IPV6_HEADER_OCTETS
from lvs_rawcheck.wire.ipv6 import walk_extension_headers
from lvs_rawcheck.wire.value import Value

_unpack_ipv4 = Struct("!BxxxxxHxBxx4s4s").unpack_from
_unpack_ipv6 = Struct("!BxxxxxBx16s16s").unpack_from
_unpack_ports_and_seq = Struct("!HHI").unpack_from
_unpack_echo_identifier = Struct("!BxxxHxx").unpack_from
_QUOTED_PAYLOAD_OCTETS = 8
_WITH_PORTS = (PROTO_TCP, PROTO_UDP, PROTO_SCTP)
_ECHO_REQUESTS = {PROTO_ICMP: 8, PROTO_ICMPV6: 128}  # RFC 792, RFC 4443 4.1


class QuotedFlow(Value):
    """Whose packet was quoted: ports are 0 where the protocol has none, `seq` is None where it is not TCP.

    Of an echo request the source port is its identifier: that is what tells whose it was.
    """

    __slots__ = ("destination", "destination_port", "protocol", "seq", "source", "source_port")

    def __init__(
        self,
        source: bytes,
        destination: bytes,
        protocol: int,
        source_port: int,
        destination_port: int,
        seq: int | None,
    ) -> None:
        self.source = source
        self.destination = destination
        self.protocol = protocol
        self.source_port = source_port
        self.destination_port = destination_port
        self.seq = seq


def parse_quoted_ipv4(octets: bytes) -> QuotedFlow:
    """Return the flow of a quoted IPv4 packet, of which the header and 8 octets must be there."""
    if len(octets) < IPV4_HEADER_OCTETS:
        raise Truncated(f"quoted IPv4 header truncated: {len(octets)} octets")
    version_ihl, fragment, protocol, source, destination = _unpack_ipv4(octets)
    header_length = (version_ihl & 0x0F) * 4
    if version_ihl >> 4 != 4 or header_length < IPV4_HEADER_OCTETS:
        raise WireError(f"quoted IPv4 header impossible: version and length {version_ihl:#04x}")
    if fragment & FRAGMENT_OFFSET:
        raise WireError("quoted IPv4 packet is a later fragment: it has no ports")
    return _flow(octets, header_length, source, destination, protocol)


def parse_quoted_ipv6(octets: bytes) -> QuotedFlow:
    """Return the flow of a quoted IPv6 packet, of which the headers and 8 octets must be there."""
    if len(octets) < IPV6_HEADER_OCTETS:
        raise Truncated(f"quoted IPv6 header truncated: {len(octets)} octets")
    version_class, next_header, source, destination = _unpack_ipv6(octets)
    if version_class >> 4 != 6:
        raise WireError(f"quoted IPv6 header says version {version_class >> 4}")
    protocol, offset = walk_extension_headers(octets, next_header, IPV6_HEADER_OCTETS, len(octets))
    return _flow(octets, offset, source, destination, protocol)


def _flow(octets: bytes, offset: int, source: bytes, destination: bytes, protocol: int) -> QuotedFlow:
    number_of_echo = _ECHO_REQUESTS.get(protocol)
    if protocol not in _WITH_PORTS and number_of_echo is None:
        return QuotedFlow(source, destination, protocol, 0, 0, None)
    if len(octets) < offset + _QUOTED_PAYLOAD_OCTETS:
        raise Truncated(f"quoted packet truncated: {len(octets)} octets, its header has {offset}")
    if number_of_echo is not None:
        message_type, identifier = _unpack_echo_identifier(octets, offset)
        return QuotedFlow(source, destination, protocol, identifier if message_type == number_of_echo else 0, 0, None)
    source_port, destination_port, seq = _unpack_ports_and_seq(octets, offset)
    return QuotedFlow(
        source, destination, protocol, source_port, destination_port, seq if protocol == PROTO_TCP else None
    )
