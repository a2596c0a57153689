# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever arrives, and however it is cut, a connection keeps its invariants."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.errors import LocalProtocolError
from lvs_rawcheck.tcp.connection import CHALLENGE_LIMIT, Connection
from lvs_rawcheck.tcp.events import DataReceived
from lvs_rawcheck.tcp.states import CLOSED, TRANSITIONS
from lvs_rawcheck.wire.tcp import ACK, CWR, ECE, FIN, PSH, RST, SYN, URG, Segment
from tests.tcp.script import peer_octets

ISS = 2**32 - 40
IRS = 2**32 - 90
OPTIONS = bytes.fromhex("02040218 01010402")  # MSS 536, SACK permitted

# Near what is expected, so that many are acceptable, and anywhere.
near = st.one_of(st.integers(-5, 60), st.sampled_from([64239, 64240, 64241]), st.integers(0, 2**32 - 1))


def _arrivals(flags: st.SearchStrategy[int], longest: int) -> st.SearchStrategy[Segment]:
    return st.builds(_arriving, near, near, flags, st.integers(0, 65535), st.integers(0, longest))


def _arriving(seq: int, ack: int, flags: int, window: int, length: int) -> Segment:
    octets = peer_octets(seq, seq + length)
    return Segment(80, 40000, (IRS + seq) % 2**32, (ISS + ack) % 2**32, flags, window, OPTIONS, octets)


arrivals = _arrivals(st.one_of(st.sampled_from([ACK, ACK | FIN, RST, SYN | ACK, RST | ACK]), st.integers(0, 255)), 40)
bare_arrivals = _arrivals(st.sampled_from([ACK, ACK | PSH, RST, RST | ACK, 0, ECE | CWR | ACK, ACK | URG]), 0)
calls = st.sampled_from(["send", "close", "abort", "open"])
pauses = st.floats(0.0, 2.5)


def _take(connection: Connection, operation: Any, now: float) -> None:
    if isinstance(operation, Segment):
        connection.receive_segment(operation, now)
        return
    arguments = {"send": (b"some octets",), "open": (now,)}.get(operation, ())
    before = connection.state
    try:
        getattr(connection, operation)(*arguments)
    except LocalProtocolError:
        assert connection.state == before, "what is not allowed changes nothing"


@given(st.lists(st.tuples(pauses, st.one_of(arrivals, arrivals, arrivals, calls)), max_size=40), st.booleans())
def test_no_segment_raises_or_leaves_the_table(operations: list[tuple[float, Any]], answered: bool) -> None:
    connection = Connection(40000, 80, ISS, 1460)
    connection.open(0.0)
    now = 0.0
    if answered:
        connection.receive_segment(Segment(80, 40000, IRS, (ISS + 1) % 2**32, SYN | ACK, 500), now)
    for pause, operation in operations:
        now += pause
        before, rcv_before, una_before = connection.state, connection.rcv_nxt, connection.snd_una
        _take(connection, operation, now)
        connection.handle_timer(now)
        sent = connection.segments_to_send(now)
        assert len(sent) <= 12
        assert all(len(segment.payload) + len(segment.options) <= 1460 for segment in sent)
        assert connection.state in TRANSITIONS
        assert connection.snd_una <= connection.snd_nxt
        assert connection.snd_una >= una_before
        if before != "SYN_SENT":
            assert connection.rcv_nxt >= rcv_before
        if before == CLOSED:
            assert sent == []
        if connection.state == CLOSED:
            assert connection.next_timer() is None
    if connection.state != CLOSED:
        connection.abort()
    assert connection.state == CLOSED


@given(st.lists(arrivals, max_size=40))
def test_stream_holds_only_what_the_peer_sent(segments: list[Segment]) -> None:
    connection = Connection(40000, 80, ISS, 1460)
    connection.open(0.0)
    connection.receive_segment(Segment(80, 40000, IRS, (ISS + 1) % 2**32, SYN | ACK, 500), 0.0)
    for segment in segments:
        connection.receive_segment(segment, 0.1)
    heard = b"".join(e.octets for e in iter(connection.next_event, None) if isinstance(e, DataReceived))
    assert heard == peer_octets(1, 1 + len(heard))


@given(st.lists(bare_arrivals, min_size=5, max_size=30))
def test_bare_segments_draw_few_answers(segments: list[Segment]) -> None:
    """No number of forged segments makes us an amplifier (RFC 5961 7), no two ends answer for ever."""
    connection = Connection(40000, 80, ISS, 1460)
    connection.open(0.0)
    connection.receive_segment(Segment(80, 40000, IRS, (ISS + 1) % 2**32, SYN | ACK, 500), 0.0)
    connection.segments_to_send(0.0)
    answers = 0
    for segment in segments * 10:
        connection.receive_segment(segment, 0.1)
        answers += len(connection.segments_to_send(0.1))
    assert answers <= CHALLENGE_LIMIT


# Fed whole, then octet by octet ----------------------------------------------------------------------------


def _conversation(length: int, cuts: list[int], fin: bool) -> list[Segment]:
    """Return a peer's stream as segments that begin at the cuts, the last with FIN perhaps."""
    segments = []
    for begin, end in pairwise(sorted({0, length, *(cut for cut in cuts if cut < length)})):
        bits = ACK | FIN if fin and end == length else ACK
        octets = peer_octets(1 + begin, 1 + end)
        segments.append(Segment(80, 40000, (IRS + 1 + begin) % 2**32, (ISS + 1) % 2**32, bits, 500, b"", octets))
    return segments


def _single_octets(segments: list[Segment]) -> list[Segment]:
    singles = []
    for segment in segments:
        last = len(segment.payload) - 1
        for n, octet in enumerate(segment.payload):
            bits = segment.flags if n == last else segment.flags & ~FIN
            seq = (segment.seq + n) % 2**32
            singles.append(Segment(80, 40000, seq, segment.ack, bits, segment.window, b"", bytes([octet])))
    return singles


def _outcome(segments: list[Segment]) -> tuple[bytes, list[str], str, int]:
    connection = Connection(40000, 80, ISS, 1460)
    connection.open(0.0)
    connection.receive_segment(Segment(80, 40000, IRS, (ISS + 1) % 2**32, SYN | ACK, 500), 0.0)
    heard, told = b"", []
    for segment in segments:
        connection.receive_segment(segment, 0.1)
        while (event := connection.next_event()) is not None:
            if isinstance(event, DataReceived):
                heard += event.octets
            else:
                told.append(repr(event))
    return heard, told, connection.state, connection.rcv_nxt


lengths = st.integers(1, 200)
edges = st.lists(st.integers(1, 199), max_size=8)


@given(lengths, edges, st.booleans())
def test_octet_by_octet_gives_the_same(length: int, cuts: list[int], fin: bool) -> None:
    whole = _conversation(length, cuts, fin)
    assert _outcome(whole) == _outcome(_single_octets(whole))
    assert _outcome(whole)[0] == peer_octets(1, 1 + length)


@given(lengths, edges, st.booleans(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_gives_the_same(length: int, cuts: list[int], fin: bool, random: Any) -> None:
    whole = _conversation(length, cuts, fin)
    mixed = [*whole, *_conversation(length, cuts[:2], fin), *whole]
    random.shuffle(mixed)
    assert _outcome(mixed) == _outcome(whole)


@pytest.mark.parametrize("order", [1, -1])
def test_single_octets_forwards_and_backwards(order: int) -> None:
    """Backwards with fewer octets than there are places for islands would need, had they not joined."""
    whole = _conversation(200, [], True)
    assert _outcome(_single_octets(whole)[::order]) == _outcome(whole)
