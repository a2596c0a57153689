# SPDX-License-Identifier: GPL-2.0-or-later
"""Laws of reading: however the octets are cut, the verdict is the same; any octets have one, or none yet."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.checks.base import Conversation, Verdict
from tests.checks.http.talk import BODY, PAGE, begun, chunked, hear, page, prepared, until_close

EVERYTHING = prepared(
    status=["100-599"], contains=["l"], regex="[a-z]", md5="22c3683b094136c3398391ae71b20f04", show_digests=True
)
ANSWERS = [
    PAGE,
    until_close(),
    chunked(b"hel", b"lo, world\n"),
    chunked(BODY, end=b"0\r\nTrailer: x\r\n\r\n"),
    chunked(end=b"5 ;a=b\nhello\n0\nTrailer: x\n\n"),
    chunked(end=b"5\r\nhello\rX0\r\n\r\n"),
    PAGE.replace(b"\r\n", b"\n"),
    b"HTTP/1.1 100 Continue\r\n\r\n" + PAGE,
    page(BODY, "no colon", "X: \0", " folded"),
    page(BODY, status="404 Not Found"),
    page(length=5),
    page(length=50),
    b"HTTP/1.1 204 No Content\r\n\r\nbody",
    b"HTTP/1.1 101 Switching\r\n\r\nother words",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
    chunked(end=b"xyz\r\n"),
    b"SSH-2.0-OpenSSH\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000,
    chunked(end=b"5;" + b"x" * 20000 + b"\r\nhello\r\n0\r\n\r\n"),
]


def outcome(conversation: Conversation, verdict: Verdict | None) -> tuple[object, ...]:
    return (verdict and verdict.reason, conversation.facts(), list(conversation.phases_reached()))


def of_pieces(answer: bytes, cuts: list[int]) -> tuple[object, ...]:
    conversation = begun(EVERYTHING)
    edges = [0, *sorted(cuts), len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(edges) if start < end]
    return outcome(conversation, hear(conversation, pieces))


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_octet_by_octet_is_as_in_one_piece(answer: bytes) -> None:
    assert of_pieces(answer, list(range(len(answer)))) == of_pieces(answer, [])


@pytest.mark.parametrize("answer", ANSWERS[:12], ids=range(12))
def test_every_cut_in_two_is_as_in_one_piece(answer: bytes) -> None:
    whole = of_pieces(answer, [])
    for cut in range(1, len(answer)):
        assert of_pieces(answer, [cut]) == whole, cut


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ANSWERS), st.data())
def test_any_cuts_are_as_in_one_piece(answer: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(answer)), max_size=8))
    assert of_pieces(answer, cuts) == of_pieces(answer, [])


WORDS = st.sampled_from(
    [
        *(b"HTTP/1.1 ", b"HTTP/1.0 ", b"200", b"404", b"101", b"100", b" OK", b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\t"),
        *(b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"5", b"0\r\n\r\n", b"5\r\nhello\r\n", b"X: y\r\n"),
        *(b"\0", b"\x80", b":", b";", b"hello", b"-1", b"9" * 30, b",", b"Connection: close\r\n", b"Upgrade: x\r\n"),
    ]
)
HEADS = st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", chunked(end=b""), page(b"")[:-2]])


@settings(max_examples=400, deadline=None)
@given(
    HEADS,
    st.lists(st.one_of(WORDS, st.binary(max_size=20)), max_size=30),
    st.sampled_from(["GET", "HEAD"]),
    st.booleans(),
)
def test_any_octets_have_a_verdict_in_the_end(head: bytes, pieces: list[bytes], method: str, in_one: bool) -> None:
    octets = [head, *pieces]
    conversation = begun(prepared(method=method))
    verdict = hear(conversation, [b"".join(octets)] if in_one else octets)
    assert isinstance(verdict, Verdict)
    conversation.facts()
    conversation.awaiting()
    assert all(line.isprintable() for line in conversation.describe(b"".join(octets)))
