# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that speak no TLS, or abuse it: one clear sentence, and no more memory than the limit."""

from __future__ import annotations

import ssl
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.tls.events import Event, Failed, PeerClosed
from lvs_rawcheck.tls.session import QUIET_LIMIT, Session
from lvs_rawcheck.tls.settings import Settings
from tests.netns.daemons import certificates
from tests.tls.peer import Peer, events_of, exchange, pieces, server_context

CHUNK = 65536
MUCH = 16 * 1024 * 1024
SLACK = 4 * CHUNK  # what a chunk, its copy in OpenSSL and the session itself take


def begun() -> Session:
    session = Session(Settings(), time.time())
    session.octets_to_send()
    return session


def fed(octets: bytes, piece: int = CHUNK) -> list[Event]:
    """Return what a session that has sent its ClientHello says to these octets."""
    session = begun()
    events = []
    for part in pieces(octets, piece):
        session.receive_octets(part)
        events += events_of(session)
    return events


def sentence(events: list[Event]) -> str:
    (event,) = events
    assert isinstance(event, Failed), event
    return event.sentence


def record(content_type: int, octets: bytes) -> bytes:
    return bytes([content_type, 3, 3]) + len(octets).to_bytes(2, "big") + octets


# No TLS at all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, CHUNK])
@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n", "'HTTP/"),
        (b"220 mail.example ESMTP\r\n", "'220 m"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "'SSH-2"),
        (b"\0" * 100, r"'\x00\x00"),
        (b"\x80\x2e\x01\x03\x01" + b"a" * 40, r"'\x80."),
        ("äöü".encode() * 9, r"'\xc3\xa4"),
    ],
)
def test_not_tls(octets: bytes, said: str, piece: int) -> None:
    whole = sentence(fed(octets, piece))
    assert whole.startswith(f"the server does not speak TLS: it said {said}")
    assert whole.isprintable()
    assert len(whole) < 300


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=600), st.integers(1, 600))
def test_any_octets_are_a_failure_or_not_enough(octets: bytes, piece: int) -> None:
    session = begun()
    for part in pieces(octets, piece):
        session.receive_octets(part)
        events_of(session)
    session.peer_eof()
    for event in events_of(session):
        assert isinstance(event, Failed | PeerClosed)
    assert session.next_event() is None
    assert not session.secured


@settings(max_examples=100)
@given(st.integers(0, 1 << 20), st.integers(1, 255))
def test_any_octet_of_a_handshake_changed(place: int, change: int) -> None:
    """Never an exception, and never a session with somebody who changed what the server said."""
    peer = Peer(server_context(certificates.good()))
    session = Session(Settings(), time.time())
    peer.receive(session.octets_to_send())
    flight = bytearray(peer.take())
    place %= len(flight)
    flight[place] ^= change
    session.receive_octets(bytes(flight))
    session.peer_eof()
    events_of(session)
    if session.secured:  # the minor version of the first record alone means nothing any more (RFC 8446 5.1)
        assert place == 2


# Alerts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (40, "handshake failure"),
        (70, "protocol version"),
        (80, "internal error"),
        (112, "unrecognized name"),
        (120, "no application protocol"),
    ],
)
def test_alerts_are_named(number: int, name: str) -> None:
    assert sentence(fed(record(21, bytes([2, number])))) == f"the server ended the TLS handshake with the alert: {name}"


def test_an_alert_that_nobody_knows() -> None:
    assert sentence(fed(record(21, bytes([2, 255])))).startswith("the TLS handshake failed: ")


def test_a_server_that_wants_a_certificate_of_ours() -> None:
    """In TLS 1.3 the client hears of it only when its own handshake is complete."""
    context = server_context(certificates.good())
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.authority().ca_file)
    events = exchange(Session(Settings(), time.time()), Peer(context))
    assert [repr(event) for event in events] == [
        "Secured",
        "Failed the server ended the TLS session with the alert: certificate required",
    ]


# Without end -------------------------------------------------------------------------------------------


def handshake_message(octets: int) -> Iterator[bytes]:
    """Yield a ServerHello of 16 MiB, record by record."""
    yield record(22, b"\x02" + (MUCH - 4).to_bytes(3, "big") + bytes(CHUNK // 4 - 4))
    for _ in range(octets // (CHUNK // 4)):
        yield record(22, bytes(CHUNK // 4))


def empty_records(octets: int) -> Iterator[bytes]:
    """Yield handshake records with nothing in them."""
    for _ in range(octets // CHUNK):
        yield record(22, b"") * (CHUNK // 5)


def warnings_of(octets: int) -> Iterator[bytes]:
    """Yield alerts that need not end a handshake."""
    for _ in range(octets // CHUNK):
        yield record(21, bytes([1, 112])) * (CHUNK // 7)


def hello_requests(octets: int) -> Iterator[bytes]:
    """Yield HelloRequests, which a client in the middle of a handshake passes over (RFC 5246 7.4.1.1)."""
    for _ in range(octets // CHUNK):
        yield record(22, b"\0\0\0\0") * (CHUNK // 9)


@pytest.mark.parametrize("endless", [handshake_message, empty_records, warnings_of, hello_requests])
def test_a_handshake_without_end(endless: object) -> None:
    assert callable(endless)
    session = begun()
    tracemalloc.start()
    try:
        events: list[Event] = []
        for chunk in endless(MUCH):
            session.receive_octets(chunk)
            events += events_of(session)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sentence(events).startswith(("the TLS handshake failed: ", "the server ended", "more than 262144 octets"))
    assert peak < QUIET_LIMIT + SLACK


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_with_nothing_in_it(version: ssl.TLSVersion) -> None:
    """Records that are right but empty: OpenSSL sends such ones for a write of nothing, in TLS 1.3 key updates."""
    context = server_context(certificates.good())
    context.minimum_version = context.maximum_version = version
    peer = Peer(context)
    session = Session(Settings(), time.time())
    exchange(session, peer)
    events: list[Event] = []
    for _ in range(40):
        peer.say(b"")
        session.receive_octets(peer.take())
        events += events_of(session)
    peer.say(b"something")
    session.receive_octets(peer.take())
    events += events_of(session)
    assert all(not isinstance(event, PeerClosed) for event in events)
    assert repr(events[-1]).startswith(("DataReceived 9", "Failed"))


def test_plaintext_begins_the_count_anew() -> None:
    peer = Peer(server_context(certificates.good()))
    session = Session(Settings(), time.time())
    exchange(session, peer)
    for _ in range(3 * QUIET_LIMIT // 16384):
        peer.say(b"x" * 16384)
        assert [repr(event) for event in exchange(session, peer)] == ["DataReceived 16384"]
