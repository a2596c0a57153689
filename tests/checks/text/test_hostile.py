# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that never come to an end, drip, or say anything at all: a verdict or none, in bounded time and memory."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.checks.base import Conversation, Exchange, Reason, Verdict, timed_out
from lvs_rawcheck.checks.replies import Lines
from tests.checks.text.scripts import conversation, exchange, feed

ALICE: dict[str, object] = {"login": "alice", "password_file": "open sesame"}
TALKS: dict[str, dict[str, object]] = {
    "smtp": {},
    "submission": {},
    "ftp": {},
    "imap": ALICE,
    "pop": ALICE,
    "nntp": {},
    "sip": {},
    "simpletcp": {"receive": "^never$"},
}
MEBIBYTE = 1 << 20
MEMORY_OCTETS = 400_000
"""A reply's limit of 64 KiB, the piece that it came in, and what is quoted of it."""


def talk_of(kind: str) -> Conversation:
    return conversation(kind, **TALKS[kind])


ENDLESS = {
    "smtp": b"220-" + b"a" * 500 + b"\r\n",
    "submission": b"220-a\r\n",
    "ftp": b"220-a\r\nanything\r\n",
    "imap": b"* 1 EXISTS\r\n",
    "sip": b"X-Header: value\r\n",
}
GOOD_BEGINNING = {"imap": b"* OK\r\n", "sip": b"SIP/2.0 200 OK\r\n", "ftp": b"220-\r\n"}


@pytest.mark.parametrize("size", [1, 1400, 3 * MEBIBYTE])
@pytest.mark.parametrize("kind", ENDLESS)
def test_a_reply_of_endless_lines(kind: str, size: int) -> None:
    talk = talk_of(kind)
    octets = GOOD_BEGINNING.get(kind, b"") + ENDLESS[kind] * (200_000 // len(ENDLESS[kind]))
    (verdict,) = feed(talk, octets, size)
    assert (verdict.reason, "65536 octets" in verdict.detail) == (Reason.PROTOCOL, True)


@pytest.mark.parametrize("size", [1, 1400, 3 * MEBIBYTE])
@pytest.mark.parametrize("kind", ["smtp", "submission", "ftp", "imap", "pop", "nntp", "sip"])
def test_a_line_without_an_end(kind: str, size: int) -> None:
    beginning = {"imap": b"* OK ", "pop": b"+OK ", "sip": b"SIP/2.0 200 "}.get(kind, b"220 ")
    (verdict,) = feed(talk_of(kind), beginning + b"\0" * 100_000, size)
    assert (verdict.reason, "65536 octets" in verdict.detail) == (Reason.PROTOCOL, True)
    assert len(verdict.detail) < 200


@pytest.mark.parametrize("kind", TALKS)
def test_memory_stays_bounded_whatever_the_length(kind: str) -> None:
    talk = talk_of(kind)
    line = (GOOD_BEGINNING.get(kind, b"220-") + b"x" * 1000).replace(b"\r\n", b"") + b"\r\n"
    tracemalloc.start()
    try:
        for _ in range(4 * MEBIBYTE // len(line)):
            if talk.data_received(line) is not None:
                break
            talk.octets_to_send()
        assert tracemalloc.get_traced_memory()[1] < MEMORY_OCTETS
    finally:
        tracemalloc.stop()


def seconds_to_drip(octets: bytes) -> float:
    lines = Lines()
    began = time.process_time()
    for at in range(len(octets)):
        lines.add(octets[at : at + 1])
        lines.next_line()
    return time.process_time() - began


def test_a_drip_costs_no_more_an_octet_as_it_goes_on() -> None:
    """Linear: eight times the octets may cost three times eight, quadratic would be sixty-four."""
    short = min(seconds_to_drip(b"a" * 16384) for _ in range(5))
    long = min(seconds_to_drip(b"a" * 131072) for _ in range(3))
    assert long < 24 * short


def test_many_lines_in_one_piece_cost_no_more_a_line() -> None:
    def seconds(count: int) -> float:
        lines = Lines()
        lines.add(b"a\r\n" * count)
        began = time.process_time()
        while lines.next_line() is not None:
            pass
        return time.process_time() - began

    short = min(seconds(10_000) for _ in range(5))
    assert min(seconds(80_000) for _ in range(3)) < 24 * short


# Laws ---------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        b"220 ready\r\n",
        b"220-more\r\n",
        b"250 ok\n",
        b"230 in\r\n",
        b"331 password\r\n",
        b"+OK\r\n",
        b"-ERR\r\n",
        b"* OK\r\n",
        b"* PREAUTH x\r\n",
        b"* BYE\r\n",
        b"a1 OK\r\n",
        b"a1 NO\r\n",
        b"+ \r\n",
        b"SIP/2.0 100 T\r\n",
        b"SIP/2.0 200 OK\r\n",
        b"Call-ID: x\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"never\n",
    ]
)
STREAMS = st.lists(WORDS | st.binary(max_size=12), max_size=12).map(b"".join)


def outcome(kind: str, octets: bytes, size: int) -> str:
    """Return how a conversation ends that gets these octets, in pieces, and then the end of the stream."""
    talk = talk_of(kind)
    assert talk.connected() is None
    talk.octets_to_send()
    verdict = next(feed(talk, octets, size), None)
    deadline = timed_out(talk)
    assert isinstance(deadline, Verdict)
    return (verdict or talk.peer_closed() or deadline).reason


@pytest.mark.parametrize("kind", TALKS)
@settings(max_examples=150, deadline=None)
@given(octets=STREAMS, size=st.integers(1, 9))
def test_any_octets_give_one_verdict_however_they_are_cut(kind: str, octets: bytes, size: int) -> None:
    assert outcome(kind, octets, len(octets) + 1) == outcome(kind, octets, size) == outcome(kind, octets, 1)


@settings(max_examples=200, deadline=None)
@given(octets=st.binary(max_size=300))
def test_any_octets_are_told_fit_for_a_terminal(octets: bytes) -> None:
    assert all(line.isprintable() for line in talk_of("pop").describe(octets))


@settings(max_examples=200, deadline=None)
@given(octets=STREAMS | st.binary(max_size=100))
def test_any_datagram_gives_a_verdict_or_none(octets: bytes) -> None:
    talk: Exchange = exchange("sip", protocol="udp")
    verdict = talk.datagram_received(octets)
    assert verdict is None or verdict.reason in (Reason.OK, Reason.RESPONSE)
    talk.silence()
