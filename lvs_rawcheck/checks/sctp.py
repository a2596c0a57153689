# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `sctp`: an INIT is answered with an INIT ACK, and ended by an ABORT (RFC 9260 5.1, 3.3.7).

An INIT ACK obliges the server to nothing: what it would remember is in its cookie (5.1.3). So there is no association
to be left, and the ABORT says only that none will come.
"""

from __future__ import annotations

import os

from lvs_rawcheck.checks.base import Exchange, Reason, Verdict
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.narration import lines_of
from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.ip import PROTO_SCTP
from lvs_rawcheck.wire.sctp import (
    ABORT,
    INIT,
    INIT_ACK,
    TAG_REFLECTED,
    abort_chunk,
    first_chunk,
    init_chunk,
    parse_init_ack,
    payload_of,
    tag_and_chunks,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values

_NO_TAG = 0
_NAMES = {INIT: "INIT", INIT_ACK: "INIT ACK", ABORT: "ABORT"}


class SctpExchange(Exchange):
    """Begins an association, as far as the server's consent. tag: random, 1..2^32-1; initial_tsn: random."""

    __slots__ = ("_init", "_peer_tag", "_tag")

    kind = "sctp"
    protocol = PROTO_SCTP
    interval = 0.2

    def __init__(self, tag: int, initial_tsn: int) -> None:
        self._tag = tag
        self._peer_tag = _NO_TAG
        self._init = payload_of(_NO_TAG, init_chunk(tag, initial_tsn))

    def datagram_to_send(self) -> bytes:
        """Return the INIT."""
        return self._init

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Return what a packet means that carries our tag, or says that it gives the INIT's own back."""
        tag, chunks = tag_and_chunks(octets)
        if tag not in (self._tag, _NO_TAG):
            return None
        try:
            return self._judge(tag, chunks)
        except WireError as error:
            return Verdict(Reason.PROTOCOL, f"not SCTP: {error}") if tag == self._tag else None

    def _judge(self, tag: int, chunks: bytes) -> Verdict | None:
        chunk = first_chunk(chunks)
        reflected = chunk.type == ABORT and bool(chunk.flags & TAG_REFLECTED)  # RFC 9260 8.5.1 B
        if reflected != (tag == _NO_TAG):
            return None
        if chunk.type == ABORT:
            return Verdict(Reason.REFUSED, "ABORT from the VIP: nothing listens on that port, or not on the VIP")
        if chunk.type != INIT_ACK:
            return None
        self._peer_tag = parse_init_ack(chunk.value)
        return Verdict(Reason.OK, "INIT ACK")

    def farewell(self) -> bytes:
        """Return the ABORT, where there was an INIT ACK."""
        return payload_of(self._peer_tag, abort_chunk()) if self._peer_tag else b""

    def describe(self, octets: bytes) -> list[str]:
        """Return the first chunk by name, and its verification tag."""
        tag, chunks = tag_and_chunks(octets)
        try:
            chunk = first_chunk(chunks)
        except WireError:
            return lines_of(octets)
        name = _NAMES.get(chunk.type, f"chunk {chunk.type}")
        return [f"{name} (verification tag {tag:#010x}, {len(chunk.value)} octets)"]


def _prepare(values: Values) -> Step:
    def make() -> SctpExchange:
        return SctpExchange(_random_word() or 1, _random_word())

    return make


def _random_word() -> int:
    return int.from_bytes(os.urandom(4), "big")


KINDS = (Kind("sctp", "an SCTP association would be accepted", (), _prepare),)
