# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation of the kind `http` without a network: what is told, what is heard, what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from lvs_rawcheck.checks.base import Conversation, Endpoint, Verdict
from lvs_rawcheck.checks.http.kind import KINDS
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.wire.address import parse_address

HTTP, HTTPS = KINDS
ENDPOINT = Endpoint(parse_address("10.0.0.100"), 80)
ENDPOINT6 = Endpoint(parse_address("2001:db8::100"), 8080)
PAGE = b"HTTP/1.1 200 OK\r\nServer: table\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 13\r\n\r\nhello, world\n"
BODY = b"hello, world\n"


def prepared(kind: Kind = HTTP, **told: Any) -> Callable[[], Conversation]:
    """Return what makes the conversation; told: texts, lists of texts, True for flags, as a command line has them."""
    values = defaults(kind.parameters)
    for name, given in told.items():
        (parameter,) = (each for each in kind.parameters if each.name == name)
        if isinstance(given, list):
            values[name] = [parameter.convert(each) for each in given]
        else:
            values[name] = parameter.convert(given) if isinstance(given, str) else given
    return cast(Callable[[], Conversation], kind.prepare(Values(values)))


def begun(make: Callable[[], Conversation] | None = None, endpoint: Endpoint = ENDPOINT) -> Conversation:
    """Return a conversation that is connected, its request already taken."""
    conversation = (make or prepared())()
    conversation.note_endpoint(endpoint)
    assert conversation.connected() is None
    assert conversation.octets_to_send() != b""
    assert conversation.octets_to_send() == b""
    return conversation


def hear(conversation: Conversation, pieces: Iterable[bytes], closes: bool = True) -> Verdict | None:
    """Return the verdict once it is given; closes: whether the server closes after the last piece."""
    for piece in pieces:
        verdict = conversation.data_received(piece)
        if verdict is not None:
            return verdict
    return conversation.peer_closed() if closes else None


def judged(answer: bytes, closes: bool = True, **told: Any) -> Verdict:
    """Return the verdict on an answer that came in one piece."""
    verdict = hear(begun(prepared(**told)), [answer], closes)
    assert verdict is not None, "no verdict"
    return verdict


def reason(answer: bytes, closes: bool = True, **told: Any) -> str:
    """Return the reason of that verdict."""
    return judged(answer, closes, **told).reason


def page(body: bytes = BODY, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return a response; length: what Content-Length says instead of the truth."""
    told = len(body) if length is None else length
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {told}", "", ""]).encode() + body


def until_close(body: bytes = BODY) -> bytes:
    """Return a response whose body ends with the connection."""
    return b"HTTP/1.0 200 OK\r\n\r\n" + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a response in chunks."""
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + end
