# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that mean harm: the right reason, bounded memory, a time that grows with the octets and no faster."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any

import pytest

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.http.head import HEAD_LIMIT
from tests.checks.http.talk import BODY, begun, chunked, hear, judged, page, prepared, reason, until_close

HEAD = b"HTTP/1.1 200 OK\r\n"
MEBIBYTE = 1024 * 1024
SEGMENT = 1448
CHUNKED = chunked(end=b"")


def endless(beginning: bytes, again: bytes, octets: int = 8 * MEBIBYTE, piece: int = SEGMENT) -> Iterator[bytes]:
    """Yield so many octets in segments: a beginning, then the same again and again."""
    repeats = max(1, piece // len(again))
    return chain([beginning], islice(repeat(again * repeats), octets // (len(again) * repeats)))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (endless(HEAD, b"X-Endless: x\r\n"), "a header of more than 16384 octets"),
        (endless(HEAD + b"X-Endless: ", b"x"), "a header of more than 16384 octets"),
        (endless(HEAD, b" folded\r\n"), "a header of more than 16384 octets"),
        (endless(b"HTTP/1.1 200 ", b"O"), "a header of more than 16384 octets"),
        (endless(CHUNKED + b"5;", b"x"), "the line of a chunk, or trailers, of more than 4096 octets"),
        (endless(CHUNKED + b"5;", b" "), "the line of a chunk, or trailers, of more than 4096 octets"),
        (endless(CHUNKED, b"0"), "the line of a chunk, or trailers, of more than 4096 octets"),
        (
            endless(CHUNKED + b"0\r\n", b"X-Trailer: x\r\n"),
            "the line of a chunk, or trailers, of more than 4096 octets",
        ),
        (endless(CHUNKED + b"f" * 21 + b"\r\n", b"x"), "illegal chunk header"),
        ([page(BODY, *("X-Many: x" for _ in range(10_000)))], "a header of more than 16384 octets"),
        ([HEAD + b"a:\r\n" * 10_000 + b"\r\n"], "a header of more than 16384 octets"),
    ],
)
def test_what_never_ends_is_no_http(pieces: Iterator[bytes], expected: str) -> None:
    verdict = hear(begun(), pieces, closes=False)
    assert verdict is not None
    assert (verdict.reason, expected in verdict.detail) == (Reason.PROTOCOL, True), verdict.detail


def test_a_header_of_just_the_limit_passes() -> None:
    bare = page(BODY, "X: ")
    room = HEAD_LIMIT - (len(bare) - len(BODY))
    assert reason(page(BODY, "X: " + "x" * room)) == Reason.OK
    assert reason(page(BODY, "X: " + "x" * (room + 1))) == Reason.PROTOCOL


ENDLESS_BODIES = [
    until_close(b""),
    page(b"", length=10**18),
    CHUNKED + b"f" * 20 + b"\r\n",
]
LOOKS_FOR_X = {"contains": ["x"], "body_limit": "100000"}
LOOKS_BY_REGEX = {"regex": "x", "body_limit": "100000"}


@pytest.mark.parametrize("beginning", ENDLESS_BODIES, ids=["until close", "long", "one chunk"])
@pytest.mark.parametrize("told", [{}, {"md5": "0" * 32}, LOOKS_FOR_X, LOOKS_BY_REGEX])
def test_memory_is_bounded_whatever_comes(beginning: bytes, told: dict[str, Any]) -> None:
    conversation = begun(prepared(**told))
    tracemalloc.start()
    try:
        verdict = hear(conversation, endless(beginning, b"x", 4 * MEBIBYTE, 65536), closes=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verdict is None
    assert peak < MEBIBYTE
    assert conversation.awaiting() == f"the end of the body, {4 * MEBIBYTE} octets so far,"


@pytest.mark.parametrize(
    "answer",
    [HEAD + b"X: ", CHUNKED + b"5;", CHUNKED + b"0\r\n", b"", b"HTTP/1.1 100 x\r\nX: " + b"x" * 8000 + b"\r\n\r\n"],
    ids=["header", "chunk line", "trailers", "no HTTP", "interim responses"],
)
def test_memory_is_bounded_where_there_is_no_body_yet(answer: bytes) -> None:
    conversation = begun()
    tracemalloc.start()
    try:
        hear(conversation, endless(answer, answer or b"x", MEBIBYTE, 65536), closes=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEBIBYTE


def test_interim_responses_without_end_are_no_answer() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert reason(interim * 100 + page()) == Reason.OK
    assert judged(interim * 101 + page()).detail == "more than 100 interim responses, and no final one"


@pytest.mark.parametrize("digits", [19, 21, 1000, 4300, 4301, 10_000])
def test_a_length_that_nobody_can_mean(digits: int) -> None:
    answer = page(BODY).replace(b"13", b"9" * digits)
    # Newer versions of h11 read no more than 20 digits, Python no more than 4300.
    assert reason(answer) in ((Reason.CLOSED,) if digits <= 20 else (Reason.CLOSED, Reason.PROTOCOL))


@pytest.mark.parametrize("lie", [0, 5, 14, 10**18])
def test_a_length_that_lies(lie: int) -> None:
    verdict = judged(page(length=lie), body=BODY[:lie].decode())
    assert verdict.reason == (Reason.OK if lie <= len(BODY) else Reason.CLOSED)


@pytest.mark.parametrize(
    "answer",
    [page(b"nul\0in body"), page(BODY, "X-Nul: \0\0\0"), page(BODY, "\0: x"), until_close(bytes(1000))],
)
def test_nuls_hide_nothing(answer: bytes) -> None:
    assert reason(answer) == Reason.OK
    assert reason(answer.replace(b"200", b"500")) == Reason.STATUS


def test_garbage_after_the_response_is_nobody_s() -> None:
    for answer in (page(), chunked(BODY)):
        for garbage in (b"x", page(status="500 x"), bytes(100_000)):
            assert reason(answer + garbage, body=BODY.decode()) == Reason.OK


def seconds(pieces: Iterator[bytes] | list[bytes]) -> float:
    """Return the CPU time that the pieces take, at best."""
    kept = list(pieces)
    times = []
    for _ in range(2):
        conversation = begun()
        started = time.process_time()
        verdict = hear(conversation, kept, closes=False)
        times.append(time.process_time() - started)
        assert verdict is None or verdict.reason == Reason.PROTOCOL
    return min(times)


def octets_of(answer: bytes) -> list[bytes]:
    return [answer[index : index + 1] for index in range(len(answer))]


@pytest.mark.parametrize(
    ("beginning", "again"),
    [
        (until_close(b""), b"x"),
        (CHUNKED + b"fffff\r\n", b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
    ],
    ids=["until close", "one chunk", "chunks of one octet"],
)
@pytest.mark.parametrize("in_one", [False, True], ids=["octet by octet", "in one piece"])
def test_time_grows_with_the_octets_and_no_faster(beginning: bytes, again: bytes, in_one: bool) -> None:
    count = 8 * 1024 // len(again)
    short, long = beginning + again * count, beginning + again * (8 * count)
    if in_one:
        assert seconds([long]) < 8 * 4 * seconds([short])
    else:
        assert seconds(octets_of(long)) < 8 * 4 * seconds(octets_of(short))


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"x:" + b" " * 16000 + b"\x0b\r\n\r\n",
        HEAD + b"x" * 16000 + b"\r\n\r\n",
        HEAD + b" x" * 8000 + b"\r\n\r\n",
        b"HTTP/1.1 200" + b" " * 16000 + b"\x0b\r\n\r\n",
        HEAD + b"Content-Length: " + b"5," * 8000 + b"5\r\n\r\n",
        CHUNKED + b"5;" + b" " * 16000 + b"\n\r\n",
        CHUNKED + b"5;" + b" " * 4000 + b"\n\r\n",
        CHUNKED + b"0\r\nx:" + b" " * 4000 + b"\x0b\r\n\r\n",
    ],
)
def test_no_line_costs_much(answer: bytes) -> None:
    assert seconds([answer]) < 0.5


def test_a_conversation_goes_on_from_where_it_was() -> None:
    """One octet at a time, with an answer that is right: a slow server is not a wrong one."""
    verdict: Verdict | None = hear(begun(), octets_of(page()), closes=False)
    assert verdict is not None
    assert verdict.healthy
