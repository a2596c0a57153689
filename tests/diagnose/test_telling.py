# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation that is overheard goes its way as if nobody listened."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lvs_rawcheck.checks.base import Conversation, Endpoint, Exchange, Reason, Verdict
from lvs_rawcheck.diagnose.telling import Attended, Overheard, Telling, TellingExchange, tls_words
from lvs_rawcheck.diagnose.transcript import Transcript
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_TCP, PROTO_UDP

ENDPOINT = Endpoint(parse_address("10.0.0.100"), 25)
CERTIFICATE = {"subject": "CN=www.example.com", "names": ["www.example.com", "10.0.0.100"]}


class Greeting(Conversation):
    """Waits for a banner, says QUIT, and is content when the server closes."""

    kind = "greeting"

    def __init__(self) -> None:
        self.endpoint: Endpoint | None = None
        self._to_send = b""

    def note_endpoint(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def connected(self) -> Verdict | None:
        return None

    def data_received(self, octets: bytes) -> Verdict | None:
        self._to_send = b"QUIT\r\n"
        return None if octets.startswith(b"220") else Verdict(Reason.RESPONSE, "no banner")

    def peer_closed(self) -> Verdict | None:
        return Verdict(Reason.OK, "said goodbye")

    def octets_to_send(self) -> bytes:
        octets, self._to_send = self._to_send, b""
        return octets

    def settled(self) -> Verdict | None:
        return Verdict(Reason.OK, "settled")

    def awaiting(self) -> str:
        return "the banner"

    def phases_reached(self) -> Sequence[str]:
        return ("first_octet",)

    @property
    def ready_for_tls(self) -> bool:
        return True

    def secured(self) -> Verdict | None:
        return Verdict(Reason.OK, "secured")

    def facts(self) -> dict[str, object]:
        return {"banner": "220"}

    def describe(self, octets: bytes) -> list[str]:
        return [f"{len(octets)} octets of mine"]


class Securing(Greeting):
    """TLS around a conversation, as far as one can see from outside: the handshake is one flight."""

    def __init__(self, inner: Conversation) -> None:
        super().__init__()
        self.inner = inner
        self._secured = False

    def data_received(self, octets: bytes) -> Verdict | None:
        if not self._secured:
            self._secured = True
            return self.inner.connected()
        return self.inner.data_received(octets.removeprefix(b"ciphertext of "))

    def octets_to_send(self) -> bytes:
        return b"ciphertext of " + self.inner.octets_to_send()

    def phases_reached(self) -> Sequence[str]:
        return ("tls",) if self._secured else ()

    def facts(self) -> dict[str, object]:
        return {"tls": {"version": "TLSv1.3", "cipher": "AES", "alpn": None}, "certificate": CERTIFICATE}


class Ping(Exchange):
    """Says ping, and takes pong for an answer."""

    kind = "ping-pong"
    interval = 0.25

    def datagram_to_send(self) -> bytes:
        return b"ping"

    def datagram_received(self, octets: bytes) -> Verdict | None:
        return Verdict(Reason.OK, "pong") if octets == b"pong" else None

    def silence(self) -> Verdict | None:
        return Verdict(Reason.OK, "silence is golden")

    def facts(self) -> dict[str, object]:
        return {"answer": "pong"}


def overheard(*made: Conversation | Exchange) -> tuple[Overheard, Transcript]:
    """Return the steps that begin these, and the transcript."""
    transcript = Transcript()
    steps = [lambda talk=talk: talk for talk in made]
    return Overheard(steps, transcript, lambda: "10.0.0.100:25"), transcript


def told(transcript: Transcript) -> list[str]:
    return [f"{line.direction} {line.text}" for line in transcript.lines()]


@pytest.mark.parametrize(
    ("wrapper", "base"), [(Telling, Conversation), (Attended, Conversation), (TellingExchange, Exchange)]
)
def test_a_wrapper_passes_on_all_that_can_be_asked(wrapper: type, base: type) -> None:
    asked = {name for name in vars(base) if not name.startswith("_") and name not in ("kind", "protocol", "interval")}
    handed_on = {name for each in wrapper.__mro__[: wrapper.__mro__.index(base)] for name in vars(each)}
    assert asked <= handed_on


def test_the_inner_answers_are_the_outer_ones() -> None:
    inner = Greeting()
    steps, _ = overheard(inner)
    talk = steps.steps[0]()
    assert isinstance(talk, Conversation)
    talk.note_endpoint(ENDPOINT)
    assert inner.endpoint is ENDPOINT
    assert talk.kind == "greeting"
    assert (talk.awaiting(), talk.phases_reached(), talk.facts()) == ("the banner", ("first_octet",), {"banner": "220"})
    assert talk.ready_for_tls
    assert talk.describe(b"abc") == ["3 octets of mine"]
    verdicts = [talk.secured(), talk.settled(), talk.data_received(b"garbage")]
    assert [verdict.detail if verdict else None for verdict in verdicts] == ["secured", "settled", "no banner"]


def test_a_conversation_is_told_in_its_own_words() -> None:
    steps, transcript = overheard(Greeting())
    talk = steps.steps[0]()
    assert isinstance(talk, Conversation)
    assert talk.connected() is None
    assert talk.octets_to_send() == b""
    assert talk.data_received(b"220 ready\r\n") is None
    assert talk.octets_to_send() == b"QUIT\r\n"
    assert talk.octets_to_send() == b""
    verdict = talk.peer_closed()
    assert verdict is not None
    assert verdict.healthy
    assert told(transcript) == [
        "* connected to 10.0.0.100:25",
        "< 11 octets of mine",
        "> 6 octets of mine",
        "* the server closed the connection",
    ]


def test_inside_tls_the_plaintext_is_told_and_the_certificate_before_it() -> None:
    steps, transcript = overheard(Securing(Greeting()))
    talk = steps.steps[0]()
    assert isinstance(talk, Conversation)
    talk.connected()
    talk.octets_to_send()
    talk.data_received(b"a handshake")
    talk.data_received(b"ciphertext of 220 ready\r\n")
    assert talk.octets_to_send() == b"ciphertext of QUIT\r\n"
    assert told(transcript) == [
        "* connected to 10.0.0.100:25",
        "* TLSv1.3, AES",
        "* certificate subject: CN=www.example.com",
        "* certificate names: www.example.com, 10.0.0.100",
        "< 11 octets of mine",
        "> 6 octets of mine",
    ]


def test_datagrams_are_told_with_those_that_are_no_answer() -> None:
    steps, transcript = overheard(Ping())
    talk = steps.steps[0]()
    assert isinstance(talk, Exchange)
    assert (talk.kind, talk.protocol, talk.interval) == ("ping-pong", PROTO_UDP, 0.25)
    assert talk.datagram_to_send() == b"ping"
    assert talk.datagram_received(b"who?") is None
    verdict, silence = talk.datagram_received(b"pong"), talk.silence()
    assert verdict is not None
    assert silence is not None
    assert (verdict.detail, silence.detail) == ("pong", "silence is golden")
    assert talk.facts() == {"answer": "pong"}
    assert told(transcript) == [
        "* asking 10.0.0.100:25",
        "> ping",
        "< who?",
        "* no answer to what was asked: passed over",
        "< pong",
    ]


def test_each_of_several_steps_is_announced_and_the_last_one_says_what_carries_it() -> None:
    steps, transcript = overheard(Greeting(), Ping())
    assert steps.protocol == PROTO_TCP
    first, second = (step() for step in steps.steps)  # both before the first one speaks
    assert isinstance(first, Conversation)
    assert isinstance(second, Exchange)
    assert steps.protocol == PROTO_TCP
    first.connected()
    second.datagram_to_send()
    second.datagram_to_send()
    assert steps.protocol == PROTO_UDP
    assert told(transcript) == [
        "* check 1 of 2",
        "* connected to 10.0.0.100:25",
        "* check 2 of 2",
        "* asking 10.0.0.100:25",
        "> ping",
        "> ping",
    ]


def test_what_carries_an_exchange_may_depend_on_its_endpoint() -> None:
    class Echo(Ping):
        def note_endpoint(self, endpoint: Endpoint) -> None:
            self.protocol = PROTO_ICMP

    steps, _ = overheard(Echo())
    talk = steps.steps[0]()
    assert isinstance(talk, Exchange)
    talk.note_endpoint(ENDPOINT)
    assert (talk.protocol, steps.protocol) == (PROTO_ICMP, PROTO_ICMP)


def test_an_exchange_that_nobody_heard_is_one_all_the_same() -> None:
    steps, _ = overheard(Ping())
    steps.steps[0]()
    assert steps.protocol == PROTO_UDP


def test_facts_without_tls_have_no_words() -> None:
    assert tls_words({"status": 200}) == []
