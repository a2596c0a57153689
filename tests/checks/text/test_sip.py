# SPDX-License-Identifier: GPL-2.0-or-later
"""sip: OPTIONS over a stream and in a datagram, and what may come back."""

from __future__ import annotations

import os

import pytest

from lvs_rawcheck.checks.base import Conversation, Reason
from lvs_rawcheck.checks.sip import SipConversation, SipExchange, options_request
from lvs_rawcheck.errors import UsageError
from tests.checks.text.scripts import conversation, exchange, play, prepare

REQUEST = """
C: OPTIONS sip:me@a.example SIP/2.0
C: Via: SIP/2.0/TCP lvs-rawcheck.invalid;branch=z9hG4bKf00d;rport
C: Max-Forwards: 70
C: To: <sip:me@a.example>
C: From: <sip:me@a.example>;tag=f00d
C: Call-ID: f00d
C: CSeq: 1 OPTIONS
C: Contact: <sip:me@a.example>
C: Accept: application/sdp
C: Content-Length: 0
C:
"""


def known_conversation() -> Conversation:
    return SipConversation(options_request("me@a.example", "TCP", "f00d"))


SCRIPTS = {
    "healthy": r"""
        S: SIP/2.0 200 OK
        S: Call-ID: f00d
        S: Content-Length: 0
        S:
        ok: the answer to OPTIONS: 'SIP/2.0 200 OK'
        """,
    "a good status and an early end": r"""
        S: SIP/2.0 200 OK
        S| Call-ID: f0
        close
        ok
        """,
    "a header without an end": r"""
        S: SIP/2.0 200 OK
        S: Call-ID: f00d
        silence
        timeout: the end of the response's header did not come
        """,
    "trying first": r"""
        S:
        S: SIP/2.0 100 Trying
        S: Call-ID: f00d
        S:
        S: SIP/2.0 200 OK
        S:
        ok
        """,
    "trying for ever": r"""
        S: SIP/2.0 100 Trying
        S:
        silence
        timeout: the answer to OPTIONS did not come
        """,
    "trying, and gone": r"""
        S: SIP/2.0 100 Trying
        S:
        close
        closed: before the answer to OPTIONS
        """,
    "line feeds alone": r"""
        S| SIP/2.0 200 OK\n\n
        ok
        """,
    "not found": r"""
        S: SIP/2.0 404 Not Found
        response: expected 200, got 'SIP/2.0 404 Not Found'
        """,
    "another success": r"""
        S: SIP/2.0 202 Accepted
        response: expected 200
        """,
    "a request instead": r"""
        S| OPTIONS
        protocol: the answer to OPTIONS: not SIP
        """,
    "HTTP": r"""
        S: HTTP/1.1 400 Bad Request
        protocol: not SIP
        """,
    "a later version": r"""
        S: SIP/3.0 200 OK
        protocol: not SIP
        """,
    "a status without a meaning": r"""
        S: SIP/2.0 700 Huh
        protocol: not SIP: 'SIP/2.0 700 Huh'
        """,
    "closed at once": r"""
        close
        closed: before the answer to OPTIONS
        """,
    "silence": r"""
        silence
        timeout: the answer to OPTIONS did not come
        """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_stream(name: str) -> None:
    script = "\n".join(line.strip() for line in SCRIPTS[name].strip().splitlines())
    play(known_conversation, REQUEST + script)


def test_every_conversation_has_a_call_of_its_own() -> None:
    one, other = (conversation("sip").octets_to_send() for _ in range(2))
    assert one != other
    assert f"OPTIONS sip:lvs-rawcheck@{os.uname().nodename} SIP/2.0\r\n".encode() in one
    assert b"Via: SIP/2.0/TCP " in one


def test_who_is_asked_is_ours_to_choose() -> None:
    assert (
        b"To: <sip:bob@[2001:db8::1]:5070>\r\n" in conversation("sip", login="bob@[2001:db8::1]:5070").octets_to_send()
    )


@pytest.mark.parametrize("login", ["", "a b", "a>b", "a\r\nVia: x", "bücher@example", 'a"b', "x" * 256])
def test_an_address_that_is_none(login: str) -> None:
    with pytest.raises(UsageError, match="the login"):
        prepare("sip", login=login)


def test_udp_and_tls_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="no TLS"):
        prepare("sip", protocol="udp", tls=True)


# Datagrams ----------------------------------------------------------------------------------------------


def known_exchange() -> SipExchange:
    return SipExchange(options_request("me@a.example", "UDP", "f00d"), "f00d")


def test_the_same_datagram_each_time() -> None:
    talk = exchange("sip", protocol="udp")
    assert talk.datagram_to_send() == talk.datagram_to_send()
    assert b"Via: SIP/2.0/UDP " in talk.datagram_to_send()
    assert talk.datagram_to_send() != exchange("sip", protocol="udp").datagram_to_send()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SIP/2.0 200 OK\r\nVia: x\r\nCall-ID: f00d\r\n\r\n", Reason.OK),
        (b"SIP/2.0 200 OK\r\ni:f00d\r\n\r\nbody", Reason.OK),
        (b"SIP/2.0 200 OK\r\nCALL-ID :  f00d \r\n\r\n", Reason.OK),
        (b"SIP/2.0 200 OK\r\nCall-ID: f00d", Reason.OK),
        (b"SIP/2.0 503 Service Unavailable\r\nCall-ID: f00d\r\n\r\n", Reason.RESPONSE),
        (b"SIP/2.0 100 Trying\r\nCall-ID: f00d\r\n\r\n", None),
        (b"SIP/2.0 200 OK\r\nCall-ID: f00d2\r\n\r\n", None),
        (b"SIP/2.0 200 OK\r\n\r\nCall-ID: f00d", None),
        (b"SIP/2.0 200 OK\r\nVia: Call-ID: f00d\r\n\r\n", None),
        (b"OPTIONS sip:me@a.example SIP/2.0\r\nCall-ID: f00d\r\n\r\n", None),
        (b"", None),
        (b"\x00" * 1400, None),
    ],
)
def test_datagrams(answer: bytes, reason: str | None) -> None:
    verdict = known_exchange().datagram_received(answer)
    assert (verdict.reason if verdict else None) == reason


def test_what_silence_means() -> None:
    talk = known_exchange()
    assert talk.silence() is None
    assert talk.datagram_received(b"SIP/2.0 100 Trying\r\nCall-ID: f00d\r\n\r\n") is None
    assert talk.silence() is None
    assert talk.datagram_received(b"\x80dns?") is None
    silence = talk.silence()
    assert silence is not None
    assert (silence.reason, "not SIP" in silence.detail) == (Reason.PROTOCOL, True)
    healthy = talk.datagram_received(b"SIP/2.0 200 OK\r\nCall-ID: f00d\r\n\r\n")
    assert healthy is not None
    assert healthy.healthy
