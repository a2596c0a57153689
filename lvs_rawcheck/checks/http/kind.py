# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds `http` and `https`, in the words of keepalived's HTTP_GET and SSL_GET and what ldirectord adds to them."""

from __future__ import annotations

from lvs_rawcheck.checks.http.content import Containing, ContentTest, Digest, ExactBody, Matching
from lvs_rawcheck.checks.http.conversation import HttpConversation
from lvs_rawcheck.checks.http.expectations import STATUS_DEFAULT, Expectations, ExpectedHeader, Status, parse_statuses
from lvs_rawcheck.checks.http.head import HEAD_LIMIT
from lvs_rawcheck.checks.http.request import (
    VERSIONS,
    HttpRequest,
    header_from_file,
    octets_of,
    parse_expected_header,
    parse_host,
    parse_path,
    parse_request_header,
)
from lvs_rawcheck.checks.parameters import Parameter, one_of, whole_number
from lvs_rawcheck.checks.regex_dialect import REGEX_DIALECT, read_pattern
from lvs_rawcheck.checks.stream_kinds import stream_kind, tls_kind
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.checks.parameters import Values
    from lvs_rawcheck.checks.stream_kinds import MakeConversation

MEBIBYTE = 1024 * 1024
BODY_LIMIT_DEFAULT = MEBIBYTE
BODY_LIMIT_MAX = 64 * MEBIBYTE
_OFFSET_MAX = BODY_LIMIT_MAX + MEBIBYTE
_HEXADECIMAL = frozenset("0123456789abcdef")
_DIGEST_DIGITS = {"md5": 32, "sha256": 64}
BODY, RESPONSE = "body", "response"


def _digits_of(algorithm: str) -> Callable[[str], str]:
    """Return a converter that takes a digest in hexadecimal."""
    digits = _DIGEST_DIGITS[algorithm]

    def convert(text: str) -> str:
        if len(text) != digits or not _HEXADECIMAL.issuperset(text.lower()):
            raise UsageError(f"not the {digits} hexadecimal digits of {algorithm.upper()}: {text!r}")
        return text.lower()

    return convert


def _not_empty(text: str) -> bytes:
    if not text:
        raise UsageError("it is empty: whatever comes would pass")
    return octets_of(text)


ASKING = (
    Parameter("method", "GET|HEAD", "how to ask (default: GET)", one_of("GET", "HEAD"), "GET"),
    Parameter("path", "PATH", "what to ask for, query and all (default: /)", parse_path, b"/"),
    Parameter("host", "NAME", "the Host header (default: VIP:PORT)", parse_host),
    Parameter("no_host", None, "send no Host header"),
    Parameter("header", "'NAME: VALUE'", "a further header to send", parse_request_header, many=True),
    Parameter(
        "header_file",
        "FILE",
        "a further header, the first line of a file that only its owner can read: for credentials",
        header_from_file,
        many=True,
    ),
    Parameter("http_version", "VERSION", "1.0 (default), 1.0C (with Connection: close), 1.1", one_of(*VERSIONS), "1.0"),
)
EXPECTING = (
    Parameter(
        "status", "CODE|CODE-CODE", f"a status that passes (default: {STATUS_DEFAULT})", parse_statuses, many=True
    ),
    Parameter(
        "response_header",
        "'NAME: VALUE'",
        "a header that must be there, with this value; `NAME` alone: with any",
        parse_expected_header,
        many=True,
    ),
    Parameter("body", "TEXT", "what the body must be", octets_of),
    Parameter("contains", "TEXT", "what the body must contain", _not_empty, many=True),
    Parameter("md5", "DIGITS", "the MD5 that the body must have", _digits_of("md5")),
    Parameter("sha256", "DIGITS", "the SHA-256 that the body must have", _digits_of("sha256")),
    Parameter("show_digests", None, "say the body's MD5 and SHA-256 in the JSON object"),
    Parameter("regex", "PATTERN", "what must match somewhere in the body", _not_empty),
    Parameter("regex_no_match", None, "the pattern must match nowhere"),
    REGEX_DIALECT,
    Parameter("regex_options", "WORD", "an option of the pattern, in its dialect's words: caseless, ...", many=True),
    Parameter("regex_min_offset", "OCTETS", "where a match may begin at the earliest", whole_number(0, _OFFSET_MAX)),
    Parameter("regex_max_offset", "OCTETS", "where a match may begin at the latest", whole_number(0, _OFFSET_MAX)),
    Parameter("regex_subject", "body|response", "where to look; response: the header too", one_of(BODY, RESPONSE)),
    Parameter(
        "body_limit",
        "OCTETS",
        "how much of the body contains and regex look at; a pattern that must see what follows fails (default: 1 MiB)",
        whole_number(1, BODY_LIMIT_MAX),
    ),
)
_OF_REGEX = (
    *("regex_no_match", "regex_dialect", "regex_options"),
    *("regex_min_offset", "regex_max_offset", "regex_subject"),
)
_OF_CONTENT = ("body", "contains", "md5", "sha256", "show_digests", "regex", "body_limit")


def prepare(values: Values) -> MakeConversation:
    """Return what makes the conversation; UsageError."""
    request = HttpRequest(
        values.octets("path") or b"/",
        values.octets("host"),
        [*values.all("header"), *values.all("header_file")],  # type: ignore[list-item]
        values.text("method") or "GET",
        values.text("http_version") or "1.0",
        names_host=not values.flag("no_host"),
    )
    _demand_coherent(values)
    return conversations(request, expectations(values))


def conversations(request: HttpRequest, expected: Expectations) -> Callable[[], HttpConversation]:
    """Return what makes conversations with this request and this response."""
    return lambda: HttpConversation(request, expected)


def expectations(values: Values) -> Expectations:
    """Return what EXPECTING came to; UsageError."""
    statuses: list[tuple[int, int]] = values.all("status") or [parse_statuses(STATUS_DEFAULT)]  # type: ignore[assignment]
    headers = [ExpectedHeader(*header) for header in values.all("response_header")]  # type: ignore[misc]
    shown = tuple(_DIGEST_DIGITS) if values.flag("show_digests") else ()
    return Expectations(Status(statuses), headers, list(_content_tests(values)), shown)


def _content_tests(values: Values) -> Sequence[ContentTest]:
    """Return the tests in the order of the reasons."""
    limit = _limit(values)
    tests: list[ContentTest] = []
    body = values.octets("body")
    if body is not None:
        tests.append(ExactBody(body))
    tests += [Containing(octets, limit) for octets in values.all("contains") if isinstance(octets, bytes)]
    for algorithm in _DIGEST_DIGITS:
        digest = values.text(algorithm)
        if digest is not None:
            tests.append(Digest(algorithm, digest))
    pattern = values.octets("regex")
    if pattern is not None:
        tests.append(_matching(pattern, limit, values))
    return tests


def _matching(pattern: bytes, limit: int, values: Values) -> Matching:
    least = values.number("regex_min_offset") or 0
    return Matching(
        read_pattern(values, pattern, values.texts("regex_options"), least),
        limit,
        absent=values.flag("regex_no_match"),
        least=least,
        most=values.number("regex_max_offset"),
        with_head=values.text("regex_subject") == RESPONSE,
    )


def _demand_coherent(values: Values) -> None:
    if values.flag("no_host") and values.value("host") is not None:
        raise UsageError("host and no-host contradict each other")
    if values.flag("no_host") and values.text("http_version") == "1.1":
        raise UsageError("no-host: a request of HTTP/1.1 must have a Host header")
    if values.value("regex") is None:
        _demand_none(values, _OF_REGEX, "is about a regex, and there is none")
    if values.text("method") == "HEAD":
        _demand_none(values, _OF_CONTENT, "is about the body, and a response to HEAD has none")
    least, most = values.number("regex_min_offset"), values.number("regex_max_offset")
    if least is not None and most is not None and least > most:
        raise UsageError(f"regex-min-offset {least} is greater than regex-max-offset {most}: nothing can match")
    _demand_within_limit(values)


def _limit(values: Values) -> int:
    return values.number("body_limit") or BODY_LIMIT_DEFAULT


def _demand_within_limit(values: Values) -> None:
    contained = [octets for octets in values.all("contains") if isinstance(octets, bytes)]
    if not contained and values.value("regex") is None:
        _demand_none(values, ["body_limit"], "is about contains and regex, and there is neither")
    limit = _limit(values)
    longest = max(map(len, contained), default=0)
    if longest > limit:
        raise UsageError(f"contains has {longest} octets, and body-limit is {limit}: it cannot be found")
    searched = limit + HEAD_LIMIT if values.text("regex_subject") == RESPONSE else limit
    least = values.number("regex_min_offset") or 0
    if least > searched:
        raise UsageError(f"regex-min-offset {least} is beyond all that is looked at, {searched} octets: see body-limit")


def _demand_none(values: Values, names: Sequence[str], sentence: str) -> None:
    for name in names:
        if values.value(name) not in (None, False, 0, []):
            raise UsageError(f"{name.replace('_', '-')} {sentence}")


KINDS = (
    stream_kind("http", "an HTTP server answers as expected", (*ASKING, *EXPECTING), prepare),
    tls_kind("https", "the same over TLS", (*ASKING, *EXPECTING), prepare),
)
