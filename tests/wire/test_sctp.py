# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.sctp import (
    SCTP,
    SCTPChunkAbort,
    SCTPChunkInit,
    SCTPChunkInitAck,
    SCTPChunkParamHeartbeatInfo,
    SCTPChunkParamStateCookie,
)

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.sctp import (
    ABORT,
    INIT,
    INIT_ACK,
    TAG_REFLECTED,
    Chunk,
    SctpPacket,
    abort_chunk,
    crc32c,
    first_chunk,
    init_chunk,
    packet_to_octets,
    parse_init_ack,
    parse_packet,
    payload_of,
    tag_and_chunks,
)
from tests.wire.laws import any_octets, gives_value_or_wire_error, law, long_words, ports

TAG, PEER_TAG = 0x11223344, 0x55667788


def init_ack(**fields: Any) -> bytes:
    """Return the value of an INIT ACK as scapy writes it."""
    parameters = [SCTPChunkParamHeartbeatInfo(), SCTPChunkParamStateCookie(cookie=b"cookie")]
    wanted = {"init_tag": PEER_TAG, "n_out_streams": 1, "n_in_streams": 1, "params": parameters, **fields}
    octets = bytes(SCTPChunkInitAck(**wanted))
    return octets[4 : int.from_bytes(octets[2:4], "big")]


def test_the_checksum_of_the_standards_examples() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720 B.4
    assert crc32c(b"\xff" * 32) == 0x62A8AB43


@law
@given(ports, ports, long_words, long_words)
def test_an_init_is_what_scapy_reads(source_port: int, destination_port: int, tag: int, tsn: int) -> None:
    octets = packet_to_octets(source_port, destination_port, payload_of(0, init_chunk(tag, tsn)))
    read = SCTP(octets)
    assert (read.sport, read.dport, read.tag) == (source_port, destination_port, 0)
    chunk = read[SCTPChunkInit]
    assert (chunk.init_tag, chunk.init_tsn, chunk.n_in_streams, chunk.n_out_streams) == (tag, tsn, 1, 1)
    assert bytes(SCTP(sport=source_port, dport=destination_port) / chunk)[8:12] == octets[8:12], "the checksum"


@law
@given(ports, ports, long_words, st.binary(max_size=100))
def test_a_packet_comes_back(source_port: int, destination_port: int, tag: int, chunks: bytes) -> None:
    payload = payload_of(tag, chunks)
    octets = packet_to_octets(source_port, destination_port, payload)
    assert parse_packet(octets, checksum_ready=True) == SctpPacket(source_port, destination_port, payload)
    assert tag_and_chunks(payload) == (tag, chunks)
    broken = octets[:-1] + bytes((octets[-1] ^ 1,))
    with pytest.raises(BadChecksum):
        parse_packet(broken, checksum_ready=True)
    parse_packet(broken, checksum_ready=False)


def test_an_abort_as_scapy_writes_it() -> None:
    assert abort_chunk() == bytes(SCTPChunkAbort(error_causes=b""))
    octets = bytes(SCTP(sport=80, dport=4001, tag=TAG) / SCTPChunkAbort(TCB=1, error_causes=b"abcd"))
    payload = parse_packet(octets, checksum_ready=True).payload
    assert first_chunk(tag_and_chunks(payload)[1]) == Chunk(ABORT, TAG_REFLECTED, b"abcd")


def test_an_init_ack_as_scapy_writes_it() -> None:
    octets = bytes(SCTPChunkInitAck(init_tag=PEER_TAG, params=[SCTPChunkParamStateCookie(cookie=b"x" * 5)]))
    chunk = first_chunk(octets)
    assert chunk.type == INIT_ACK
    assert parse_init_ack(init_ack()) == PEER_TAG


@pytest.mark.parametrize(
    "value",
    [
        init_ack(init_tag=0),
        init_ack(n_out_streams=0),
        init_ack(n_in_streams=0),
        init_ack(params=[]),
        init_ack(params=[SCTPChunkParamHeartbeatInfo()]),
        init_ack()[:16] + b"\0\1\0\0",
        init_ack()[:16] + b"\0\7\0\x40",
    ],
)
def test_an_init_ack_that_is_none(value: bytes) -> None:
    with pytest.raises(WireError):
        parse_init_ack(value)


def test_what_is_cut_short() -> None:
    packet = packet_to_octets(1, 2, payload_of(TAG, init_chunk(TAG, 1)))
    for length in range(12):
        with pytest.raises(Truncated):
            parse_packet(packet[:length], checksum_ready=False)
    chunk = init_chunk(TAG, 1)
    assert first_chunk(chunk).type == INIT
    for length in range(len(chunk)):
        with pytest.raises(Truncated):
            first_chunk(chunk[:length])
    padding = 2
    for length in range(len(init_ack()) - padding):
        with pytest.raises(WireError):
            parse_init_ack(init_ack()[:length])


@law
@given(any_octets)
def test_any_octets_give_a_value_or_a_wire_error(octets: bytes) -> None:
    gives_value_or_wire_error(lambda octets: parse_packet(octets, checksum_ready=True), octets)
    gives_value_or_wire_error(first_chunk, octets)
    gives_value_or_wire_error(parse_init_ack, octets)
