# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines that know where each of their octets came from, and what a comment is.

Follows `decomment` in keepalived's lib/parser.c: `!` and `#` begin a comment anywhere outside double quotes, a
backslash before either is taken away, one at the end of the line is kept for definitions of several lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lvs_rawcheck.config.tree import SourceFile, Span

BLANKS = b" \t"
_COMMENT_OCTETS = re.compile(rb'[!#"\\]')
# Quotes alone hide nothing: they only matter where there is something to hide.
may_hold_comment = re.compile(rb"[!#\\]").search
# Of comments, escapes, lost text, definitions, conditions and sequences.
_more_than_literal = re.compile(rb"[!#\\\0$@~]").search
Version = tuple[int, ...]
# From here on the comment takes a backslash at its end along (keepalived Release-2.4.0, lib/parser.c).
COMMENT_TAKES_BACKSLASH: Version = (2, 4, 0)


class Line:
    """A line of text. start: the octet of the file where it begins, its octets following one another there.

    Once text was put in or taken out, starts and ends hold for each octet the stretch of the file that it stands for:
    itself, or the reference (`${NAME}`) that it was put in for. marks: why the text is more than plain.
    is_literal: whether it is known to mean what it says, wherever it is read.
    """

    __slots__ = ("ends", "file", "is_literal", "marks", "start", "starts", "text")

    def __init__(self, text: bytes, file: SourceFile, start: int, marks: tuple[Mark, ...] = ()) -> None:
        self.text = text
        self.file = file
        self.start = start
        self.marks = marks
        self.is_literal = False
        self.starts: list[int] | None = None
        self.ends: list[int] | None = None

    def part(self, first: int, last: int) -> Line:
        """Return the octets from first to before last as a line."""
        part = Line(self.text[first:last], self.file, self.start + first, self.marks)
        if self.starts is not None and self.ends is not None:
            part.starts, part.ends = self.starts[first:last], self.ends[first:last]
            part.start = part.starts[0] if part.starts else self.start
        return part

    def trimmed(self, first: int, last: int) -> Line:
        """Return the octets from first to before last as a line, without the blanks at both ends."""
        left = self.text[first:last].lstrip(BLANKS)
        first = last - len(left)
        return self.part(first, first + len(left.rstrip(BLANKS)))

    def stripped(self) -> Line:
        """Return it without the blanks at both ends."""
        return self.trimmed(0, len(self.text))

    def marked(self, *marks: Mark) -> Line:
        """Return it with further marks."""
        line = self.part(0, len(self.text))
        line.marks = tuple(dict.fromkeys((*self.marks, *marks)))
        return line

    def replaced(self, first: int, last: int, text: bytes, marks: Sequence[Mark]) -> Line:
        """Return it with the octets from first to before last replaced by a text that stands for them."""
        starts, ends = self._origins()
        line = Line(self.text[:first] + text + self.text[last:], self.file, self.start, self.marks)
        stretch = self.span_of(first, last)
        line.starts = starts[:first] + [stretch.start] * len(text) + starts[last:]
        line.ends = ends[:first] + [stretch.end] * len(text) + ends[last:]
        line.marks = tuple(dict.fromkeys((*self.marks, *marks)))
        return line

    def standing_for(self, text: bytes) -> Line:
        """Return another text all of which stands for this line."""
        return self.replaced(0, len(self.text), text, ())

    def span_of(self, first: int, last: int) -> Span:
        """Return the stretch of the file that the octets from first to before last stand for."""
        if self.starts is None or self.ends is None:
            return Span(self.file, self.start + first, self.start + last)
        if first >= last:
            return Span(self.file, self.start, self.start)
        return Span(self.file, min(self.starts[first:last]), max(self.ends[first:last]))

    @property
    def span(self) -> Span:
        """Return the stretch of the file that it stands for."""
        return self.span_of(0, len(self.text))

    def _origins(self) -> tuple[list[int], list[int]]:
        if self.starts is None or self.ends is None:
            end = self.start + len(self.text)
            return list(range(self.start, end)), list(range(self.start + 1, end + 1))
        return self.starts, self.ends

    def __repr__(self) -> str:
        return f"<Line {self.text!r} at {self.span}>"


class Mark:
    """Why a line is more than plain text. kind: one word; sentence: for people."""

    __slots__ = ("kind", "sentence")

    def __init__(self, kind: str, sentence: str) -> None:
        self.kind = kind
        self.sentence = sentence

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mark) and (self.kind, self.sentence) == (other.kind, other.sentence)

    def __hash__(self) -> int:
        return hash((self.kind, self.sentence))

    def __repr__(self) -> str:
        return f"<Mark {self.kind}: {self.sentence}>"


# What a Mark's kind can be.
CONDITION = "condition"
SEQUENCE = "sequence"
DEFINITION = "definition"
ASSIGNMENT = "assignment"
INCLUDE = "include"
LONG_LINE = "long-line"
UNKNOWABLE = "unknowable"


def decomment(line: Line, version: Version) -> tuple[Line, bool]:
    """Return the line without comment, escapes of comment signs and outer blanks; and whether its quotes close."""
    text = line.text
    if may_hold_comment(text) is None:
        return line.stripped(), closes_its_quotes(text)
    comment, escapes, continued, quoted = _scan(text)
    if continued and comment is not None and version >= COMMENT_TAKES_BACKSLASH:
        continued = False
    end = len(text) - 1 if continued else len(text)
    if comment is not None:
        end = min(end, comment)
    result = line.part(0, end)
    for backslash in reversed([place for place in escapes if place < end]):
        result = result.replaced(backslash, backslash + 1, b"", ())
    result = result.stripped()
    if continued:
        size = len(result.text)
        joint = line.part(len(text) - 1, len(text))
        result = _joined(result, joint) if size else joint
    return result, not quoted


def closes_its_quotes(text: bytes) -> bool:
    """Return whether no quote of a text is left open."""
    return text.count(b'"') % 2 == 0


def is_literal(text: bytes) -> bool:
    """Return whether a text certainly means what it says, wherever it is read."""
    return _more_than_literal(text) is None and b"include" not in text


def _scan(text: bytes) -> tuple[int | None, list[int], bool, bool]:
    """Return where the comment begins, the escaping backslashes, whether one ends the line, if a quote is open."""
    comment: int | None = None
    escapes: list[int] = []
    quoted = False
    place = 0
    while match := _COMMENT_OCTETS.search(text, place):
        place = match.start()
        octet = text[place : place + 1]
        if octet == b'"':
            quoted ^= comment is None
        elif octet == b"\\":
            following = text[place + 1 : place + 2]
            if not following:
                return comment, escapes, True, quoted
            if not quoted and following in b"#!":
                escapes.append(place)
            place += 1
        elif not quoted and comment is None:
            comment = place
        place += 1
    return comment, escapes, False, quoted


def _joined(first: Line, second: Line) -> Line:
    """Return two parts of one line as one."""
    joined = first.replaced(len(first.text), len(first.text), second.text, ())
    assert joined.starts is not None
    assert joined.ends is not None
    stretch = second.span
    joined.starts[-1], joined.ends[-1] = stretch.start, stretch.end
    return joined
