# SPDX-License-Identifier: GPL-2.0-or-later
"""SCTP packets and the three chunks that begin an association, or refuse it.

Reading list: RFC 9260 3.1 (common header), 3.2 (chunks), 3.3.2 and 3.3.3 (INIT, INIT ACK), 3.3.7 (ABORT), 5.1.3
(State Cookie), 6.8 and appendix A (the checksum, CRC32c, least significant octet first).
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.value import Value

INIT = 1
INIT_ACK = 2
ABORT = 6
TAG_REFLECTED = 0x01  # flag T of an ABORT: it carries the tag of the packet that it answers, RFC 9260 3.3.7

HEADER_OCTETS = 12
_PORTS = Struct("!HH")
_TAG_OCTETS = 4
_CHECKSUM_OCTETS = 4
_CHUNK = Struct("!BBH")  # type, flags, length with this header
_SETUP = Struct("!IIHHI")  # initiate tag, receiver window, outbound and inbound streams, initial TSN
_PARAMETER = Struct("!HH")  # type, length with this header
_STATE_COOKIE = 7
_WINDOW_OCTETS = 65536  # any from 1500 on: RFC 9260 3.3.2
_POLYNOMIAL = 0x82F63B78  # CRC32c, reflected


class SctpPacket(Value):
    """One SCTP packet: its ports, and its payload, the verification tag (4 octets) with the chunks after it."""

    __slots__ = ("destination_port", "payload", "source_port")

    def __init__(self, source_port: int, destination_port: int, payload: bytes) -> None:
        self.source_port = source_port
        self.destination_port = destination_port
        self.payload = payload


class Chunk(Value):
    """One chunk: `value` is what follows its header, padding left out."""

    __slots__ = ("flags", "type", "value")

    def __init__(self, type: int, flags: int, value: bytes) -> None:
        self.type = type
        self.flags = flags
        self.value = value


def _table() -> list[int]:
    entries = []
    for octet in range(256):
        crc = octet
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        entries.append(crc)
    return entries


_TABLE = _table()


def crc32c(octets: bytes) -> int:
    """Return the checksum that RFC 9260 appendix A describes, 0..2^32-1."""
    crc = 0xFFFFFFFF
    for octet in octets:
        crc = crc >> 8 ^ _TABLE[(crc ^ octet) & 0xFF]
    return crc ^ 0xFFFFFFFF


def packet_to_octets(source_port: int, destination_port: int, payload: bytes) -> bytes:
    """Return a whole SCTP packet; payload: as `payload_of` makes it."""
    head = _PORTS.pack(source_port, destination_port) + payload[:_TAG_OCTETS]
    chunks = payload[_TAG_OCTETS:]
    return head + _checksum(head, chunks) + chunks


def parse_packet(octets: bytes, checksum_ready: bool) -> SctpPacket:
    """Return an SCTP packet, its checksum verified if it is ready."""
    if len(octets) < HEADER_OCTETS:
        raise Truncated(f"SCTP packet truncated: {len(octets)} octets")
    head, chunks = octets[: HEADER_OCTETS - _CHECKSUM_OCTETS], octets[HEADER_OCTETS:]
    if checksum_ready and _checksum(head, chunks) != octets[len(head) : HEADER_OCTETS]:
        raise BadChecksum("SCTP checksum is wrong")
    source_port, destination_port = _PORTS.unpack_from(head)
    return SctpPacket(source_port, destination_port, head[_PORTS.size :] + chunks)


def payload_of(tag: int, chunks: bytes) -> bytes:
    """Return the payload of a packet; tag: the verification tag, 0 only with an INIT; chunks: padded to 4 octets."""
    return tag.to_bytes(_TAG_OCTETS, "big") + chunks


def tag_and_chunks(payload: bytes) -> tuple[int, bytes]:
    """Return verification tag and chunks of a payload."""
    return int.from_bytes(payload[:_TAG_OCTETS], "big"), payload[_TAG_OCTETS:]


def _checksum(head: bytes, chunks: bytes) -> bytes:
    return crc32c(head + bytes(_CHECKSUM_OCTETS) + chunks).to_bytes(_CHECKSUM_OCTETS, "little")


def init_chunk(tag: int, initial_tsn: int) -> bytes:
    """Return an INIT for one stream each way; tag: our own, 1..2^32-1, which the answer must carry."""
    return _chunk(INIT, _SETUP.pack(tag, _WINDOW_OCTETS, 1, 1, initial_tsn))


def abort_chunk() -> bytes:
    """Return an ABORT without a cause."""
    return _chunk(ABORT, b"")


def _chunk(chunk_type: int, value: bytes) -> bytes:
    return _CHUNK.pack(chunk_type, 0, _CHUNK.size + len(value)) + value


def first_chunk(chunks: bytes) -> Chunk:
    """Return the first chunk; an INIT ACK is never bundled with others (RFC 9260 6.10)."""
    if len(chunks) < _CHUNK.size:
        raise Truncated(f"SCTP chunk truncated: {len(chunks)} octets")
    chunk_type, flags, length = _CHUNK.unpack_from(chunks)
    if not _CHUNK.size <= length <= len(chunks):
        raise Truncated(f"SCTP chunk says {length} octets, the packet has {len(chunks)}")
    return Chunk(chunk_type, flags, chunks[_CHUNK.size : length])


def parse_init_ack(value: bytes) -> int:
    """Return the tag that the value of an INIT ACK asks for; it must offer streams and a state cookie, too."""
    if len(value) < _SETUP.size:
        raise Truncated(f"SCTP INIT ACK truncated: {len(value)} octets")
    tag, _, outbound, inbound, _ = _SETUP.unpack_from(value)
    if not tag or not outbound or not inbound:
        raise WireError(f"SCTP INIT ACK with tag {tag}, {outbound} outbound and {inbound} inbound streams")
    if not _has_cookie(value):
        raise WireError("SCTP INIT ACK without a state cookie")
    return int(tag)


def _has_cookie(value: bytes) -> bool:
    position = _SETUP.size
    while position + _PARAMETER.size <= len(value):
        parameter, length = _PARAMETER.unpack_from(value, position)
        if length < _PARAMETER.size or position + length > len(value):
            raise WireError(f"SCTP parameter says {length} octets, {len(value) - position} are left")
        if parameter == _STATE_COOKIE:
            return True
        position += length + 3 & ~3
    return False
