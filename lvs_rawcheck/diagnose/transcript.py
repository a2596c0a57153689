# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said, by whom and when: kept as octets, put into words when it is over, or turn by turn as it goes on.

What a server says without an answer of ours between is one turn, and is told together, however it was cut into
segments. Of a turn the beginning is kept, of a conversation so many turns: a server may talk for ever. Each turn is put
into words once, and in order: some protocols' words depend on what was told before.
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
    """The beginning of what one side said in one go. octet_count: how much that was in all.

    whole: nothing will be added, whoever speaks next.
    """

    def __init__(self, direction: str, describe: Describe, whole: bool) -> None:
        self.time = clock.now()
        self.direction = direction
        self.describe = describe
        self.whole = whole
        self.octets = b""
        self.octet_count = 0

    def add(self, octets: bytes) -> None:
        """Keep what there is room for."""
        self.octet_count += len(octets)
        self.octets += octets[: TURN_OCTETS - len(self.octets)]


class _Later(_Turn):
    """What happened now, and is put into words when there is a verdict: words that take their time."""

    def __init__(self, words: Callable[[], list[str]]) -> None:
        super().__init__(NOTE, lambda octets: words(), whole=True)


class Transcript:
    """Turns and notes in order. on_told: called when another one began, or was added to."""

    def __init__(self, on_told: Callable[[], None] | None = None) -> None:
        self._told: list[_Turn | Line] = []
        self._on_told = on_told
        self._verdict: Line | None = None

    @property
    def began(self) -> float | None:
        """Return when the first of it happened, monotonic seconds; None while nothing did."""
        return self._told[0].time if self._told else None

    def note_verdict(self, text: str) -> None:
        """Tell what came of it all: the last line, and none of those that a `Reader` reads."""
        self._verdict = Line(clock.now(), NOTE, text)

    def note(self, text: str) -> None:
        """Tell what happened, in our own words."""
        self._keep(Line(clock.now(), NOTE, text))

    def note_later(self, words: Callable[[], list[str]]) -> None:
        """Tell what happened now; words: returns the lines, asked for when all is over."""
        self._keep(_Later(words))

    def tell(self, direction: str, octets: bytes, describe: Describe, apart: bool = False) -> None:
        """Keep octets of one direction; describe: what puts them into words later, and leaves passwords out.

        apart: they are a turn of their own, as a datagram is, and a message of ours.
        """
        if not octets:
            return
        turn = self._told[-1] if self._told else None
        if isinstance(turn, _Turn) and not (apart or turn.whole) and turn.direction == direction:
            turn.add(octets)
            return
        turn = _Turn(direction, describe, apart)
        turn.add(octets)
        self._keep(turn)

    def _keep(self, told: _Turn | Line) -> None:
        """Keep a turn while there is room; a note that has none takes the place of the last thing told."""
        self._keep_in_room(told)
        if self._on_told is not None:
            self._on_told()

    def _keep_in_room(self, told: _Turn | Line) -> None:
        if len(self._told) < TURNS_MAX:
            self._told.append(told)
        elif len(self._told) == TURNS_MAX:
            self._told.append(Line(clock.now(), NOTE, "and so on: the rest is not told"))
        elif isinstance(told, Line):
            self._told[TURNS_MAX + 1 :] = [told]

    def lines(self) -> list[Line]:
        """Return all that was told, in lines that are short and printable."""
        told = [*self._told, self._verdict] if self._verdict is not None else self._told
        return [line for each in told for line in _lines_of(each)]

    def settled_from(self, first: int) -> list[_Turn | Line]:
        """Return what was told from this turn or note on and stays as it is; with the verdict all does."""
        if self._verdict is not None:
            return self._told[first:]
        last = self._told[-1] if self._told else None
        being_said = isinstance(last, _Turn) and not last.whole
        return self._told[first : min(len(self._told) - being_said, TURNS_MAX + 1)]

    @property
    def judged(self) -> bool:
        """Return whether there is a verdict."""
        return self._verdict is not None


class Reader:
    """Reads a transcript while it grows, each line once."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._read = 0
        self._put_off: list[_Later] = []

    def new_lines(self) -> list[Line]:
        """Return the lines since the last time; those that are told later come with the verdict, with their time."""
        settled = self._transcript.settled_from(self._read)
        self._read += len(settled)
        if self._transcript.judged:
            settled = [*self._put_off, *settled]
            self._put_off = []
        else:
            self._put_off += [told for told in settled if isinstance(told, _Later)]
            settled = [told for told in settled if not isinstance(told, _Later)]
        return [line for told in settled for line in _lines_of(told)]


def _lines_of(told: _Turn | Line) -> Iterator[Line]:
    if isinstance(told, Line):
        yield Line(told.time, told.direction, _printable(told.text))
        return
    lines = words_of(told.describe, told.octets)
    for text in lines[:TURN_LINES]:
        yield Line(told.time, told.direction, _printable(text))
    more = [f"{len(lines) - TURN_LINES} lines"] if len(lines) > TURN_LINES else []
    if told.octet_count > len(told.octets):
        more.append(f"{told.octet_count - len(told.octets)} octets")
    if more:
        yield Line(told.time, told.direction, f"... {' and '.join(more)} more")


def words_of(describe: Describe, octets: bytes) -> list[str]:
    """Return the protocol's own words; where it finds none, a verdict is not to be lost for that."""
    try:
        return describe(octets)
    except Exception as error:
        return [*lines_of(octets), f"(no words for it: {type(error).__name__}: {error})"]


def _printable(text: str) -> str:
    """Return what a terminal may be shown: what strangers sent must not speak to it."""
    shown = text if len(text) <= LINE_CHARACTERS else f"{text[:LINE_CHARACTERS]}..."
    return "".join(character if character.isprintable() else "?" for character in shown)
