# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP segments and their options.

Reading list: RFC 9293 3.1 (header) and 3.2 (options), RFC 2018 (SACK), RFC 7323 (window scale, timestamps),
RFC 3168 6.1 (ECE, CWR).

Segments are built by `template.py`, which knows the flow they belong to. Reserved bits of the header are
ignored, as RFC 9293 3.1 asks.
"""

from __future__ import annotations

from struct import Struct, error, unpack

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.checksum import is_intact
from lvs_rawcheck.wire.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FIN = 0x01
SYN = 0x02
RST = 0x04
PSH = 0x08
ACK = 0x10
URG = 0x20
ECE = 0x40
CWR = 0x80

HEADER_OCTETS = 20  # without options
OPTIONS_OCTETS_MAX = 40  # what four bits of data offset leave

KIND_END = 0
KIND_NOP = 1
KIND_MSS = 2
KIND_WINDOW_SCALE = 3
KIND_SACK_PERMITTED = 4
KIND_SACK = 5
KIND_TIMESTAMPS = 8

MAX_SACK_BLOCKS = 4  # in one option of 34 octets; RFC 2018 section 3

SACK_PERMITTED = b"\x01\x01\x04\x02"  # two NOPs, then the option: a multiple of four octets

_unpack_header = Struct("!HHIIHHHH").unpack_from


class Segment(Value):
    """One TCP segment; `seq` and `ack` are plain numbers 0..2^32-1, `options` the octets as on the wire."""

    __slots__ = (
        "ack",
        "destination_port",
        "flags",
        "options",
        "payload",
        "seq",
        "source_port",
        "urgent",
        "window",
    )

    def __init__(
        self,
        source_port: int,
        destination_port: int,
        seq: int,
        ack: int,
        flags: int,
        window: int,
        options: bytes = b"",
        payload: bytes = b"",
        urgent: int = 0,
    ) -> None:
        self.source_port = source_port
        self.destination_port = destination_port
        self.seq = seq
        self.ack = ack
        self.flags = flags
        self.window = window
        self.options = options
        self.payload = payload
        self.urgent = urgent


def parse_segment(octets: bytes, offset: int, end: int, pseudo_sum: int | None) -> Segment:
    """Return the segment that lies at octets[offset:end].

    pseudo_sum: the pseudo-header's sum without length, from `pseudo_header_sum`; None when the checksum is
    not to be judged, since the kernel had not filled it in yet (or only a quotation of the packet is there).
    """
    length = end - offset
    if length < HEADER_OCTETS or end > len(octets):
        raise Truncated(f"TCP segment truncated: {len(octets[offset:end])} octets of {HEADER_OCTETS} or more")
    source_port, destination_port, seq, ack, word, window, _, urgent = _unpack_header(octets, offset)
    header_length = (word >> 12) * 4
    if not HEADER_OCTETS <= header_length <= length:
        raise WireError(f"TCP data offset says {header_length} octets, the segment has {length}")
    if pseudo_sum is not None and not is_intact(octets[offset:end], pseudo_sum + length):
        raise BadChecksum("TCP checksum is wrong")
    data = offset + header_length
    return Segment(
        source_port,
        destination_port,
        seq,
        ack,
        word & 0xFF,
        window,
        octets[offset + HEADER_OCTETS : data],
        octets[data:end],
        urgent,
    )


class TcpOptions(Value):
    """The options of one segment that a client acts on; what was absent is None, False or empty."""

    __slots__ = ("mss", "sack_blocks", "sack_permitted", "timestamps", "window_scale")

    def __init__(self) -> None:
        self.mss: int | None = None
        self.sack_permitted = False
        self.sack_blocks: list[tuple[int, int]] = []
        self.window_scale: int | None = None
        self.timestamps: tuple[int, int] | None = None


_OPTIONS_REMEMBERED = 64
_remembered: dict[bytes, TcpOptions] = {}


def parse_options(octets: bytes) -> TcpOptions:
    """Return what the option octets of a segment say (RFC 9293 3.2), not to be changed; unknown kinds are passed over.

    A length below two, beyond the end, or not the one its kind has raises WireError. What was said before is
    remembered: a server says the same in each of its SYN/ACKs.
    """
    options = _remembered.get(octets)
    if options is None:
        options = _read_options(octets)
        if len(_remembered) >= _OPTIONS_REMEMBERED:
            _remembered.clear()
        _remembered[octets] = options
    return options


def _read_options(octets: bytes) -> TcpOptions:
    options = TcpOptions()
    position = 0
    while position < len(octets) and octets[position] != KIND_END:
        if octets[position] == KIND_NOP:
            position += 1
            continue
        length = octets[position + 1] if position + 1 < len(octets) else 0
        if length < 2 or position + length > len(octets):
            raise WireError(f"TCP option {octets[position]} has an impossible length: {length}")
        _read_option(options, octets[position], octets[position + 2 : position + length])
        position += length
    return options


def _read_option(options: TcpOptions, kind: int, body: bytes) -> None:
    """Take in one option, whose body must be exactly as long as its kind's layout."""
    try:
        if kind == KIND_MSS:
            (options.mss,) = unpack("!H", body)
        elif kind == KIND_WINDOW_SCALE:
            (options.window_scale,) = unpack("!B", body)
        elif kind == KIND_SACK_PERMITTED:
            unpack("!", body)
            options.sack_permitted = True
        elif kind == KIND_SACK:
            edges = unpack(f"!{len(body) // 8 * 2}I", body)
            options.sack_blocks = list(zip(edges[::2], edges[1::2], strict=True))
        elif kind == KIND_TIMESTAMPS:
            value, echo = unpack("!II", body)
            options.timestamps = (value, echo)
    except error:
        raise WireError(f"TCP option {kind} has a wrong length: {len(body) + 2}") from None


def mss_option(octets: int) -> bytes:
    """Return the option that announces the largest segment we take, in octets (RFC 9293 3.7.1)."""
    return bytes((KIND_MSS, 4)) + octets.to_bytes(2, "big")


def sack_option(blocks: Iterable[tuple[int, int]]) -> bytes:
    """Return the SACK option with NOPs before it, for blocks (left edge, right edge), most recent first.

    The first MAX_SACK_BLOCKS are reported; without any there is no option: b"" (RFC 2018 section 3).
    """
    edges = b"".join(
        left.to_bytes(4, "big") + right.to_bytes(4, "big") for left, right in list(blocks)[:MAX_SACK_BLOCKS]
    )
    if not edges:
        return b""
    return bytes((KIND_NOP, KIND_NOP, KIND_SACK, len(edges) + 2)) + edges
