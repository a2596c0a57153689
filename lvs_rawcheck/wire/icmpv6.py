# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMPv6: echo, errors with the packet that they quote, and neighbour discovery.

Reading list: RFC 4443 (messages), RFC 4861 4.3, 4.4, 4.6.1 (solicitation, advertisement, link-layer address
option) and 7.1 (what makes them valid), RFC 4291 2.7.1 (solicited-node multicast address).
"""

from __future__ import annotations

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.address import IPV6_OCTETS, MAC_OCTETS
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.icmp import HEADER_OCTETS, IcmpMessage, parse_with_sum, to_octets_with_sum
from lvs_rawcheck.wire.ip import PROTO_ICMPV6
from lvs_rawcheck.wire.quotation import QuotedFlow, parse_quoted_ipv6
from lvs_rawcheck.wire.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.wire.ip import Packet

DESTINATION_UNREACHABLE = 1
PACKET_TOO_BIG = 2
TIME_EXCEEDED = 3
PARAMETER_PROBLEM = 4
ECHO_REQUEST = 128
ECHO_REPLY = 129
NEIGHBOUR_SOLICITATION = 135
NEIGHBOUR_ADVERTISEMENT = 136
REDIRECT = 137

# The messages that say "your packet did not arrive".
ERRORS = (DESTINATION_UNREACHABLE, PACKET_TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM)

NEIGHBOUR_HOP_LIMIT = 255  # no router passed it on; RFC 4861 7.1.1, 7.1.2

# Flags of an advertisement, RFC 4861 4.4.
ROUTER = 0x80
SOLICITED = 0x40
OVERRIDE = 0x20

_SOURCE_LINK_LAYER = 1  # option of a solicitation, RFC 4861 4.6.1
_TARGET_LINK_LAYER = 2  # option of an advertisement
_OPTION_UNIT = 8  # octets
_UNSPECIFIED = bytes(IPV6_OCTETS)
_SOLICITED_NODE_PREFIX = bytes.fromhex("ff0200000000000000000001ff")


def parse_icmpv6(octets: bytes, offset: int, end: int, pseudo_sum: int) -> IcmpMessage:
    """Return the ICMPv6 message that lies at octets[offset:end], its checksum verified.

    pseudo_sum: from `pseudo_header_sum(source, destination, PROTO_ICMPV6)`, which RFC 4443 2.3 includes.
    """
    return parse_with_sum(octets[offset:end], pseudo_sum + end - offset)


def icmpv6_to_octets(message: IcmpMessage, source: bytes, destination: bytes) -> bytes:
    """Return the message as the payload of an IPv6 packet between these addresses."""
    length = HEADER_OCTETS + len(message.body)
    return to_octets_with_sum(message, pseudo_header_sum(source, destination, PROTO_ICMPV6) + length)


def echo_request(identifier: int, sequence: int, data: bytes) -> IcmpMessage:
    """Return the request; identifier and sequence 0..65535 come back in the reply with the data."""
    return IcmpMessage(ECHO_REQUEST, 0, _echo_rest(identifier, sequence), data)


def echo_reply(identifier: int, sequence: int, data: bytes) -> IcmpMessage:
    """Return the reply to a request with these numbers and data."""
    return IcmpMessage(ECHO_REPLY, 0, _echo_rest(identifier, sequence), data)


def _echo_rest(identifier: int, sequence: int) -> bytes:
    return identifier.to_bytes(2, "big") + sequence.to_bytes(2, "big")


def quoted_flow(message: IcmpMessage) -> QuotedFlow:
    """Return which flow an ICMPv6 error is about; a message that is no error raises WireError."""
    if message.type not in ERRORS:
        raise WireError(f"ICMPv6 type {message.type} is no error")
    return parse_quoted_ipv6(message.body)


class NeighbourMessage(Value):
    """A neighbour solicitation or advertisement.

    `mac` is the link-layer address option (of the source in a solicitation, of the target in an
    advertisement) or None; `flags` are ROUTER, SOLICITED, OVERRIDE, 0 in a solicitation.
    """

    __slots__ = ("flags", "mac", "target", "type")

    def __init__(self, type: int, target: bytes, mac: bytes | None, flags: int) -> None:
        self.type = type
        self.target = target
        self.mac = mac
        self.flags = flags

    def to_message(self) -> IcmpMessage:
        """Return it as an ICMPv6 message; the packet's hop limit must be NEIGHBOUR_HOP_LIMIT."""
        option = b"" if self.mac is None else bytes((_link_layer_option(self.type), 1)) + self.mac
        return IcmpMessage(self.type, 0, bytes((self.flags, 0, 0, 0)), self.target + option)


def neighbour_solicitation(target: bytes, own_mac: bytes) -> NeighbourMessage:
    """Return the question who has `target`, which tells the one asked our own MAC."""
    return NeighbourMessage(NEIGHBOUR_SOLICITATION, target, own_mac, 0)


def neighbour_advertisement(target: bytes, mac: bytes, flags: int) -> NeighbourMessage:
    """Return the answer that `mac` has `target`."""
    return NeighbourMessage(NEIGHBOUR_ADVERTISEMENT, target, mac, flags)


def parse_neighbour(message: IcmpMessage, packet: Packet) -> NeighbourMessage:
    """Return the solicitation or advertisement that came in `packet`, if RFC 4861 7.1 calls it valid."""
    if message.type not in (NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT):
        raise WireError(f"ICMPv6 type {message.type} is not neighbour discovery")
    if packet.ttl != NEIGHBOUR_HOP_LIMIT or message.code != 0:
        raise WireError(f"neighbour discovery from afar: hop limit {packet.ttl}, code {message.code}")
    target = message.body[:IPV6_OCTETS]
    if len(target) < IPV6_OCTETS:
        raise Truncated(f"neighbour discovery truncated: {len(message.body)} octets of body")
    if is_multicast(target):
        raise WireError("neighbour discovery about a multicast address")
    mac = _find_mac(message.body[IPV6_OCTETS:], _link_layer_option(message.type))
    if message.type == NEIGHBOUR_SOLICITATION:
        _judge_solicitation(packet, mac)
        return NeighbourMessage(message.type, target, mac, 0)
    if is_multicast(packet.destination) and message.rest[0] & SOLICITED:
        raise WireError("neighbour advertisement to all nodes says that it was solicited")
    return NeighbourMessage(message.type, target, mac, message.rest[0] & (ROUTER | SOLICITED | OVERRIDE))


def _judge_solicitation(packet: Packet, mac: bytes | None) -> None:
    """Raise WireError for a solicitation without source that is no duplicate detection (7.1.1)."""
    if packet.source != _UNSPECIFIED:
        return
    if mac is not None or not packet.destination.startswith(_SOLICITED_NODE_PREFIX):
        raise WireError("neighbour solicitation from nobody")


def _link_layer_option(message_type: int) -> int:
    return _SOURCE_LINK_LAYER if message_type == NEIGHBOUR_SOLICITATION else _TARGET_LINK_LAYER


def _find_mac(options: bytes, wanted: int) -> bytes | None:
    """Return the MAC of the first option of this type; options are type, length in 8 octets, content."""
    mac = None
    position = 0
    while position < len(options):
        length = options[position + 1] * _OPTION_UNIT if position + 1 < len(options) else 0
        if length == 0 or position + length > len(options):
            raise WireError(f"neighbour discovery option has an impossible length: {length}")
        if options[position] == wanted and mac is None:
            if length != _OPTION_UNIT:
                raise WireError(f"link-layer address of {length - 2} octets is no MAC")
            mac = options[position + 2 : position + 2 + MAC_OCTETS]
        position += length
    return mac


def is_multicast(address: bytes) -> bool:
    """Return whether an IPv6 address is of ff00::/8 (RFC 4291 2.7)."""
    return address[0] == 0xFF


def solicited_node_address(target: bytes) -> bytes:
    """Return ff02::1:ffXX:XXXX, the group that the holder of `target` listens to (RFC 4291 2.7.1)."""
    return _SOLICITED_NODE_PREFIX + target[-3:]
