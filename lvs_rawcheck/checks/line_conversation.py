# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation whose server speaks in lines, each judged as soon as it is complete."""

from __future__ import annotations

from lvs_rawcheck.checks.base import FIRST_OCTET, Conversation, Verdict
from lvs_rawcheck.checks.replies import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class LineConversation(Conversation):
    """Sends what is in `_to_send`, and takes in lines; a kind says what a line, and the beginning of one, means."""

    __slots__ = ("_heard", "_lines", "_to_send")

    def __init__(self, to_send: bytes = b"") -> None:
        self._to_send = to_send
        self._lines = Lines()
        self._heard = False

    def connected(self) -> Verdict | None:
        """Wait: what is said first is ready."""
        return None

    def octets_to_send(self) -> bytes:
        """Return what was not sent yet."""
        octets, self._to_send = self._to_send, b""
        return octets

    def data_received(self, octets: bytes) -> Verdict | None:
        """Take in what came, line by line."""
        self._heard = self._heard or bool(octets)
        self._lines.add(octets)
        while (line := self._next_line()) is not None:
            verdict = self._take_line(line)
            if verdict is not None:
                return verdict
        return self._judge_begun_line()

    def phases_reached(self) -> Sequence[str]:
        """Return whether the server has said anything."""
        return FIRST_OCTET if self._heard else ()

    def _next_line(self) -> bytes | None:
        """Return the next complete line, without its end where a kind does not ask for it."""
        return self._lines.next_line()

    def _take_line(self, line: bytes) -> Verdict | None:
        raise NotImplementedError

    def _judge_begun_line(self) -> Verdict | None:
        """Judge a line by its beginning, while its end is still to come."""
        raise NotImplementedError
