# SPDX-License-Identifier: GPL-2.0-or-later
"""`~SEQ(var, start, step, end) text` and `~LST(vars, values) text`: one line of the file, many of the configuration.

Follows add_seq and add_lst in keepalived's lib/parser.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lvs_rawcheck.config.keepalived.definitions import Definitions
from lvs_rawcheck.config.keepalived.lines import Line

Assignment = list[tuple[bytes, bytes]]
_SEQ_HEAD = re.compile(rb"~SEQ(x?)[ \t]*\([ \t]*([^ \t,)]+)[ \t]*,[ \t]*")
_LST_HEAD = re.compile(rb"~LST[ \t]*\([ \t]*")
_NUMBER = re.compile(rb"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)?")
_BLANK_RUN = re.compile(rb"[ \t]*")
# 3 longs, each with a comma or bracket: what add_seq has room for.
_BOUNDS_OCTETS = 3 * 20 + 3
_LONG = 1 << 63


class SequenceError(Exception):
    """A line that begins like a sequence, but is none."""


class Sequence:
    """One sequence. assignments: what each round defines; text: the line that each round reads."""

    __slots__ = ("assignments", "text")

    def __init__(self, assignments: Iterator[Assignment], text: Line) -> None:
        self.assignments = assignments
        self.text = text


def parse_sequence(line: Line, definitions: Definitions) -> Sequence:
    """Return the sequence that a line beginning with ~SEQ or ~LST is; raises SequenceError."""
    return _parse_seq(line, definitions) if line.text.startswith(b"~SEQ") else _parse_lst(line)


def _parse_seq(line: Line, definitions: Definitions) -> Sequence:
    head = _SEQ_HEAD.match(line.text)
    if head is None:
        raise SequenceError("~SEQ needs (variable, numbers)")
    close = line.text.find(b")", head.end())
    if close < 0 or close - head.end() + 1 > _BOUNDS_OCTETS:
        raise SequenceError("the numbers of ~SEQ do not end, or are too long")
    bounds, further = definitions.replace(line.part(head.end(), close))
    if further:
        raise SequenceError("the numbers of ~SEQ come from a definition of several lines")
    start, step, end = _bounds(bounds.text)
    if head[1] and (start < 0 or end < 0):
        raise SequenceError("~SEQx takes no negative numbers")
    rounds = range(start, end + (1 if step > 0 else -1), step)
    name, base = head[2], "x" if head[1] else "d"
    return Sequence(([(name, format(each, base).encode())] for each in rounds), _text_after(line, close + 1))


def _text_after(line: Line, place: int) -> Line:
    blanks = _BLANK_RUN.match(line.text, place)
    assert blanks is not None
    return line.part(blanks.end(), len(line.text))


def _bounds(text: bytes) -> tuple[int, int, int]:
    """Return start, step and end of `end`, `start, end` or `start, step, end`; a missing number is 0."""
    numbers = [_number(part) for part in text.split(b",")]
    if len(numbers) == 1:
        end = numbers[0]
        return (-1 if end < 0 else 1), (-1 if end < 1 else 1), end
    if len(numbers) == 2:
        start, end = numbers
        return start, (1 if start <= end else -1), end
    if len(numbers) != 3:
        raise SequenceError("~SEQ takes at most three numbers")
    start, step, end = numbers
    if not step or (start < end and step < 0) or (start > end and step > 0):
        raise SequenceError("the step of ~SEQ never reaches its end")
    return start, step, end


def _number(text: bytes) -> int:
    """Return what strtol(3) with base 0 reads; anything after it but blanks is an error."""
    match = _NUMBER.match(text)
    assert match is not None
    if text[match.end() :].strip(b" \t"):
        raise SequenceError(f"not a number in ~SEQ: {text.decode('utf-8', 'backslashreplace')!r}")
    digits = match[2] or b"0"
    base = 16 if digits[:2].lower() == b"0x" else 8 if digits[0:1] == b"0" else 10
    number = int(digits, base)
    return max(-_LONG, min(_LONG - 1, -number if match[1] == b"-" else number))


def _parse_lst(line: Line) -> Sequence:
    head = _LST_HEAD.match(line.text)
    if head is None:
        raise SequenceError("~LST needs (variables, values)")
    scanner = _ListScanner(line.text, head.end())
    names = scanner.one_set(rb"[^ \t,}]*")
    scanner.expect(b",")
    sets: list[list[bytes]] = []
    while True:
        values = scanner.one_set(rb"[^ \t,})]*")
        if len(values) > len(names):
            raise SequenceError("~LST has more values than variables")
        sets.append(values + [b""] * (len(names) - len(values)))
        if scanner.take(b")"):
            break
        scanner.expect(b",")
    return Sequence((list(zip(names, values, strict=True)) for values in sets), _text_after(line, scanner.place))


class _ListScanner:
    """Reads `{a, b}` or a single `a` out of a ~LST line."""

    def __init__(self, text: bytes, place: int) -> None:
        self.text = text
        self.place = place

    def take(self, octet: bytes) -> bool:
        """Return whether the octet stands here; it and blanks after it are passed then."""
        if self.text[self.place : self.place + 1] != octet:
            return False
        self.place += 1
        self._blanks()
        return True

    def expect(self, octet: bytes) -> None:
        """Pass the octet; raises SequenceError if another one stands here."""
        if not self.take(octet):
            raise SequenceError(f"~LST: {octet.decode()!r} expected at octet {self.place + 1} of the line")

    def one_set(self, word: bytes) -> list[bytes]:
        """Return the words in braces, or the one word without."""
        if not self.take(b"{"):
            return [self._word(word)]
        found = [self._word(word)]
        while self.take(b","):
            found.append(self._word(word))
        self.expect(b"}")
        return found

    def _word(self, word: bytes) -> bytes:
        match = re.compile(word).match(self.text, self.place)
        assert match is not None
        self.place = match.end()
        self._blanks()
        return match[0]

    def _blanks(self) -> None:
        blanks = _BLANK_RUN.match(self.text, self.place)
        assert blanks is not None
        self.place = blanks.end()
