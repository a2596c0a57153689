# SPDX-License-Identifier: GPL-2.0-or-later
"""What `explain` and -v tell of HTTP."""

from __future__ import annotations

from lvs_rawcheck.checks.http.narration import head_lines, text_lines
from tests.checks.http.talk import BODY, PAGE, begun, prepared


def test_a_response_is_its_header_and_how_much_body() -> None:
    assert begun().describe(PAGE) == [
        "HTTP/1.1 200 OK",
        "Server: table",
        "X-Two: a",
        "X-Two: b",
        "Content-Length: 13",
        r"[13 octets of body: 'hello, world\n']",
    ]


def test_a_request_is_its_lines() -> None:
    conversation = prepared(host="a.b", path="/x")()
    conversation.connected()
    lines = conversation.describe(conversation.octets_to_send())
    assert lines == ["GET /x HTTP/1.0", "Host: a.b", "User-Agent: lvs-rawcheck"]


def test_what_goes_on_is_body() -> None:
    assert begun().describe(BODY * 100) == [f"[1300 octets of body: {ascii(BODY.decode() * 7)[:80]}'...]"]


def test_nothing_is_nothing() -> None:
    assert begun().describe(b"") == []


def test_a_header_is_told_in_part_where_it_is_long() -> None:
    lines = head_lines(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n")
    assert (len(lines), lines[-1]) == (201, "[101 further lines]")


def test_a_terminal_is_not_spoken_to() -> None:
    assert head_lines(b"HTTP/1.1 200 \x1b[31m\r\n\r\n") == [r"HTTP/1.1 200 \x1b[31m"]
    assert text_lines(b"one\r\n\x1b[2J\xff\n") == ["one", r"\x1b[2J\xff"]
    assert text_lines(b"") == []
