# SPDX-License-Identifier: GPL-2.0-or-later
"""A session opposite a server in memory: what is agreed upon, what is demanded, how it ends."""

from __future__ import annotations

import ssl
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.errors import RemoteProtocolError
from lvs_rawcheck.tls.events import DataReceived, Event, Failed, PeerClosed, Secured
from lvs_rawcheck.tls.session import Session
from lvs_rawcheck.tls.settings import Settings
from tests.netns.daemons import certificates
from tests.netns.daemons.certificates import NAME
from tests.tls.authority import Identity
from tests.tls.peer import Peer, events_of, exchange, pieces, server_context

CA_FILE = str(certificates.authority().ca_file)
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
both_versions = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["TLS 1.2", "TLS 1.3"])


def peer_with(certificate: Identity | None = None, version: ssl.TLSVersion = TLS_1_3) -> Peer:
    context = server_context(certificate or certificates.good())
    context.minimum_version = context.maximum_version = version
    return Peer(context)


def begun(demands: Settings | None = None, wall_now: float | None = None) -> Session:
    return Session(demands or Settings(), time.time() if wall_now is None else wall_now)


def secured(peer: Peer) -> Session:
    session = begun()
    assert isinstance(exchange(session, peer)[-1], Secured)
    return session


def failure(events: list[Event]) -> str:
    """Return the sentence of the one event, which must be a failure."""
    (event,) = events
    assert isinstance(event, Failed), event
    return event.sentence


def plaintext(events: list[Event]) -> bytes:
    return b"".join(event.octets for event in events if isinstance(event, DataReceived))


# What is said ------------------------------------------------------------------------------------------


@both_versions
def test_a_conversation(version: ssl.TLSVersion) -> None:
    peer = peer_with(version=version)
    session = secured(peer)
    session.send(b"GET /\r\n")
    exchange(session, peer)
    assert peer.received == b"GET /\r\n"
    peer.say(b"x" * 40_000)
    peer.say_goodbye()
    events = exchange(session, peer)
    assert plaintext(events) == b"x" * 40_000
    assert isinstance(events[-1], PeerClosed)
    assert events[-1].clean


@both_versions
def test_whole_or_octet_by_octet(version: ssl.TLSVersion) -> None:
    told: list[tuple[list[str], bytes]] = []
    for piece in (1 << 20, 1):
        peer = peer_with(version=version)
        session = begun()
        events = exchange(session, peer, piece)
        for answer in (b"a" * 20_000, b"b"):
            peer.say(answer)
        peer.say_goodbye()
        events += exchange(session, peer, piece)
        told.append(([repr(event) for event in events], plaintext(events)))
    assert told[0] == told[1]
    assert told[0][0] == ["Secured", "DataReceived 16384", "DataReceived 3616", "DataReceived 1", "PeerClosed"]


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=20_000), max_size=5), st.integers(1, 5000))
def test_any_answer_in_any_pieces(answers: list[bytes], piece: int) -> None:
    peer = peer_with()
    session = secured(peer)
    for answer in answers:
        peer.say(answer) if answer else None
    assert plaintext(exchange(session, peer, piece)) == b"".join(answers)


def test_the_first_flight_is_ready_at_once() -> None:
    session = begun()
    first = session.octets_to_send()
    assert first[:1] == b"\x16"
    assert session.octets_to_send() == b"", "each octet once"
    assert session.next_event() is None
    assert not session.secured


@both_versions
def test_a_close_notify_of_ours(version: ssl.TLSVersion) -> None:
    peer = peer_with(version=version)
    session = secured(peer)
    session.close()
    exchange(session, peer)
    assert peer.closed
    begun().close()  # too early to say anything, and no error


# How it ends -------------------------------------------------------------------------------------------


@both_versions
def test_an_end_without_close_notify(version: ssl.TLSVersion) -> None:
    peer = peer_with(version=version)
    session = secured(peer)
    peer.say(b"half of it")
    session.receive_octets(peer.take())
    session.peer_eof()
    events = events_of(session)
    assert plaintext(events) == b"half of it"
    assert repr(events[-1]) == "PeerClosed abruptly"
    assert session.next_event() is None
    assert session.parameters()["version"] == version.name.replace("v1_", "v1."), "still told, though it broke"
    assert NAME in session.certificate().names


def test_an_end_in_the_middle_of_a_record() -> None:
    peer = peer_with()
    session = secured(peer)
    peer.say(b"x" * 100)
    session.receive_octets(peer.take()[:-1])
    session.peer_eof()
    assert [repr(event) for event in events_of(session)] == ["PeerClosed abruptly"]


@pytest.mark.parametrize("octets", [b"", b"\x16", b"\x16\x03\x03"])
def test_an_end_in_the_middle_of_the_handshake(octets: bytes) -> None:
    session = begun()
    session.receive_octets(octets)
    session.peer_eof()
    assert [repr(event) for event in events_of(session)] == ["PeerClosed abruptly"]
    assert not session.secured


def test_plaintext_comes_before_the_fault_behind_it() -> None:
    peer = peer_with()
    session = secured(peer)
    peer.say(b"all of it")
    session.receive_octets(peer.take() + b"garbage behind it")
    events = events_of(session)
    assert plaintext(events) == b"all of it"
    assert isinstance(events[-1], Failed)
    assert events[-1].sentence.startswith("the TLS session failed: ")
    session.receive_octets(b"more of it")
    assert session.next_event() is None, "it was over"


# What is demanded --------------------------------------------------------------------------------------


def test_nothing_is_verified_unless_it_is_wanted() -> None:
    for certificate in (certificates.self_signed(), certificates.expired(), certificates.wrong_name()):
        session = begun(Settings(server_name=NAME))
        assert isinstance(exchange(session, peer_with(certificate))[-1], Secured)


@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        (certificates.self_signed(), "the certificate does not verify: self-signed certificate"),
        (certificates.expired(), "the certificate does not verify: certificate has expired"),
        (certificates.wrong_name(), f"the certificate does not verify: Hostname mismatch, certificate is not valid "
                                    f"for '{NAME}'."),
    ],
    ids=["self-signed", "expired", "wrong name"],
)  # fmt: skip
def test_what_does_not_verify(certificate: Identity, sentence: str) -> None:
    demands = Settings(verify=True, ca_file=CA_FILE, expected_name=NAME, server_name=NAME)
    peer = peer_with(certificate)
    assert failure(exchange(begun(demands), peer)) == sentence
    assert not peer.received


@pytest.mark.parametrize("ca_file", [CA_FILE, str(certificates.self_signed().certificate_file)])
def test_what_verifies(ca_file: str) -> None:
    certificate = certificates.good() if ca_file == CA_FILE else certificates.self_signed()
    session = begun(Settings(verify=True, ca_file=ca_file, expected_name=NAME, server_name=NAME))
    assert isinstance(exchange(session, peer_with(certificate))[-1], Secured)


def test_an_authority_that_is_not_this_system_s() -> None:
    sentence = failure(exchange(begun(Settings(verify=True)), peer_with()))
    assert sentence.startswith("the certificate does not verify: ")


@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize("server_name", [None, NAME, "elsewhere.example"])
@pytest.mark.parametrize(
    ("expected_name", "fits"), [(NAME, True), ("10.0.0.100", True), ("2001:db8:0::100", True), ("x.example", False)]
)
def test_a_name_is_checked_whatever_is_sent_and_verified(
    verify: bool, server_name: str | None, expected_name: str, fits: bool
) -> None:
    demands = Settings(
        verify=verify, ca_file=CA_FILE if verify else None, server_name=server_name, expected_name=expected_name
    )
    event = exchange(begun(demands), peer_with())[-1]
    assert isinstance(event, Secured) is fits
    if isinstance(event, Failed):
        assert "x.example" in event.sentence


@pytest.mark.parametrize("server_name", [None, NAME])
def test_the_name_that_is_sent(server_name: str | None) -> None:
    heard: list[str | None] = []
    context = server_context(certificates.good())
    context.sni_callback = lambda _tls, name, _context: heard.append(name)
    exchange(begun(Settings(server_name=server_name, expected_name="10.0.0.100")), Peer(context))
    assert heard == [server_name]


@pytest.mark.parametrize(
    ("certificate", "min_days", "sentence"),
    [
        (certificates.good(), 80, None),
        (certificates.good(), 100, "in less than 100 days"),
        (certificates.expires_soon(), 30, "in less than 30 days"),
        (certificates.expired(), 0, "the certificate expired at 20"),
    ],
)
def test_days_before_expiry(certificate: Identity, min_days: int, sentence: str | None) -> None:
    event = exchange(begun(Settings(min_days=min_days)), peer_with(certificate))[-1]
    if sentence is None:
        assert isinstance(event, Secured)
    else:
        assert isinstance(event, Failed)
        assert sentence in event.sentence


def test_the_days_are_counted_from_the_time_that_is_told() -> None:
    in_a_year = time.time() + 370 * 86100
    assert "expired" in failure(exchange(begun(Settings(min_days=0), in_a_year), peer_with()))


def test_a_version_that_is_too_old() -> None:
    sentence = failure(exchange(begun(Settings(min_version="1.3")), peer_with(version=TLS_1_2)))
    assert "protocol version" in sentence


@pytest.mark.parametrize(
    ("offered", "required", "chosen"),
    [(("h2", "http/1.1"), None, "http/1.1"), (("h2",), None, None), (("http/1.1",), "http/1.1", "http/1.1")],
)
def test_alpn(offered: tuple[str, ...], required: str | None, chosen: str | None) -> None:
    context = server_context(certificates.good())
    context.set_alpn_protocols(["http/1.1"])
    session = begun(Settings(alpn=offered, required_alpn=required))
    assert isinstance(exchange(session, Peer(context))[-1], Secured)
    assert session.parameters()["alpn"] == chosen


def test_a_protocol_that_the_server_does_not_choose() -> None:
    demands = Settings(alpn=("h2", "http/1.1"), required_alpn="h2")
    assert failure(exchange(begun(demands), peer_with())) == "the server chose no protocol by ALPN, not h2"


# What is known -----------------------------------------------------------------------------------------


@both_versions
def test_what_was_agreed_upon(version: ssl.TLSVersion) -> None:
    session = secured(peer_with(version=version))
    agreed = session.parameters()
    assert (agreed["version"], agreed["alpn"]) == ("TLSv1.2" if version == TLS_1_2 else "TLSv1.3", None)
    assert "AES" in (agreed["cipher"] or "")
    certificate = session.certificate()
    assert certificate.subject == f"CN={NAME}"
    assert certificate.names == [NAME, "10.0.0.100", "2001:db8::100"]


def test_two_servers_with_one_certificate_have_one_digest() -> None:
    one, again = secured(peer_with()), secured(peer_with())
    assert one.certificate_digest() == again.certificate_digest()
    other = secured(peer_with(certificates.expires_soon()))
    assert other.certificate_digest() not in (None, one.certificate_digest())


def test_before_the_handshake_there_is_no_certificate() -> None:
    with pytest.raises(RemoteProtocolError, match="no certificate has been accepted"):
        begun().certificate()


def test_many_sessions_of_one_context() -> None:
    demands = Settings()
    assert Settings().context is demands.context
    for piece in pieces(b"abc", 1):
        peer = peer_with()
        session = begun(demands)
        exchange(session, peer)
        peer.say(piece)
        assert plaintext(exchange(session, peer)) == piece
