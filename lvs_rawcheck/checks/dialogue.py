# SPDX-License-Identifier: GPL-2.0-or-later
"""Question and answer in lines of text: what smtp, ftp, imap, pop and nntp have in common.

What a kind says is its course: a generator that yields one `Ask` after the other, is sent the reply to each, and
returns the sentence of the good verdict. It sees only replies that it accepts: a refusal, an early end, another
protocol and an endless reply are judged here, with the step that was awaited in the sentence.

A reply may have REPLY_OCTETS; RFC 5321 4.5.3.1.5 allows a line 512.
"""

from __future__ import annotations

from collections.abc import Generator

from lvs_rawcheck.checks.base import SHOWN_CHARACTERS, Reason, Verdict, shown
from lvs_rawcheck.checks.credentials import BLOT, TELLING_SECRET
from lvs_rawcheck.checks.line_conversation import LineConversation
from lvs_rawcheck.checks.replies import Reader, Reply
from lvs_rawcheck.errors import RemoteProtocolError

REPLY_OCTETS = 65536
ANYTHING = ("",)
"""Accepts whatever line comes, a reply of the protocol or not."""


class Ask:
    """One step: say something, nothing to begin with, and wait for the reply.

    awaited: what is waited for, `the banner`. accept: how the status of a good reply begins. say: a line without its
    end. secrets: the parts of it that nobody is shown, in every form that the server may repeat.
    """

    __slots__ = ("accept", "awaited", "say", "secrets")

    def __init__(self, awaited: str, accept: tuple[str, ...], say: str = "", secrets: tuple[str, ...] = ()) -> None:
        self.awaited = awaited
        self.accept = accept
        self.say = say.encode()
        self.secrets = [secret.encode() for secret in secrets if secret]

    def expected(self) -> str:
        """Return what it accepts, in words: `250`, `2xx or 5xx`."""
        return " or ".join(f"{status:x<3}" if status.isdigit() else status for status in self.accept)


class Farewell(Ask):
    """The last word of a course whose verdict stands: whatever follows, or nothing, changes it no more."""

    __slots__ = ("detail",)

    def __init__(self, say: str, detail: str) -> None:
        super().__init__(f"the answer to {say}", ANYTHING, say)
        self.detail = detail
        """The sentence of the verdict."""


Course = Generator[Ask, Reply, str]


class Dialogue(LineConversation):
    """One course, followed to its end."""

    __slots__ = ("_ask", "_course", "_reader", "_reply_octets", "_secrets", "kind")

    def __init__(self, kind: str, reader: Reader, course: Course) -> None:
        super().__init__()
        self.kind = kind
        self._reader = reader
        self._course = course
        self._ask = next(course)
        self._reply_octets = 0
        """How long the reply is that is being received, without the line that has no end yet."""
        self._secrets: list[tuple[bytes, bytes]] = []
        """Lines of ours that hold a secret, and the secret."""
        self._say(self._ask)

    def peer_closed(self) -> Verdict | None:
        """Say what was missing."""
        settled = self.settled()
        if settled is not None:
            return settled
        begun = self._lines.begun(SHOWN_CHARACTERS)
        if begun:
            return Verdict(Reason.CLOSED, f"closed in the middle of {self._ask.awaited}: {self._quote(begun)}")
        return Verdict(Reason.CLOSED, f"closed before {self._ask.awaited}")

    def settled(self) -> Verdict | None:
        """Return the verdict once the course has said farewell."""
        return Verdict(Reason.OK, self._ask.detail) if isinstance(self._ask, Farewell) else None

    def awaiting(self) -> str:
        """Return which reply is due."""
        return self._ask.awaited

    def describe(self, octets: bytes) -> list[str]:
        """Return the lines, without passwords."""
        from lvs_rawcheck.checks.narration import printable  # for `explain`: no check loads it

        return [printable(self._blotted(line)) for line in octets.splitlines()]

    def _take_line(self, line: bytes) -> Verdict | None:
        self._reply_octets += len(line) + 1
        if self._reply_octets > REPLY_OCTETS:
            return self._judge_endless()
        if self._ask.accept is ANYTHING:
            return self._go_on(Reply("", line))
        try:
            reply = self._reader.take(line)
        except RemoteProtocolError as error:
            return self._judge_stranger(line, str(error))
        return None if reply is None else self._judge_reply(reply)

    def _judge_begun_line(self) -> Verdict | None:
        """Judge a line by its beginning, while its end is still to come."""
        if self._reply_octets + self._lines.held_octets > REPLY_OCTETS:
            return self._judge_endless()
        begun = self._lines.begun(SHOWN_CHARACTERS)
        if self._ask.accept is ANYTHING or self._reader.may_begin(begun):
            return None
        return self._judge_stranger(begun, "no line of it begins so")

    def _judge_reply(self, reply: Reply) -> Verdict | None:
        ask = self._ask
        if not reply.status.startswith(ask.accept):
            sentence = f"{ask.awaited}: expected {ask.expected()}, got {self._quote(reply.line)}"
            return Verdict(Reason.RESPONSE, sentence)
        return self._go_on(reply)

    def _judge_stranger(self, line: bytes, why: str) -> Verdict:
        sentence = f"{self._ask.awaited}: not {self._reader.protocol} ({why}): {self._quote(line)}"
        return Verdict(Reason.PROTOCOL, sentence)

    def _judge_endless(self) -> Verdict:
        sentence = f"{self._ask.awaited}: more than {REPLY_OCTETS} octets without an end"
        return self.settled() or Verdict(Reason.PROTOCOL, sentence)

    def _go_on(self, reply: Reply) -> Verdict | None:
        self._reply_octets = 0
        try:
            self._ask = self._course.send(reply)
        except StopIteration as end:
            return Verdict(Reason.OK, end.value)
        self._say(self._ask)
        return None

    def _say(self, ask: Ask) -> None:
        if not ask.say:
            return
        self._to_send += ask.say + b"\r\n"
        self._secrets += [(ask.say, secret) for secret in ask.secrets]

    def _quote(self, octets: bytes) -> str:
        return shown(self._blotted(octets))

    def _blotted(self, line: bytes) -> bytes:
        """Return a line without our secrets, should it be ours, or the server have repeated them."""
        for said, secret in self._secrets:
            if line == said or len(secret) >= TELLING_SECRET:
                line = line.replace(secret, BLOT.encode())
        return line
