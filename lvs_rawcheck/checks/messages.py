# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversations in messages that say themselves how long they are: LDAP, MySQL, PostgreSQL.

What came of a message that is not complete is held, up to MESSAGE_OCTETS_MOST; a longer one is refused by its own
length, before it has come. A goodbye is said where the server shall not log a connection that was cut off: the
verdict stands then (`settled`), and is given as soon as the server closes.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import FIRST_OCTET, Conversation, Reason, Verdict
from lvs_rawcheck.checks.credentials import without_secrets
from lvs_rawcheck.checks.narration import lines_of
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Measure = Callable[[bytearray], int | None]
    """Octets of the message that begins a buffer, its own header included; None: too few have come to say."""

MESSAGE_OCTETS_MOST = 1 << 20


def demand_length(octets: int, least: int) -> int:
    """Return how long a message says it is; RemoteProtocolError where no message can be, or none that we would hold."""
    if octets < least:
        raise RemoteProtocolError(f"a message of {octets} octets, its header alone has {least}")
    if octets > MESSAGE_OCTETS_MOST:
        raise MessageTooLong(f"a message of {octets} octets, more than {MESSAGE_OCTETS_MOST}")
    return octets


class MessageTooLong(RemoteProtocolError):
    """A message that says of itself that it is longer than we would hold."""


class Framer:
    """Cuts messages out of a stream."""

    __slots__ = ("_measure", "_octets")

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._octets = bytearray()

    def messages(self, octets: bytes) -> Iterator[bytes]:
        """Take in octets; yield the messages that are complete. RemoteProtocolError by the measure."""
        self._octets += octets
        while (length := self._measure(self._octets)) is not None and length <= len(self._octets):
            message = bytes(self._octets[:length])
            del self._octets[:length]
            yield message

    @property
    def empty(self) -> bool:
        """Return whether nothing is held."""
        return not self._octets


class MessageConversation(Conversation):
    """Sends a message, waits for the answer, and so on. A kind begins with `_wait_for` and judges what comes.

    secrets: what we tell the server and no sentence of ours repeats, should the server do so.
    """

    __slots__ = (
        "_answer",
        "_awaited",
        "_framer",
        "_heard",
        "_narrator",
        "_said",
        "_secrets",
        "_settled",
        "_unsent",
        "_words",
    )

    def __init__(self, measure: Measure, *secrets: str) -> None:
        self._secrets = secrets
        self._framer = Framer(measure)
        self._narrator = Framer(measure)
        self._awaited = ""
        self._answer: Callable[[bytes], Verdict | None] = self._judge_unexpected
        self._unsent = b""
        self._words: list[str] = []
        self._said: dict[bytes, list[str]] = {}
        """What we sent, in words: the same octets say nothing of what they hide."""
        self._heard = False
        self._settled: Verdict | None = None

    def data_received(self, octets: bytes) -> Verdict | None:
        """Judge the messages that are complete now."""
        self._heard = True
        if self._settled is not None:
            return None  # what is said after our goodbye means nothing
        verdict = self._judge_octets(octets)
        if verdict is not None:
            verdict.detail = without_secrets(verdict.detail, self._secrets)
        return verdict

    def _judge_octets(self, octets: bytes) -> Verdict | None:
        try:
            for message in self._framer.messages(octets):
                verdict = self._answer(message)
                if verdict is not None or self._settled is not None:
                    return verdict
        except MessageTooLong as error:
            return self._judge_too_long() or Verdict(Reason.PROTOCOL, f"instead of {self._awaited}: {error}")
        except RemoteProtocolError as error:
            return Verdict(Reason.PROTOCOL, f"instead of {self._awaited}: {error}")
        return self._judge_rest()

    def peer_closed(self) -> Verdict | None:
        """Return what stands; an early end otherwise."""
        return self._settled or Verdict(Reason.CLOSED, f"the server closed the connection before {self._awaited}")

    def octets_to_send(self) -> bytes:
        """Return what is to be sent now."""
        unsent, self._unsent = self._unsent, b""
        if unsent:
            self._said[unsent], self._words = self._words, []
        return unsent

    def settled(self) -> Verdict | None:
        """Return the verdict that our goodbye does not change."""
        return self._settled

    def awaiting(self) -> str:
        """Return which answer is being waited for."""
        return self._awaited

    def phases_reached(self) -> Sequence[str]:
        """Return whether the server said anything."""
        return FIRST_OCTET if self._heard else ()

    def describe(self, octets: bytes) -> list[str]:
        """Return a line for each message, ours or the server's; for octets that are none, a dump."""
        said = self._said.get(octets)
        if said is not None:
            return said
        try:
            return [self._words_of(message) for message in self._narrator.messages(octets)]
        except RemoteProtocolError:
            return lines_of(octets)

    # For the kinds -------------------------------------------------------------------------------------

    def _wait_for(self, awaited: str, answer: Callable[[bytes], Verdict | None]) -> None:
        """Let `answer` judge the next message; awaited: what it is, to be said if it does not come."""
        self._awaited = awaited
        self._answer = answer

    def _send(self, octets: bytes, *words: str) -> None:
        """Send a message; words: what `explain` says of it, passwords left out."""
        self._unsent += octets
        self._words += words

    def _leave(self, verdict: Verdict, goodbye: bytes, words: str) -> None:
        """Settle on a verdict, and say goodbye."""
        self._send(goodbye, words)
        self._wait_for("the server's end", self._judge_unexpected)
        verdict.detail = without_secrets(verdict.detail, self._secrets)
        self._settled = verdict

    def _words_of(self, message: bytes) -> str:
        """Return what a message of the server's says, for `explain`; RemoteProtocolError where it cannot be read."""
        raise NotImplementedError

    def _judge_too_long(self) -> Verdict | None:
        """Return what a message means that is longer than we would hold, None where that is no protocol of ours."""
        return None

    def _judge_rest(self) -> Verdict | None:
        """Judge what was left over when all complete messages were: nothing is wrong with the beginning of the next."""
        return None

    def _judge_unexpected(self, message: bytes) -> Verdict | None:
        raise RemoteProtocolError(f"{len(message)} octets that nobody asked for")
