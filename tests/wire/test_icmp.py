# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.icmp import (
    DESTINATION_UNREACHABLE,
    ECHO_REPLY,
    ECHO_REQUEST,
    REDIRECT,
    IcmpMessage,
    echo_numbers,
    echo_reply,
    echo_request,
    icmp_to_octets,
    parse_icmp,
    quoted_flow,
)
from lvs_rawcheck.wire.ip import PROTO_TCP
from lvs_rawcheck.wire.quotation import QuotedFlow
from tests.wire.laws import (
    any_octets,
    gives_value_or_wire_error,
    law,
    payloads,
    refuses_cuts,
    single_bit_flips,
    words,
)

# ICMP echo request, id 0x1234, seq 1, length 20
ECHO = bytes.fromhex("0800 5091 1234 0001 6c76732d726177636865636b")
# 10.0.0.1:40000 > 10.0.0.100:80 TCP seq 1000, cut after 8 octets of TCP; its header says 44
QUOTATION = "4500002c 00004000 40062668 0a000001 0a000064 9c400050 000003e8"
# ICMP host 10.0.0.100 unreachable - admin prohibited filter
PROHIBITED = bytes.fromhex(f"030d 5c7a 00000000 {QUOTATION}")
# ICMP redirect 10.0.0.100 to host 10.0.0.42
REDIRECTED = bytes.fromhex(f"0501 505c 0a00002a {QUOTATION}")


def parse_whole(octets: bytes) -> IcmpMessage:
    return parse_icmp(octets, 0, len(octets))


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (ECHO, IcmpMessage(ECHO_REQUEST, 0, bytes.fromhex("12340001"), b"lvs-rawcheck")),
        (PROHIBITED, IcmpMessage(DESTINATION_UNREACHABLE, 13, bytes(4), bytes.fromhex(QUOTATION))),
        (REDIRECTED, IcmpMessage(REDIRECT, 1, parse_address("10.0.0.42"), bytes.fromhex(QUOTATION))),
    ],
)
def test_messages_there_and_back(octets: bytes, value: IcmpMessage) -> None:
    assert parse_whole(octets) == value
    assert icmp_to_octets(value) == octets
    assert parse_icmp(b"before" + octets + b"after", 6, 6 + len(octets)) == value
    refuses_cuts(parse_whole, octets)


def test_every_flipped_bit_is_noticed() -> None:
    for flipped in single_bit_flips(PROHIBITED):
        with pytest.raises(BadChecksum):
            parse_whole(flipped)


def test_a_message_without_room_for_the_header_is_truncated() -> None:
    with pytest.raises(Truncated, match="7 octets"):
        parse_whole(ECHO[:7])


def test_an_error_names_the_flow_that_it_is_about() -> None:
    assert quoted_flow(parse_whole(PROHIBITED)) == QuotedFlow(
        parse_address("10.0.0.1"), parse_address("10.0.0.100"), PROTO_TCP, 40000, 80, 1000
    )


@pytest.mark.parametrize("message_type", [ECHO_REPLY, ECHO_REQUEST, REDIRECT])
def test_a_message_that_is_no_error_is_about_no_flow(message_type: int) -> None:
    with pytest.raises(WireError, match="is no error"):
        quoted_flow(IcmpMessage(message_type, 0, bytes(4), bytes.fromhex(QUOTATION)))


def test_echo_numbers_come_back() -> None:
    assert echo_numbers(parse_whole(ECHO)) == (0x1234, 1)
    assert echo_request(0x1234, 1, b"lvs-rawcheck") == parse_whole(ECHO)
    reply = echo_reply(0x1234, 1, b"lvs-rawcheck")
    assert (reply.type, echo_numbers(reply), reply.body) == (ECHO_REPLY, (0x1234, 1), b"lvs-rawcheck")


@law
@given(st.sampled_from([ECHO_REQUEST, ECHO_REPLY]), words, words, payloads)
def test_scapy_agrees_on_echo_both_ways(message_type: int, identifier: int, sequence: int, data: bytes) -> None:
    theirs = bytes(ICMP(type=message_type, id=identifier, seq=sequence) / data)
    build = echo_request if message_type == ECHO_REQUEST else echo_reply
    value = build(identifier, sequence, data)
    assert icmp_to_octets(value) == theirs
    assert parse_whole(theirs) == value


@law
@given(st.sampled_from([3, 11, 12]), st.integers(0, 15), payloads)
def test_scapy_agrees_on_errors(message_type: int, code: int, quotation: bytes) -> None:
    theirs = bytes(ICMP(type=message_type, code=code) / quotation)
    value = IcmpMessage(message_type, code, bytes(4), quotation)
    assert icmp_to_octets(value) == theirs
    assert parse_whole(theirs) == value


@law
@given(any_octets, st.sampled_from([3, 11, 12]))
def test_any_octets(octets: bytes, message_type: int) -> None:
    gives_value_or_wire_error(parse_whole, octets)
    gives_value_or_wire_error(lambda body: quoted_flow(IcmpMessage(message_type, 0, bytes(4), body)), octets)
