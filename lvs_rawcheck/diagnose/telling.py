# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversations and exchanges that are overheard: each wrapper does what the one inside does, and keeps a record.

A conversation is wrapped twice: around what speaks the protocol, where the octets are plain whatever TLS does with
them outside, and around the whole, where one sees the connection begin and end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lvs_rawcheck.checks.base import Conversation, Endpoint, Exchange, Verdict
from lvs_rawcheck.diagnose.transcript import HEARD, SAID, Transcript, words_of
from lvs_rawcheck.wire.ip import PROTO_TCP

if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step

_SECURED = "tls"  # the phase


@runtime_checkable
class _Securing(Protocol):
    """TLS around a conversation (checks/over_tls.py), told apart without loading what speaks TLS."""

    inner: Conversation


class Overheard:
    """Steps that are told as they happen. where: returns whom they speak to, in words.

    Steps may all be made before the first one begins to speak.
    """

    def __init__(self, steps: Sequence[Step], transcript: Transcript, where: Callable[[], str]) -> None:
        self.steps = [self._overheard(step, number) for number, step in enumerate(steps, 1)]
        self._transcript = transcript
        self._where = where
        self._made: Conversation | Exchange | None = None
        self._begun: Conversation | Exchange | None = None
        self.passed_over = False
        """Whether a datagram came that was no answer to what was asked."""

    @property
    def protocol(self) -> int:
        """Return what carries the step that began last, else the first one: an IP protocol number."""
        talk = self._begun or self._made
        return talk.protocol if isinstance(talk, Exchange) else PROTO_TCP

    @property
    def began(self) -> bool:
        """Return whether any step began to speak."""
        return self._begun is not None

    def _overheard(self, step: Step, number: int) -> Step:
        def make() -> Conversation | Exchange:
            talk = step()
            words_of(talk.describe, b"")  # loads what has them: no answer is to wait for that
            self._made = self._made or talk
            return self._wrap(talk, lambda: self._begin(number, talk))

        return make

    def _begin(self, number: int, talk: Conversation | Exchange) -> None:
        self._begun = talk
        if len(self.steps) > 1:
            self._transcript.note(f"check {number} of {len(self.steps)}")

    def _pass_over(self) -> None:
        self.passed_over = True
        self._transcript.note("no answer to what was asked: passed over")

    def _wrap(self, talk: Conversation | Exchange, begin: Callable[[], None]) -> Conversation | Exchange:
        def asking() -> None:
            begin()
            self._transcript.note(f"asking {self._where()}")

        def connected() -> None:
            begin()
            self._transcript.note(f"connected to {self._where()}")

        if isinstance(talk, Exchange):
            return TellingExchange(talk, self._transcript, asking, self._pass_over)
        if isinstance(talk, _Securing):
            assert isinstance(talk, Conversation)
            talk.inner = Telling(talk.inner, self._transcript, talk)
            return Attended(talk, self._transcript, connected)
        return Attended(Telling(talk, self._transcript, talk), self._transcript, connected)


class _Wrapper(Conversation):
    """A conversation that another one holds: all it does is what that one does."""

    def __init__(self, inner: Conversation, transcript: Transcript) -> None:
        self.kind = inner.kind
        self.inner = inner
        self.transcript = transcript

    def note_endpoint(self, endpoint: Endpoint) -> None:
        self.inner.note_endpoint(endpoint)

    def connected(self) -> Verdict | None:
        return self.inner.connected()

    def data_received(self, octets: bytes) -> Verdict | None:
        return self.inner.data_received(octets)

    def peer_closed(self) -> Verdict | None:
        return self.inner.peer_closed()

    def octets_to_send(self) -> bytes:
        return self.inner.octets_to_send()

    @property
    def has_said_all(self) -> bool:
        return self.inner.has_said_all

    def settled(self) -> Verdict | None:
        return self.inner.settled()

    def awaiting(self) -> str:
        return self.inner.awaiting()

    def phases_reached(self) -> Sequence[str]:
        return self.inner.phases_reached()

    @property
    def ready_for_tls(self) -> bool:
        return self.inner.ready_for_tls

    def secured(self) -> Verdict | None:
        return self.inner.secured()

    def facts(self) -> dict[str, object]:
        return self.inner.facts()

    def describe(self, octets: bytes) -> list[str]:
        return self.inner.describe(octets)


class Telling(_Wrapper):
    """Tells the octets, both ways. whole: the conversation with the TLS around it, if there is any."""

    def __init__(self, inner: Conversation, transcript: Transcript, whole: Conversation) -> None:
        super().__init__(inner, transcript)
        self._whole = whole

    def connected(self) -> Verdict | None:
        """Tell of the TLS that was there from the first octet, if it was."""
        self._note_tls()
        return self.inner.connected()

    def secured(self) -> Verdict | None:
        """Tell of the TLS that is there now."""
        self._note_tls()
        return self.inner.secured()

    def data_received(self, octets: bytes) -> Verdict | None:
        """Tell what was heard, then let it be judged."""
        self.transcript.tell(HEARD, octets, self.inner.describe)
        return self.inner.data_received(octets)

    def octets_to_send(self) -> bytes:
        """Tell what is said."""
        octets = self.inner.octets_to_send()
        self.transcript.tell(SAID, octets, self.inner.describe, apart=True)
        return octets

    def _note_tls(self) -> None:
        if _SECURED in self._whole.phases_reached():
            self.transcript.note_later(lambda: tls_words(self._whole.facts()))


class Attended(_Wrapper):
    """Tells how a connection began and who ended it. begin: tells the former."""

    def __init__(self, inner: Conversation, transcript: Transcript, begin: Callable[[], None]) -> None:
        super().__init__(inner, transcript)
        self._begin = begin

    def connected(self) -> Verdict | None:
        """Tell that it began."""
        self._begin()
        return self.inner.connected()

    def peer_closed(self) -> Verdict | None:
        """Tell that the server had enough."""
        self.transcript.note("the server closed the connection")
        return self.inner.peer_closed()


def tls_words(facts: dict[str, object]) -> list[str]:
    """Return what a conversation's facts say of its TLS, a line each."""
    lines = []
    session, certificate = facts.get("tls"), facts.get("certificate")
    if isinstance(session, dict):
        alpn = f", ALPN {session['alpn']}" if session.get("alpn") else ""
        lines.append(f"{session.get('version')}, {session.get('cipher')}{alpn}")
    if isinstance(certificate, dict):
        lines += [f"certificate {key}: {_listed(value)}" for key, value in certificate.items()]
    return lines


def _listed(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


class TellingExchange(Exchange):
    """Tells the datagrams, both ways, each for itself.

    begin: called before the first one. pass_over: called after one that is no answer.
    """

    def __init__(
        self, inner: Exchange, transcript: Transcript, begin: Callable[[], None], pass_over: Callable[[], None]
    ) -> None:
        self.inner = inner
        self.transcript = transcript
        self.kind = inner.kind
        self.protocol = inner.protocol
        self.interval = inner.interval
        self._begin: Callable[[], None] | None = begin
        self._pass_over = pass_over

    def note_endpoint(self, endpoint: Endpoint) -> None:
        """Hand it on; it may decide what carries the datagrams, as the family of an echo's address does."""
        self.inner.note_endpoint(endpoint)
        self.protocol = self.inner.protocol

    def datagram_to_send(self) -> bytes:
        """Tell what is said."""
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()
        octets = self.inner.datagram_to_send()
        self.transcript.tell(SAID, octets, self.inner.describe, apart=True)
        return octets

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Tell what was heard, and whether it is no answer."""
        self.transcript.tell(HEARD, octets, self.inner.describe, apart=True)
        verdict = self.inner.datagram_received(octets)
        if verdict is None:
            self._pass_over()
        return verdict

    def farewell(self) -> bytes:
        """Tell what is said last."""
        octets = self.inner.farewell()
        self.transcript.tell(SAID, octets, self.inner.describe, apart=True)
        return octets

    def companion(self) -> Exchange | None:
        """Return the companion, which nobody listens to: what it brings is in the verdict."""
        return self.inner.companion()

    def silence(self) -> Verdict | None:
        return self.inner.silence()

    def phases_reached(self) -> Sequence[str]:
        return self.inner.phases_reached()

    def facts(self) -> dict[str, object]:
        return self.inner.facts()

    def describe(self, octets: bytes) -> list[str]:
        return self.inner.describe(octets)
