# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said, by whom and when: kept as octets while the check runs, put into words when it is over.

What a server says without an answer of ours between is one turn, and is told together, however it was cut into
segments. Of a turn the beginning is kept, of a conversation so many turns: a server may talk for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lvs_rawcheck import clock
from lvs_rawcheck.checks.narration import lines_of

SAID, HEARD, NOTE = ">", "<", "*"

TURN_OCTETS = 4096
TURN_LINES = 40
LINE_CHARACTERS = 200
TURNS_MAX = 200

Describe = Callable[[bytes], list[str]]


@dataclass(frozen=True)
class Line:
    """One line of what was said. direction: SAID, HEARD or NOTE. time: monotonic seconds, when its turn began."""

    time: float
    direction: str
    text: str


class _Turn:
    """The beginning of what one side said in one go. octet_count: how much that was in all."""

    def __init__(self, direction: str, describe: Describe) -> None:
        self.time = clock.now()
        self.direction = direction
        self.describe = describe
        self.octets = b""
        self.octet_count = 0

    def add(self, octets: bytes) -> None:
        """Keep what there is room for."""
        self.octet_count += len(octets)
        self.octets += octets[: TURN_OCTETS - len(self.octets)]


class Transcript:
    """Turns and notes in order."""

    def __init__(self) -> None:
        self._told: list[_Turn | Line] = []

    def note(self, text: str) -> None:
        """Tell what happened, in our own words."""
        self._keep(Line(clock.now(), NOTE, text))

    def note_later(self, words: Callable[[], list[str]]) -> None:
        """Tell what happened now; words: returns the lines, asked for when all is over."""
        self._keep(_Turn(NOTE, lambda octets: words()))

    def tell(self, direction: str, octets: bytes, describe: Describe, apart: bool = False) -> None:
        """Keep octets of one direction; describe: what puts them into words later, and leaves passwords out.

        apart: they are a turn of their own, as a datagram is, and a message of ours.
        """
        if not octets:
            return
        turn = self._told[-1] if self._told else None
        if apart or not isinstance(turn, _Turn) or turn.direction != direction:
            turn = _Turn(direction, describe)
            self._keep(turn)
        turn.add(octets)

    def _keep(self, told: _Turn | Line) -> None:
        """Keep a turn while there is room; a note that has none takes the place of the last thing told."""
        if len(self._told) < TURNS_MAX:
            self._told.append(told)
        elif len(self._told) == TURNS_MAX:
            self._told.append(Line(clock.now(), NOTE, "and so on: the rest is not told"))
        elif isinstance(told, Line):
            self._told[TURNS_MAX + 1 :] = [told]

    def lines(self) -> list[Line]:
        """Return all that was told, in lines that are short and printable."""
        return [line for told in self._told for line in self._lines_of(told)]

    def _lines_of(self, told: _Turn | Line) -> Iterator[Line]:
        if isinstance(told, Line):
            yield Line(told.time, told.direction, _printable(told.text))
            return
        lines = _describe(told.describe, told.octets)
        for text in lines[:TURN_LINES]:
            yield Line(told.time, told.direction, _printable(text))
        more = [f"{len(lines) - TURN_LINES} lines"] if len(lines) > TURN_LINES else []
        if told.octet_count > len(told.octets):
            more.append(f"{told.octet_count - len(told.octets)} octets")
        if more:
            yield Line(told.time, told.direction, f"... {' and '.join(more)} more")


def _describe(describe: Describe, octets: bytes) -> list[str]:
    """Return the protocol's own words; where it finds none, a verdict is not to be lost for that."""
    try:
        return describe(octets)
    except Exception as error:
        return [*lines_of(octets), f"(no words for it: {type(error).__name__}: {error})"]


def _printable(text: str) -> str:
    """Return what a terminal may be shown: what strangers sent must not speak to it."""
    shown = text if len(text) <= LINE_CHARACTERS else f"{text[:LINE_CHARACTERS]}..."
    return "".join(character if character.isprintable() else "?" for character in shown)
