# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP messages: echo, and errors with the packet that they quote.

Reading list: RFC 792, RFC 1122 3.2.2, RFC 1812 5.2.7.1 (codes of destination unreachable).
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.checksum import internet_checksum, is_intact
from lvs_rawcheck.wire.quotation import QuotedFlow, parse_quoted_ipv4
from lvs_rawcheck.wire.value import Value

ECHO_REPLY = 0
DESTINATION_UNREACHABLE = 3
REDIRECT = 5
ECHO_REQUEST = 8
TIME_EXCEEDED = 11
PARAMETER_PROBLEM = 12

# The messages that say "your packet did not arrive". A redirect quotes too, but the packet went on.
ERRORS = (DESTINATION_UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM)

HEADER_OCTETS = 8
_HEADER = Struct("!BBH4s")
_ECHO_NUMBERS = Struct("!HH")


class IcmpMessage(Value):
    """A message of ICMP or ICMPv6: `rest` is the four octets after the checksum, `body` what follows."""

    __slots__ = ("body", "code", "rest", "type")

    def __init__(self, type: int, code: int, rest: bytes, body: bytes) -> None:
        self.type = type
        self.code = code
        self.rest = rest
        self.body = body


def parse_icmp(octets: bytes, offset: int, end: int) -> IcmpMessage:
    """Return the ICMP message that lies at octets[offset:end], its checksum verified."""
    return parse_with_sum(octets[offset:end], 0)


def icmp_to_octets(message: IcmpMessage) -> bytes:
    """Return the message as an IPv4 payload."""
    return to_octets_with_sum(message, 0)


def parse_with_sum(octets: bytes, initial: int) -> IcmpMessage:
    """Return the message that `octets` are; initial: a sum that the checksum includes, 0 for ICMP."""
    if len(octets) < HEADER_OCTETS:
        raise Truncated(f"ICMP message truncated: {len(octets)} octets")
    if not is_intact(octets, initial):
        raise BadChecksum("ICMP checksum is wrong")
    type_, code, _, rest = _HEADER.unpack_from(octets)
    return IcmpMessage(type_, code, rest, octets[HEADER_OCTETS:])


def to_octets_with_sum(message: IcmpMessage, initial: int) -> bytes:
    """Return the octets of a message; initial: a sum that the checksum includes, 0 for ICMP."""
    blank = _HEADER.pack(message.type, message.code, 0, message.rest) + message.body
    return blank[:2] + internet_checksum(blank, initial).to_bytes(2, "big") + blank[4:]


def echo_request(identifier: int, sequence: int, data: bytes) -> IcmpMessage:
    """Return the request; identifier and sequence 0..65535 come back in the reply with the data."""
    return IcmpMessage(ECHO_REQUEST, 0, _ECHO_NUMBERS.pack(identifier, sequence), data)


def echo_reply(identifier: int, sequence: int, data: bytes) -> IcmpMessage:
    """Return the reply to a request with these numbers and data."""
    return IcmpMessage(ECHO_REPLY, 0, _ECHO_NUMBERS.pack(identifier, sequence), data)


def echo_numbers(message: IcmpMessage) -> tuple[int, int]:
    """Return identifier and sequence number of an echo request or reply, of ICMP or ICMPv6."""
    identifier, sequence = _ECHO_NUMBERS.unpack(message.rest)
    return identifier, sequence


def quoted_flow(message: IcmpMessage) -> QuotedFlow:
    """Return which flow an ICMP error is about; a message that is no error raises WireError."""
    if message.type not in ERRORS:
        raise WireError(f"ICMP type {message.type} is no error")
    return parse_quoted_ipv4(message.body)
