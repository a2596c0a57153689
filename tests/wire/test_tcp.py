# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ip import PROTO_TCP, parse_packet
from lvs_rawcheck.wire.tcp import (
    ACK,
    CWR,
    ECE,
    FIN,
    PSH,
    RST,
    SACK_PERMITTED,
    SYN,
    URG,
    Segment,
    TcpOptions,
    mss_option,
    parse_options,
    parse_segment,
    sack_option,
)
from tests.wire.laws import (
    address_pairs,
    any_octets,
    gives_value_or_wire_error,
    law,
    long_words,
    payloads,
    ports,
    refuses_cuts,
    single_bit_flips,
    survives_cuts,
    texts,
    words,
)

# 10.0.0.100:80 > 10.0.0.1:40000 Flags [S.], seq 4294967295, ack 1001, win 65160,
#   options [mss 1460,sackOK,TS val 11 ecr 0,nop,wscale 7]
SYN_ACK = bytes.fromhex(
    "4500003c 00004000 40062658 0a000064 0a000001"
    "0050 9c40 ffffffff 000003e9 a012 fe88 947e 0000"
    "020405b4 0402 080a0000000b00000000 01 030307"
)
# [2001:db8::100]:25 > [2001:db8::1]:40000 Flags [FP.], seq 1:9, ack 1001, win 502: 220 hi
GREETING = bytes.fromhex(
    "60000000 001c 06 40 20010db8000000000000000000000100 20010db8000000000000000000000001"
    "0019 9c40 00000001 000003e9 5019 01f6 d951 0000"
    "323230206869 0d0a"
)


def parse_whole(octets: bytes) -> Segment:
    """Return the segment of an IP packet, judged as a received one is."""
    packet = parse_packet(octets)
    pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_TCP)
    return parse_segment(octets, packet.payload_offset, packet.end, pseudo_sum)


def header_for(options: bytes) -> bytes:
    """Return a header that is zero but for its data offset."""
    return bytes(12) + bytes((0x50 + len(options) * 4,)) + bytes(7)


def test_a_syn_ack_over_ipv4() -> None:
    assert parse_whole(SYN_ACK) == Segment(80, 40000, 0xFFFFFFFF, 1001, SYN | ACK, 65160, options=SYN_ACK[40:60])
    options = parse_options(SYN_ACK[40:60])
    assert (options.mss, options.sack_permitted, options.window_scale) == (1460, True, 7)
    assert (options.timestamps, options.sack_blocks) == ((11, 0), [])
    refuses_cuts(parse_whole, SYN_ACK)


def test_data_with_a_fin_over_ipv6() -> None:
    assert parse_whole(GREETING) == Segment(25, 40000, 1, 1001, FIN | PSH | ACK, 502, payload=b"220 hi\r\n")
    refuses_cuts(parse_whole, GREETING)


@pytest.mark.parametrize("letter", "FSRPAUEC")
def test_flags_have_the_bits_that_scapy_gives_them(letter: str) -> None:
    flag = {"F": FIN, "S": SYN, "R": RST, "P": PSH, "A": ACK, "U": URG, "E": ECE, "C": CWR}[letter]
    assert int(TCP(flags=letter).flags) == flag


@pytest.mark.parametrize("octets", [SYN_ACK[20:], GREETING[40:]])
def test_every_beginning_gives_a_value_or_wire_error(octets: bytes) -> None:
    survives_cuts(lambda cut: parse_segment(cut, 0, len(cut), None), octets)


def test_an_end_beyond_the_octets_is_truncated() -> None:
    with pytest.raises(Truncated, match="39 octets of"):
        parse_segment(SYN_ACK[:59], 20, 60, None)
    with pytest.raises(Truncated, match="19 octets of"):
        parse_segment(SYN_ACK, 20, 39, None)


@pytest.mark.parametrize("data_offset", [0, 4, 11, 15])
def test_a_lying_data_offset_is_refused(data_offset: int) -> None:
    octets = SYN_ACK[20:32] + bytes((data_offset << 4,)) + SYN_ACK[33:]
    with pytest.raises(WireError, match=f"data offset says {data_offset * 4} octets, the segment has 40"):
        parse_segment(octets, 0, len(octets), None)


def test_every_flipped_bit_is_noticed() -> None:
    pseudo_sum = pseudo_header_sum(parse_address("10.0.0.100"), parse_address("10.0.0.1"), PROTO_TCP)
    for flipped in single_bit_flips(SYN_ACK[20:]):
        with pytest.raises(WireError):
            parse_segment(flipped, 0, len(flipped), pseudo_sum)


def test_a_wrong_checksum_is_told_from_other_faults_and_can_go_unjudged() -> None:
    octets = GREETING[:-1] + b"\x0b"
    with pytest.raises(BadChecksum):
        parse_whole(octets)
    assert parse_segment(octets, 40, 68, None).payload == b"220 hi\r\x0b"


@law
@given(address_pairs, ports, ports, long_words, long_words, st.integers(0, 255), words, words, payloads)
def test_what_scapy_builds_is_read(
    addresses: tuple[bytes, bytes],
    source_port: int,
    destination_port: int,
    seq: int,
    ack: int,
    flags: int,
    window: int,
    urgent: int,
    payload: bytes,
) -> None:
    layer = IP if len(addresses[0]) == 4 else IPv6
    theirs = layer(**texts(addresses)) / TCP(
        sport=source_port, dport=destination_port, seq=seq, ack=ack, flags=flags, window=window, urgptr=urgent
    )
    assert parse_whole(bytes(theirs / payload)) == Segment(
        source_port, destination_port, seq, ack, flags, window, b"", payload, urgent
    )


@st.composite
def listed_options(draw: st.DrawFn) -> tuple[list[tuple[str, object]], TcpOptions]:
    """Return options as scapy wants them, 37 octets at most, and what should be read from them."""
    expected = TcpOptions()
    listed: list[tuple[str, object]] = []
    if draw(st.booleans()):
        expected.mss = draw(words)
        listed.append(("MSS", expected.mss))
    if draw(st.booleans()):
        expected.sack_permitted = True
        listed.append(("SAckOK", b""))
    if draw(st.booleans()):
        expected.window_scale = draw(st.integers(0, 255))
        listed.append(("WScale", expected.window_scale))
    if draw(st.booleans()):
        expected.timestamps = (draw(long_words), draw(long_words))
        listed.append(("Timestamp", expected.timestamps))
    if draw(st.booleans()):
        expected.sack_blocks = draw(st.lists(st.tuples(long_words, long_words), min_size=1, max_size=2))
        listed.append(("SAck", tuple(edge for block in expected.sack_blocks for edge in block)))
    listed += [("NOP", None)] * draw(st.integers(0, 3))
    return draw(st.permutations(listed)), expected


@law
@given(listed_options())
def test_options_that_scapy_builds_are_read(both: tuple[list[tuple[str, object]], TcpOptions]) -> None:
    listed, expected = both
    theirs = IP(src="10.0.0.100", dst="10.0.0.1") / TCP(options=listed)
    assert parse_options(parse_whole(bytes(theirs)).options) == expected


@law
@given(words, st.lists(st.tuples(long_words, long_words), min_size=1, max_size=3))
def test_scapy_reads_the_options_that_we_build(mss: int, blocks: list[tuple[int, int]]) -> None:
    options = mss_option(mss) + SACK_PERMITTED
    read = TCP(header_for(options) + options).options
    assert read == [("MSS", mss), ("NOP", None), ("NOP", None), ("SAckOK", b"")]
    options = sack_option(blocks)
    read = TCP(header_for(options) + options).options
    assert read == [("NOP", None), ("NOP", None), ("SAck", tuple(edge for block in blocks for edge in block))]


def test_built_options_fill_whole_words_and_come_back() -> None:
    blocks = [(1, 2), (5, 9), (20, 30), (40, 50)]
    options = sack_option(blocks)
    assert len(options) == 36
    assert parse_options(options).sack_blocks == blocks
    assert parse_options(mss_option(1460) + SACK_PERMITTED).mss == 1460


def test_more_blocks_than_fit_are_left_out_and_none_is_no_option() -> None:
    assert parse_options(sack_option([(n, n + 1) for n in range(6)])).sack_blocks == [
        (0, 1),
        (1, 2),
        (2, 3),
        (3, 4),
    ]
    assert sack_option([]) == b""


def test_unknown_options_are_passed_over_and_the_end_ends() -> None:
    octets = bytes.fromhex("fd06 01020304 0101 020405b4 00 020400ff")
    assert parse_options(octets).mss == 1460


@pytest.mark.parametrize(
    "octets",
    [
        "0200",  # a length of 0 would loop
        "0201",
        "fd01",
        "02",  # no length at all
        "0204",  # beyond the end
        "fd04 05",
        "0204 05",
        "0203 05",  # not the length of its kind
        "0205 05b400",
        "0403 00",
        "0304 0700",
        "0809 00000000000000",
        "0506 00000000",
        "050d 0000000000000000000000",
    ],
)
def test_lying_option_lengths_are_refused(octets: str) -> None:
    with pytest.raises(WireError, match="TCP option"):
        parse_options(bytes.fromhex(octets))


@law
@given(any_octets, st.integers(0, 40), st.integers(0, 220))
def test_any_octets(octets: bytes, offset: int, end: int) -> None:
    gives_value_or_wire_error(lambda given: parse_segment(given, offset, end, None), octets)
    gives_value_or_wire_error(parse_options, octets)
    gives_value_or_wire_error(lambda given: parse_segment(given, 0, len(given), 0), octets)
