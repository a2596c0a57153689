# SPDX-License-Identifier: GPL-2.0-or-later
"""The table: what a server answers, what keepalived and ours are told to want, and why they differ where they do.

An empty `why` means that both must come to the same verdict. Where there is one, keepalived's verdict is `keepalived`
and ours is the other: both are asserted, so that a change on either side is noticed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

DIRECTOR, REAL, VIP = "10.0.0.21", "10.0.0.42", "10.0.0.100"
FIRST_PORT = 20000
CONNECT_TIMEOUT = 2  # seconds, for each phase of keepalived's check
DEADLINE = 4.0  # seconds, for all of ours


@dataclass(frozen=True)
class Pause:
    """Say nothing for a while."""

    seconds: float


@dataclass(frozen=True)
class Wait:
    """Say nothing until the other side closes."""


@dataclass(frozen=True)
class Reset:
    """Close by RST."""


@dataclass(frozen=True)
class Abort:
    """Close without a word; over TLS without close_notify."""


Action = bytes | Pause | Wait | Reset | Abort
Told = dict[str, object]


@dataclass(frozen=True)
class Row:
    """One row. urls: the lines of each url block; checker: further lines of keepalived's checker."""

    name: str
    answer: tuple[Action, ...]
    passes: bool
    """Our verdict."""
    why: str = ""
    urls: tuple[tuple[str, ...], ...] = (("path /",),)
    ours: tuple[Told, ...] = ({},)
    checker: tuple[str, ...] = ()
    kind: str = "http"
    plain: bool = False
    """The server speaks no TLS, whatever the check does."""

    @property
    def keepalived(self) -> bool:
        """Keepalived's verdict."""
        return self.passes if not self.why else not self.passes


BODY = b"hello, world\n"
LONG_BODY = b"".join(b"line %04d of the long body\n" % number for number in range(4000))  # 100 KiB and a bit
NUL_BODY = b"before\0after\r\n\r\n\0"


def page(body: bytes = BODY, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """Return a whole response; length: what Content-Length says instead of the truth."""
    lines = [f"HTTP/1.1 {status}", "Server: table", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def unmeasured(body: bytes = BODY, status: str = "200 OK", *headers: str) -> bytes:
    """Return a response whose body ends with the connection."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers]).encode() + b"\r\n\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    """Return a response in chunks, the last one missing where no empty chunk is given."""
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed


def md5(octets: bytes) -> str:
    """Return the digest as both programs write it."""
    return hashlib.md5(octets).hexdigest()


def drip(octets: bytes, pause: float) -> tuple[Action, ...]:
    """Return the octets one by one."""
    actions: list[Action] = []
    for octet in octets:
        actions += [bytes([octet]), Pause(pause)]
    return tuple(actions)


def digest_row(name: str, answer: tuple[Action, ...], digest: str, passes: bool, why: str = "") -> Row:
    """Return a row about the digest of the body."""
    return Row(name, answer, passes, why, ((("path /"), f"digest {digest}"),), ({"md5": digest},))


def regex_row(name: str, body: bytes, lines: tuple[str, ...], told: Told, passes: bool, why: str = "") -> Row:
    """Return a row about a regular expression, which keepalived matches by PCRE2."""
    return Row(name, (unmeasured(body),), passes, why, (("path /", *lines),), ({"regex_dialect": "pcre2", **told},))


ENDS_WITH_LENGTH = "keepalived waits for the end of the connection, ours for that of the body"
ACROSS_4K = b"x" * 4090 + b"needle in the hay" + b"y" * 5000

ROWS = (
    Row("a page", (page(),), True),
    Row("a page whose end is the connection's", (unmeasured(),), True),
    Row("an empty body", (page(b""),), True),
    Row("204", (b"HTTP/1.1 204 No Content\r\n\r\n",), True),
    Row("404", (page(status="404 Not Found"),), False),
    Row("500", (page(status="500 Oops"),), False),
    Row("a redirect is not followed", (page(b"", "302 Found", "Location: /other"),), False),
    Row(
        "a redirect that is wanted",
        (page(b"", "302 Found", "Location: /other"),),
        True,
        urls=(("path /", "status_code 302"),),
        ours=({"status": ["302"]},),
    ),
    Row(
        "a range of statuses",
        (page(b"", "399 Rare"),),
        True,
        urls=(("path /", "status_code 200-399"),),
        ours=({"status": ["200-399"]},),
    ),
    Row(
        "200 where another status is wanted",
        (page(),),
        False,
        urls=(("path /", "status_code 403"),),
        ours=({"status": ["403"]},),
    ),
    Row("a status of four digits", (unmeasured(status="2000 OK"),), False),
    Row("a status line without a reason", (unmeasured(status="200 "),), True),
    Row(
        "a status line without even the blank before the reason",
        (unmeasured(status="200"),),
        True,
        "keepalived wants a blank behind the status (html.c), servers that leave it out are in use",
    ),
    Row(
        "100 before 200",
        (b"HTTP/1.1 100 Continue\r\n\r\n" + page(),),
        True,
        "keepalived takes the first status that comes; an interim response is none yet (RFC 9110 15.2)",
    ),
    # Digests
    digest_row("the right digest", (page(),), md5(BODY), True),
    digest_row("a wrong digest", (page(),), md5(b"else"), False),
    digest_row("the digest of a long body", (page(LONG_BODY),), md5(LONG_BODY), True),
    digest_row("the digest of a body in pieces", (page()[:-5], Pause(0.3), page()[-5:]), md5(BODY), True),
    digest_row("the digest of a body with NULs", (page(NUL_BODY),), md5(NUL_BODY), True),
    digest_row("the digest of a body with garbage behind it", (page(length=5),), md5(BODY[:5]), True),
    digest_row("the digest of a body cut short", (page(length=100),), md5(BODY), False, "cut short is not whole"),
    digest_row(
        "the digest of a chunked body",
        (chunked(BODY, b""),),
        md5(BODY),
        True,
        "keepalived digests the framing of the chunks too; the body is what a client gets",
    ),
    # Lengths and ends
    Row("a body cut short", (page(length=100),), False, "keepalived only logs it; a client would miss the rest"),
    Row("a body with garbage behind it", (page(length=5),), True),
    Row("a chunked body", (chunked(BODY, LONG_BODY, b""),), True),
    Row(
        "a chunked body cut short", (chunked(BODY),), False, "keepalived knows no chunks; a client would miss the rest"
    ),
    Row("a connection that stays open", (page(), Wait()), True, ENDS_WITH_LENGTH),
    Row("a body whose end never comes", (unmeasured(), Wait()), False),
    Row("a whole page, then RST", (page(), Pause(0.2), Reset()), True, ENDS_WITH_LENGTH),
    Row("a page without length, then RST", (unmeasured(), Pause(0.2), Reset()), False),
    Row("nothing but a close", (), False),
    Row("nothing but RST", (Reset(),), False),
    Row("nothing at all", (Wait(),), False),
    Row("a header, then nothing", (b"HTTP/1.1 200 OK\r\n", Wait()), False),
    Row("a header cut short", (b"HTTP/1.1 200 OK\r\nServer: ta",), False),
    # What is no HTTP
    Row("another protocol", (b"SSH-2.0-OpenSSH_9.2\r\n",), False),
    Row("a body without a header", (b"<html>hello</html>\r\n\r\n",), False),
    Row("zeros", (bytes(100) + b"\r\n\r\n",), False),
    Row(
        "line ends without CR",
        (page().replace(b"\r\n", b"\n"),),
        True,
        "keepalived finds no end of the header; RFC 9112 2.2 lets a reader take LF alone",
    ),
    Row(
        "two lengths that contradict each other",
        (page(BODY, "200 OK", "Content-Length: 7"),),
        False,
        "keepalived takes one of them; RFC 9112 6.3: such a message cannot be trusted",
    ),
    # Sizes
    Row("a header of 3 KiB", (page(BODY, "200 OK", "X-Long: " + "x" * 3000),), True),
    Row(
        "a header of 5 KiB",
        (page(BODY, "200 OK", "X-Long: " + "x" * 5000),),
        True,
        "keepalived's buffer holds 4 KiB, and a header that does not fit has no end",
    ),
    Row("a body of 100 KiB", (page(LONG_BODY),), True),
    # Time
    Row("an answer after a second", (Pause(1.0), page()), True),
    Row("an octet now and then", (*drip(page(b"", "200 OK")[:40], 0.02), page(b"", "200 OK")[40:]), True),
    Row(
        "six seconds for a page",
        (page(BODY * 4, "200 OK")[:-30], Pause(1.5), b"1", Pause(1.5), b"2", Pause(1.5), b"3", Pause(1.5), b"4" * 27),
        False,
        "keepalived gives each read its timeout anew; ours has one deadline for all",
    ),
    # Regular expressions
    regex_row("a regex that matches", BODY, ('regex "w[ou]rld"',), {"regex": "w[ou]rld"}, True),
    regex_row("a regex that does not match", BODY, ('regex "w[xy]rld"',), {"regex": "w[xy]rld"}, False),
    regex_row(
        "a regex that must not match, and does not",
        BODY,
        ('regex "fail"', "regex_no_match"),
        {"regex": "fail", "regex_no_match": True},
        True,
    ),
    regex_row(
        "a regex that must not match, and does",
        BODY,
        ('regex "hello"', "regex_no_match"),
        {"regex": "hello", "regex_no_match": True},
        False,
    ),
    regex_row(
        "caseless",
        BODY,
        ('regex "HELLO"', "regex_options caseless"),
        {"regex": "HELLO", "regex_options": ["caseless"]},
        True,
    ),
    regex_row("case matters", BODY, ('regex "HELLO"',), {"regex": "HELLO"}, False),
    regex_row("a POSIX class", BODY, ('regex "[[:alpha:]]+, w"',), {"regex": "[[:alpha:]]+, w"}, True),
    regex_row("horizontal space", BODY, ('regex ",[[:blank:]]w"',), {"regex": r",\hw"}, True),
    regex_row(
        "the beginning of the body",
        BODY,
        ('regex "^hello"',),
        {"regex": "^hello"},
        True,
        "keepalived's subject begins with the header if both came in one read (check_http.c, http_process_response)",
    ),
    regex_row(
        "the end of the body",
        BODY,
        ('regex "world$"',),
        {"regex": "world$"},
        True,
        "keepalived matches partially and never says that the end has come (check_regex, PCRE2_PARTIAL_HARD)",
    ),
    regex_row(
        "a regex that only the header matches",
        BODY,
        ('regex "200 OK"',),
        {"regex": "200 OK"},
        False,
        "keepalived's subject begins with the header if both came in one read (check_http.c, http_process_response)",
    ),
    regex_row("across 4 KiB", ACROSS_4K, ('regex "needle in the hay"',), {"regex": "needle in the hay"}, True),
    regex_row("deep in a long body", LONG_BODY, ('regex "line 3999"',), {"regex": "line 3999"}, True),
    regex_row(
        "a regex that only the header matches, as keepalived looks for it",
        BODY,
        ('regex "200 OK"',),
        {"regex": "200 OK", "regex_subject": "response"},
        True,
    ),
    # Several urls
    Row("two urls", (page(),), True, urls=(("path /",), ("path /b",)), ours=({}, {"path": "/b"})),
    Row(
        "two urls, the second fails",
        (page(),),
        False,
        urls=(("path /",), ("path /b", "status_code 404")),
        ours=({}, {"path": "/b", "status": ["404"]}),
    ),
    # Versions of the request
    Row("HTTP/1.1", (page(),), True, checker=("http_protocol 1.1",), ours=({"http_version": "1.1"},)),
    Row("HTTP/1.0 with close", (page(),), True, checker=("http_protocol 1.0C",), ours=({"http_version": "1.0C"},)),
    # TLS
    Row("https", (page(),), True, kind="https"),
    Row("https, 404", (page(status="404 Not Found"),), False, kind="https"),
    Row("https, a page whose end is the connection's", (unmeasured(),), True, kind="https"),
    Row("https, a whole page, then no close_notify", (page(), Abort()), True, kind="https"),
    Row("https, nothing but a close", (), False, kind="https"),
    Row("https, a long body", (page(LONG_BODY),), True, kind="https"),
    Row("https, but the server speaks http", (page(),), False, kind="https", plain=True),
)
_PORTS = {row.name: FIRST_PORT + number for number, row in enumerate(ROWS)}


def port_of(row: Row) -> int:
    """Return the port of a row."""
    return _PORTS[row.name]
