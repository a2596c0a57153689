# SPDX-License-Identifier: GPL-2.0-or-later
"""One answer, one verdict: status, header and how a response ends."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason, timed_out
from tests.checks.http.talk import BODY, PAGE, begun, chunked, hear, judged, page, prepared, reason, until_close

OK, STATUS, HEADER, CLOSED, PROTOCOL = (
    *(Reason.OK, Reason.STATUS, Reason.HEADER),
    *(Reason.CLOSED, Reason.PROTOCOL),
)
HEAD_OF_PAGE = PAGE.removesuffix(BODY)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (PAGE, OK),
        (page(b""), OK),
        (until_close(), OK),
        (until_close(b""), OK),
        (chunked(BODY, BODY), OK),
        (chunked(end=b"0\r\nTrailer: x\r\n\r\n"), OK),
        (chunked(end=b"5;name=value\r\nhello\r\n0\r\n\r\n"), OK),
        (chunked(end=b"5 \t; name=value\r\nhello\r\n0 \r\n\r\n"), OK),
        (chunked(end=b"5\nhello\n0\n\n"), OK),
        (chunked(end=b"5\nhello\r\n1\r\n\n\n0\nTrailer: x\n\r\n"), OK),
        (PAGE.replace(b"\r\n", b"\n"), OK),
        (b"HTTP/1.1 204 No Content\r\n\r\n", OK),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", OK),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", OK),
        (INTERIM + PAGE, OK),
        (INTERIM, CLOSED),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", STATUS),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", STATUS),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", STATUS),
        (b"HTTP/1.1 999 Odd\r\n\r\n", STATUS),
        # garbage after the end is nobody's
        (PAGE + b"garbage", OK),
        (chunked(BODY) + b"garbage" * 1000, OK),
        (b"HTTP/1.1 204 No Content\r\n\r\n" + b"x" * 5000, OK),
        (PAGE + PAGE, OK),
        # cut short
        (b"", CLOSED),
        (b"H", CLOSED),
        (HEAD_OF_PAGE[:-2], CLOSED),
        (HEAD_OF_PAGE, CLOSED),
        (page(length=14), CLOSED),
        (chunked(BODY, end=b""), CLOSED),
        (chunked(BODY, end=b"0\r\n"), CLOSED),
        (chunked(BODY, end=b"ff\r\nnot so much"), CLOSED),
        (chunked(BODY, end=b"0\r\nTrailer: x\r\n"), CLOSED),
        # not HTTP
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", PROTOCOL),
        (b"ICY 200 OK\r\n\r\n", PROTOCOL),
        (b"<html>HTTP/0.9</html>", PROTOCOL),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\n", PROTOCOL),
        (b"http/1.1 200 OK\r\n\r\n", PROTOCOL),
        (b"HTTP/1.1\r\n\r\n", PROTOCOL),
        (b"HTTP/1.1 20 OK\r\n\r\n", PROTOCOL),
        (b"HTTP/1.1 2000 OK\r\n\r\n", PROTOCOL),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", PROTOCOL),
        (b"HTTP/1.1 000 OK\r\n\r\n", PROTOCOL),
        (b"HTTP/1.1\x00 200 OK\r\n\r\n", PROTOCOL),
        (b"\x15\x03\x01\x00\x02\x02\x46", PROTOCOL),
        (bytes(300), PROTOCOL),
        # where the message ends must be certain
        (b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Length: 7\r\n\r\n" + BODY, PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + BODY, PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n" + BODY, PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n" + BODY, PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n" + BODY, PROTOCOL),
        (chunked(end=b"xyz\r\n"), PROTOCOL),
        (chunked(end=b"-5\r\nhello\r\n"), PROTOCOL),
        (chunked(end=b"5\r\nhelloXX0\r\n\r\n"), PROTOCOL),
        (chunked(end=b"5\r\nhello\rX0\r\n\r\n"), PROTOCOL),
        (chunked(end=b"5\r\r\nhello\r\n0\r\n\r\n"), PROTOCOL),
        (chunked(end=b"5 5\r\nhello\r\n0\r\n\r\n"), PROTOCOL),
        (chunked(end=b"\r\n"), PROTOCOL),
    ],
)
def test_answers(answer: bytes, expected: str) -> None:
    verdict = judged(answer)
    assert verdict.reason == expected, verdict.detail


@pytest.mark.parametrize("line", ["no colon", ": no name", "Na me: x", "X-Nul: a\0b", "X-Cr: a\rb", "Spaced : x", " x"])
def test_an_illegal_line_of_the_header_hides_no_page(line: str) -> None:
    assert reason(page(BODY, line, "X-After: 1"), response_header=["X-After: 1"], body=BODY.decode()) == OK


def test_a_length_stands_whatever_is_wrong_around_it() -> None:
    answer = b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length : 5\r\n continued\r\n\r\n"
    assert reason(answer + b"hello") == PROTOCOL  # `5 continued` is no number
    assert judged(answer.replace(b" continued\r\n", b"") + b"hello, world", closes=False, body="hello").reason == OK


def test_chunks_go_before_a_length() -> None:
    answer = chunked(BODY).replace(b"chunked", b"chunked\r\nContent-Length: 3", 1)
    assert reason(answer, closes=False, body=BODY.decode()) == OK


@pytest.mark.parametrize("status", ["200-299", "200"])
@pytest.mark.parametrize("answer", [HEAD_OF_PAGE, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"])
def test_a_response_to_head_ends_with_its_header(answer: bytes, status: str) -> None:
    assert reason(answer, closes=False, method="HEAD", status=[status]) == OK


def test_a_complete_message_needs_no_close_and_an_incomplete_one_has_no_verdict() -> None:
    assert reason(PAGE, closes=False) == OK
    for answer in (HEAD_OF_PAGE, PAGE[:-1], until_close(), chunked(BODY, end=b"0\r\n"), INTERIM):
        assert hear(begun(), [answer], closes=False) is None


@pytest.mark.parametrize(
    ("statuses", "status", "expected"),
    [
        ([], "200 OK", OK),
        ([], "299 x", OK),
        ([], "199 x", CLOSED),  # an interim response, and no other came
        ([], "300 x", STATUS),
        (["404"], "404 Not Found", OK),
        (["404"], "200 OK", STATUS),
        (["100-599"], "503 x", OK),
        (["200", "301-302"], "301 Moved", OK),
        (["200", "301-302"], "201 Created", STATUS),
        (["101"], "101 Switching Protocols", OK),
        (["101"], "200 OK", STATUS),
        (["100-599"], "600 x", STATUS),
    ],
)
def test_statuses(statuses: list[str], status: str, expected: str) -> None:
    assert reason(page(b"", status=status), status=statuses) == expected


def test_a_wrong_status_is_certain_at_the_end_of_the_header() -> None:
    verdict = judged(b"HTTP/1.1 503 Service\x07Unavailable\r\nContent-Length: 9999\r\n\r\n", closes=False)
    assert verdict.detail == r"status 503 'Service\x07Unavailable', expected 200-299"


@pytest.mark.parametrize(
    ("wanted", "expected", "detail"),
    [
        (["Server: table"], OK, ""),
        (["SERVER:   table "], OK, ""),
        (["server"], OK, ""),
        (["X-Two: a", "X-Two: b"], OK, ""),
        (["Server: Table"], HEADER, "header server is 'table', expected 'Table'"),
        (["Server:"], HEADER, "header server is 'table', expected ''"),
        (["X-Two: a, b"], HEADER, "header x-two is 'a' and 'b', expected 'a, b'"),
        (["Server: table", "X-None"], HEADER, "no header x-none"),
        (["X-None: 1"], HEADER, "no header x-none, expected '1'"),
    ],
)
def test_response_headers(wanted: list[str], expected: str, detail: str) -> None:
    verdict = judged(PAGE, response_header=wanted)
    assert verdict.reason == expected
    assert verdict.healthy or verdict.detail == detail


def test_a_folded_header_is_one_value() -> None:
    assert reason(page(BODY, "X-Long: one", "\ttwo", "   three"), response_header=["X-Long: one two three"]) == OK


@pytest.mark.parametrize(
    ("heard", "awaited"),
    [
        (b"", "an answer"),
        (b"HTT", "the end of the header"),
        (HEAD_OF_PAGE[:-1], "the end of the header"),
        (INTERIM, "the end of the header"),
        (HEAD_OF_PAGE + b"hello", "the end of the body, 5 octets so far,"),
    ],
)
def test_silence_says_what_was_awaited(heard: bytes, awaited: str) -> None:
    conversation = begun()
    if heard:
        assert conversation.data_received(heard) is None
    verdict = timed_out(conversation)
    assert (verdict.reason, verdict.detail) == (
        Reason.TIMEOUT,
        f"connected, then {awaited} did not come until the deadline",
    )


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200", "closed in the middle of the header, after 12 octets"),
        (HEAD_OF_PAGE + b"hello", "closed in the middle of the body, after 5 octets of it"),
        (b"SSH-2.0-x\r\n", r"not HTTP: 'SSH-2.0-x\r\n'"),
        (b"\x15\x03\x03\x00\x02\x02\x0a", "not HTTP but a TLS alert: this port wants TLS"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "not HTTP: illegal status line: 'HTTP/1.1 2x0 OK'"),
        (PAGE, "status 200, 13 octets of body"),
    ],
)
def test_details(answer: bytes, detail: str) -> None:
    assert judged(answer).detail == detail


def test_facts_and_phases() -> None:
    conversation = begun(prepared(show_digests=True))
    assert (conversation.facts(), list(conversation.phases_reached())) == ({}, [])
    hear(conversation, [PAGE])
    assert list(conversation.phases_reached()) == ["first_octet"]
    assert conversation.facts() == {
        "status": 200,
        "body_octets": 13,
        "md5": "22c3683b094136c3398391ae71b20f04",
        "sha256": "853ff93762a06ddbf722c4ebe9ddd66d8f63ddaea97f521c3ecc20da7c976020",
    }


def test_without_a_digest_nothing_is_hashed() -> None:
    conversation = begun()
    hear(conversation, [PAGE])
    assert conversation.facts() == {"status": 200, "body_octets": 13}
