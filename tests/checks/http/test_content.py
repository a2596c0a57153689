# SPDX-License-Identifier: GPL-2.0-or-later
"""What is expected of a body: exactly this, containing that, a digest, a pattern."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from lvs_rawcheck.checks.base import Reason, Verdict
from tests.checks.http.talk import BODY, begun, chunked, hear, judged, page, prepared, reason, until_close

OK, DIGEST, REGEX = Reason.OK, Reason.DIGEST, Reason.REGEX
NULS = b"before\0after\r\n\r\n\0"
LONG = b"".join(b"line %05d\n" % number for number in range(20000))  # 220 kB
WAYS = [page, until_close, chunked]


def md5(octets: bytes) -> str:
    return hashlib.md5(octets).hexdigest()


def sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("body", [BODY, NULS, LONG, b"\r\n"])
def test_the_body_is_the_content_however_it_is_framed(way: object, body: bytes) -> None:
    assert callable(way)
    answer = way(body)
    assert reason(answer, md5=md5(body), sha256=sha256(body).upper(), contains=[body.decode()]) == OK
    assert reason(answer, md5=md5(body + b"x")) == DIGEST
    assert reason(answer, md5=md5(body), sha256=sha256(b"")) == DIGEST


def test_the_lines_between_chunks_are_no_content() -> None:
    answer = chunked(end=b"7 ;a=b\nhello, \r\n6;c\r\nworld\n\n0\n\n")
    assert reason(answer, body=BODY.decode(), md5=md5(BODY)) == OK


def test_an_empty_body_has_a_digest_too() -> None:
    assert reason(page(b""), md5=md5(b"")) == OK
    assert reason(page(), md5=md5(b"")) == DIGEST


def test_what_comes_after_the_body_is_not_hashed() -> None:
    assert reason(page(BODY, length=5), md5=md5(BODY[:5])) == OK


def test_a_body_that_is_cut_short_has_no_digest() -> None:
    assert reason(page(length=20), md5=md5(BODY)) == Reason.CLOSED


def test_a_wrong_digest_is_told_so_that_it_can_be_configured() -> None:
    assert judged(page(), sha256="0" * 64).detail == (
        f"SHA256 of 13 octets of body is {sha256(BODY)}, expected {'0' * 64}"
    )


@pytest.mark.parametrize(
    ("body", "expected", "detail"),
    [
        ("hello, world\n", OK, ""),
        ("hello, world", Reason.BODY, r"body of more than 12 octets, 'hello, world', expected 12, 'hello, world'"),
        ("hello, world\n\n", Reason.BODY, r"body of 13 octets, 'hello, world\n', expected 14, 'hello, world\n\n'"),
        ("hello, World\n", Reason.BODY, r"body of 13 octets, 'hello, world\n', expected 13, 'hello, World\n'"),
        ("", Reason.BODY, "body of more than 1 octets, 'h', expected 0, ''"),
    ],
)
def test_an_exact_body(body: str, expected: str, detail: str) -> None:
    verdict = judged(page(), body=body)
    assert verdict.reason == expected
    assert verdict.healthy or verdict.detail == detail


def test_an_empty_body_can_be_wanted() -> None:
    assert reason(page(b""), body="") == OK


def test_octets_of_a_command_line_that_are_no_utf_8() -> None:
    assert reason(page(b"caf\xe9"), body=b"caf\xe9".decode("utf-8", "surrogateescape")) == OK
    assert reason(page("caf\u00e9".encode()), contains=["\u00e9"]) == OK


def test_everything_that_is_contained_must_be() -> None:
    assert reason(page(), contains=["hello", "world"]) == OK
    assert judged(page(), contains=["hello", "moon"]).detail == "'moon' is not in 13 octets of body"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"regex": r"w[ou]rld\n\Z"}, OK),
        ({"regex": "^hello"}, OK),
        ({"regex": "HELLO"}, REGEX),
        ({"regex": "HELLO", "regex_options": ["caseless"], "regex_dialect": "pcre2"}, OK),
        ({"regex": "[[:alpha:]]+, ", "regex_dialect": "pcre2"}, OK),
        ({"regex": r",\hw", "regex_dialect": "perl"}, OK),
        ({"regex": "fail", "regex_no_match": True}, OK),
        ({"regex": "hello", "regex_no_match": True}, REGEX),
        ({"regex": "world", "regex_min_offset": "7"}, OK),
        ({"regex": "world", "regex_min_offset": "8"}, REGEX),
        ({"regex": "world", "regex_max_offset": "7"}, OK),
        ({"regex": "world", "regex_max_offset": "6"}, REGEX),
        ({"regex": "o", "regex_min_offset": "5", "regex_max_offset": "7"}, REGEX),
        ({"regex": "o", "regex_min_offset": "5", "regex_max_offset": "8"}, OK),
        ({"regex": "world", "regex_max_offset": "6", "regex_no_match": True}, OK),
        ({"regex": "world", "regex_min_offset": "999"}, REGEX),
        ({"regex": "200 OK"}, REGEX),
        ({"regex": "^HTTP/1.1 200 OK\r\n", "regex_subject": "response"}, OK),
        ({"regex": r"\r\n\r\nhello", "regex_subject": "response"}, OK),
        ({"regex": "hello", "regex_subject": "response", "regex_max_offset": "39"}, OK),
        ({"regex": "hello", "regex_subject": "response", "regex_max_offset": "38"}, REGEX),
    ],
)
def test_patterns(told: dict[str, Any], expected: str) -> None:
    verdict = judged(page(), **told)
    assert verdict.reason == expected, verdict.detail


def test_a_pattern_across_pieces_and_chunks() -> None:
    assert reason(chunked(b"nee", b"dle ", b"in the hay"), regex="needle in the hay") == OK


def test_details_of_patterns() -> None:
    assert judged(page(), regex="moon").detail == "'moon' matches nothing in 13 octets of body"
    assert judged(page(), regex="wor", regex_no_match=True).detail == "'wor' matches at octet 7, and must not"


class TestLongBodies:
    """More than body_limit: what was kept decides, at once where it can."""

    LIMIT = "1000"

    def verdict(self, sent: bytes, closes: bool = False, **told: Any) -> Verdict | None:
        conversation = begun(prepared(body_limit=self.LIMIT, **told))
        return hear(conversation, [until_close(sent)], closes)

    @pytest.mark.parametrize("told", [{"contains": ["needle"]}, {"regex": "needle"}])
    def test_what_is_not_at_the_beginning_is_not_found(self, told: dict[str, Any]) -> None:
        verdict = self.verdict(b"x" * 1000 + b"needle", **told)
        assert verdict is not None
        assert "the first 1000 octets of body (body-limit)" in verdict.detail

    @pytest.mark.parametrize("told", [{"contains": ["needle"]}, {"regex": "needle"}])
    def test_what_is_at_the_beginning_passes_at_the_end(self, told: dict[str, Any]) -> None:
        body = b"x" * 994 + b"needle" + b"y" * 5000
        assert self.verdict(body, **told) is None
        verdict = self.verdict(body, closes=True, **told)
        assert verdict is not None
        assert verdict.healthy

    def test_what_must_not_be_there_cannot_be_judged_of_a_part(self) -> None:
        verdict = self.verdict(b"x" * 1001, regex="needle", regex_no_match=True)
        assert verdict is not None
        assert verdict.detail == (
            "'needle' must match nowhere, and the first 1000 octets of body (body-limit) are not all of it"
        )

    @pytest.mark.parametrize(
        "pattern", [r"\A[^E]*\Z", r"\A(?!.*ERROR)", r"x{1000}$", r"x\Z", r"(?>x*)", r"x{999}\b|x++"]
    )
    def test_what_matches_by_the_cut_does_not_match(self, pattern: str) -> None:
        whole = self.verdict(b"x" * 1000, closes=True, regex=pattern)
        assert whole is not None
        assert whole.healthy, whole.detail
        verdict = self.verdict(b"x" * 1001, regex=pattern)
        assert verdict is not None
        assert verdict.reason == REGEX
        assert verdict.detail.endswith(
            "goes by what follows, and the first 1000 octets of body (body-limit) are not all of it"
        )

    @pytest.mark.parametrize(
        "pattern", [r"\bOK\b", r"^OK$", r"(?m:^OK$)", r"OK(?!x{900})", r"(?s)OK.*", r"(?=OK)", r"OK(?>\n)", r"(?<!x)OK"]
    )
    def test_what_matches_however_it_goes_on_passes(self, pattern: str) -> None:
        verdict = self.verdict(b"\nOK\n" + b"x" * 1000, closes=True, regex=pattern, regex_options=["multiline"])
        assert verdict is not None
        assert verdict.healthy, verdict.detail

    def test_a_body_of_just_the_limit_is_whole(self) -> None:
        assert self.verdict(b"x" * 1000, regex="needle", regex_no_match=True) is None

    def test_digests_know_no_limit(self) -> None:
        body = LONG
        assert reason(page(body), contains=["l"], body_limit="1", md5=md5(body)) == OK

    def test_an_exact_body_is_wrong_with_its_first_octet_too_many(self) -> None:
        expecting = prepared(body=BODY.decode())
        assert hear(begun(expecting), [until_close(BODY)], closes=False) is None
        assert hear(begun(expecting), [until_close(BODY + b"\n")], closes=False) is not None

    def test_of_several_tests_the_first_that_fails_is_told(self) -> None:
        assert reason(page(), body="x", md5=md5(b""), regex="moon") == Reason.BODY
        assert reason(page(), md5=md5(b""), regex="moon") == DIGEST
