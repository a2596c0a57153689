# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS around a conversation: what is inside sees plaintext only, and the verdict is the right one of the two."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Sequence

import pytest

from lvs_rawcheck.checks.base import Conversation, Reason, Verdict, timed_out
from lvs_rawcheck.checks.over_tls import OverStartTls, OverTls, over_start_tls, over_tls
from lvs_rawcheck.checks.stream import StreamConversation
from lvs_rawcheck.checks.stream_script import parse_steps
from lvs_rawcheck.tls.settings import Settings
from tests.netns.daemons import certificates
from tests.netns.daemons.certificates import NAME
from tests.tls.authority import Identity
from tests.tls.peer import Peer, pieces, server_context

WHOLE = 1 << 20
in_pieces = pytest.mark.parametrize("piece", [1, 100, WHOLE])


class UntilClosed(Conversation):
    """Asks for all there is; healthy when at least `wanted` octets had come by the end."""

    kind = "until-closed"

    def __init__(self, wanted: int = 5) -> None:
        self.received = b""
        self.ends = 0
        self.goodbye: Verdict | None = None
        self._wanted = wanted
        self._outbox = b""

    def connected(self) -> Verdict | None:
        self._outbox = b"all of it\n"
        return None

    def data_received(self, octets: bytes) -> Verdict | None:
        self.received += octets
        return None

    def peer_closed(self) -> Verdict | None:
        self.ends += 1
        if len(self.received) >= self._wanted:
            return Verdict(Reason.OK, "all of it")
        return Verdict(Reason.CLOSED, f"{len(self.received)} octets of {self._wanted}")

    def octets_to_send(self) -> bytes:
        octets, self._outbox = self._outbox, b""
        return octets

    def settled(self) -> Verdict | None:
        return self.goodbye

    def awaiting(self) -> str:
        return "the end"

    def phases_reached(self) -> Sequence[str]:
        return ("first_octet",) if self.received else ()

    def facts(self) -> dict[str, object]:
        return {"octets": len(self.received)}


def peer_with(identity: Identity | None = None) -> Peer:
    return Peer(server_context(identity or certificates.good()))


def carry(talk: Conversation, peer: Peer, piece: int = WHOLE) -> Verdict | None:
    """Carry octets between the two until both are silent or there is a verdict."""
    for _ in range(20):
        to_peer = talk.octets_to_send()
        if to_peer:
            peer.receive(to_peer)
        to_us = peer.take()
        for part in pieces(to_us, piece):
            verdict = talk.data_received(part)
            if verdict is not None:
                return verdict
        if not to_peer and not to_us:
            return None
    raise AssertionError("the two never fell silent")


def secured(inner: Conversation, peer: Peer, demands: Settings | None = None) -> OverTls:
    talk = OverTls(inner, demands or Settings())
    assert talk.connected() is None
    assert carry(talk, peer) is None
    return talk


# From the first octet ----------------------------------------------------------------------------------


@in_pieces
def test_the_inside_sees_plaintext(piece: int) -> None:
    inner, peer = UntilClosed(), peer_with()
    talk = over_tls(lambda: inner, Settings())()
    assert talk.connected() is None
    assert carry(talk, peer, piece) is None
    assert peer.received == b"all of it\n"
    peer.say(b"here you are")
    peer.say_goodbye()
    verdict = carry(talk, peer, piece)
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.OK, "all of it")
    assert (inner.received, inner.ends) == (b"here you are", 1)
    assert (talk.kind, talk.inner) == ("until-closed", inner)


def test_what_is_awaited_and_reached() -> None:
    inner, peer = UntilClosed(), peer_with()
    talk = OverTls(inner, Settings())
    talk.connected()
    assert talk.phases_reached() == ()
    assert timed_out(talk).detail == "connected, then the end of the TLS handshake did not come until the deadline"
    carry(talk, peer)
    assert talk.phases_reached() == ("tls",)
    assert talk.awaiting() == "the end"
    peer.say(b"x")
    carry(talk, peer)
    assert talk.phases_reached() == ("tls", "first_octet")
    assert talk.describe(b"a\nb\n") == ["a", "b"]


def test_the_facts_are_fit_for_json() -> None:
    talk = secured(UntilClosed(), peer_with())
    facts = json.loads(json.dumps(talk.facts()))
    assert facts["certificate"]["subject"] == f"CN={NAME}"
    assert facts["certificate"]["names"] == [NAME, "10.0.0.100", "2001:db8::100"]
    assert facts["certificate"]["expires"].endswith("Z")
    assert re.fullmatch("[0-9a-f]{64}", facts["certificate_sha256"])
    assert facts["tls"] == {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "alpn": None}
    assert facts["octets"] == 0
    assert OverTls(UntilClosed(), Settings()).facts() == {"octets": 0}


def test_a_certificate_that_was_refused_is_told_where_it_is_known() -> None:
    talk = OverTls(UntilClosed(), Settings(min_days=1))
    talk.connected()
    verdict = carry(talk, peer_with(certificates.expired()))
    assert verdict is not None
    assert (verdict.reason, verdict.detail[:27]) == (Reason.TLS, "the certificate expired at ")
    assert "certificate" in talk.facts()
    assert talk.phases_reached() == (), "the handshake came to nothing"


@in_pieces
def test_no_tls_there(piece: int) -> None:
    talk = OverTls(UntilClosed(), Settings())
    talk.connected()
    verdicts = [talk.data_received(part) for part in pieces(b"HTTP/1.1 400 Bad Request\r\n\r\n", piece)]
    (verdict,) = [verdict for verdict in verdicts if verdict is not None]
    assert verdict.reason == Reason.TLS
    assert verdict.detail.startswith("the server does not speak TLS: it said 'HTTP/")


# How it ends -------------------------------------------------------------------------------------------


def test_an_end_during_the_handshake() -> None:
    inner = UntilClosed(0)
    talk = OverTls(inner, Settings())
    talk.connected()
    verdict = talk.peer_closed()
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (
        Reason.CLOSED,
        "the server closed the connection during the TLS handshake",
    )
    assert inner.ends == 0, "it had not even begun"


@pytest.mark.parametrize(("said", "reason"), [(b"enough", Reason.OK), (b"few", Reason.CLOSED)])
def test_cut_off_is_closed_as_in_keepalived(said: bytes, reason: str) -> None:
    peer = peer_with()
    talk = secured(UntilClosed(), peer)
    peer.say(said)
    carry(talk, peer)
    verdict = talk.peer_closed()
    assert verdict is not None
    assert verdict.reason == reason
    assert verdict.detail.endswith("TLS was cut off, not closed") is (reason != Reason.OK)


@pytest.mark.parametrize(("said", "reason"), [(b"enough", Reason.OK), (b"few", Reason.TLS)])
def test_a_broken_record_ends_it_as_in_keepalived(said: bytes, reason: str) -> None:
    peer = peer_with()
    inner = UntilClosed()
    talk = secured(inner, peer)
    peer.say(said)
    verdict = talk.data_received(peer.take() + b"garbage behind it")
    assert verdict is not None
    assert verdict.reason == reason
    assert "the TLS session failed: wrong version number" in verdict.detail
    assert inner.received == said


def test_an_alert_after_the_handshake() -> None:
    context = server_context(certificates.good())
    context.verify_mode = ssl.CERT_REQUIRED
    talk = OverTls(UntilClosed(), Settings())
    talk.connected()
    verdict = carry(talk, Peer(context))
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (
        Reason.TLS,
        "the server ended the TLS session with the alert: certificate required",
    )


@pytest.mark.parametrize("reason", [Reason.OK, Reason.RESPONSE])
def test_a_verdict_that_stands_is_not_changed_by_how_tls_ends(reason: str) -> None:
    peer, inner = peer_with(), UntilClosed()
    talk = secured(inner, peer)
    inner.goodbye = Verdict(reason, "said all")
    assert talk.settled() is inner.goodbye
    assert talk.data_received(b"garbage") is inner.goodbye
    assert inner.goodbye.reason == reason


def test_patience_after_a_close_notify() -> None:
    """An inner conversation that goes on waiting is told of the end once."""

    class Patient(UntilClosed):
        def peer_closed(self) -> Verdict | None:
            super().peer_closed()
            return None

    peer, inner = peer_with(), Patient()
    talk = secured(inner, peer)
    peer.say_goodbye()
    assert carry(talk, peer) is None
    assert talk.peer_closed() is None
    assert inner.ends == 1


# Begun in the clear ------------------------------------------------------------------------------------

STEPS = ('expect "220 hello\\n"', 'send "STARTTLS\\n"', 'expect "220 go\\n"', "tls", 'send "x\\n"', 'expect "250"')


def script(*steps: str) -> StreamConversation:
    def no_pattern(text: str) -> object:
        raise AssertionError(text)

    return StreamConversation(parse_steps(steps, no_pattern), 1000)  # type: ignore[arg-type]


@in_pieces
def test_secured_on_the_way(piece: int) -> None:
    peer = peer_with()
    talk = over_start_tls(lambda: script(*STEPS), Settings())()
    assert talk.connected() is None
    assert talk.octets_to_send() == b""
    for line, answer in ((b"220 hello\n", b"STARTTLS\n"), (b"220 go\n", b"\x16\x03\x01")):
        assert "220" in talk.awaiting()
        for part in pieces(line, piece):
            assert talk.octets_to_send() == b""
            assert talk.data_received(part) is None
        said = talk.octets_to_send()
        assert said[:9].startswith(answer)
    assert talk.awaiting() == "the end of the TLS handshake"
    assert talk.phases_reached() == ("first_octet",)
    peer.receive(said)
    assert carry(talk, peer, piece) is None
    assert talk.phases_reached() == ("first_octet", "tls")
    assert peer.received == b"x\n"
    peer.say(b"250 hi\n")
    verdict = carry(talk, peer, piece)
    assert verdict is not None
    assert verdict.healthy


def test_what_is_said_in_the_clear_goes_before_tls() -> None:
    talk = OverStartTls(script('send "STARTTLS\\n"', "tls"), Settings())
    talk.connected()
    assert talk.octets_to_send().startswith(b"STARTTLS\n\x16\x03\x01")


def test_secured_and_nothing_more() -> None:
    talk = OverStartTls(script("tls"), Settings())
    talk.connected()
    verdict = carry(talk, peer_with())
    assert verdict is not None
    assert verdict.healthy


def test_an_end_in_the_clear() -> None:
    talk = OverStartTls(script(*STEPS), Settings())
    talk.connected()
    verdict = talk.peer_closed()
    assert verdict is not None
    assert verdict.detail.startswith("the server closed before what step 1 wants")
    assert talk.facts() == {}


def test_an_end_during_the_handshake_on_the_way() -> None:
    talk = OverStartTls(script("tls"), Settings())
    talk.connected()
    verdict = talk.peer_closed()
    assert verdict is not None
    assert verdict.detail == "the server closed the connection during the TLS handshake"
