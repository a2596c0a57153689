# SPDX-License-Identifier: GPL-2.0-or-later
"""Files as octets, places in them, and leaves that give them back: nothing here knows any dialect.

Invariant: the leaves of a file, joined, are its octets. A configuration has no encoding that one could rely on, so
text stays octets until a word of it is wanted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_DECODING = ("utf-8", "surrogateescape")


def to_text(octets: bytes) -> str:
    """Return octets as text that `to_octets` turns back into the same octets, whatever they are."""
    return octets.decode(*_DECODING)


def to_octets(text: str) -> bytes:
    """Return the octets of what `to_text` returned."""
    return text.encode(*_DECODING)


@dataclass(frozen=True, slots=True)
class Touch:
    """Why the text at one place of a file cannot be edited like plain text."""

    offset: int
    """Octet of the file at which the touched line begins."""
    kind: str
    """One word for programs, of the dialect's list."""
    sentence: str
    """For people."""


class SourceFile:
    """One file as it was read. path: absolute, links resolved. directory: where its relative names begin."""

    __slots__ = ("_line_starts", "_offsets", "_touches", "directory", "octets", "path")

    def __init__(self, path: str, directory: str, octets: bytes) -> None:
        self.path = path
        self.directory = directory
        self.octets = octets
        self._touches: dict[tuple[int, str, str], Touch] = {}
        self._offsets: list[tuple[int, str, str]] | None = None
        self._line_starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of an octet, both from 1; the column counts octets."""
        if self._line_starts is None:
            starts = [0]
            for text in self.octets.split(b"\n"):
                starts.append(starts[-1] + len(text) + 1)
            self._line_starts = starts[:-1]
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def touch(self, offset: int, kind: str, sentence: str) -> None:
        """Remember that the line at this octet is more than plain text."""
        key = (offset, kind, sentence)
        if key not in self._touches:
            self._touches[key] = Touch(offset, kind, sentence)
            self._offsets = None

    @property
    def is_touched(self) -> bool:
        """Return whether any of its lines is more than plain text."""
        return bool(self._touches)

    def touches(self, start: int, end: int) -> list[Touch]:
        """Return what touches the octets from start to before end, in the file's order."""
        if self._offsets is None:
            self._offsets = sorted(self._touches)
        first = bisect_left(self._offsets, (start, "", ""))
        last = bisect_left(self._offsets, (end, "", ""))
        return [self._touches[key] for key in self._offsets[first:last]]

    def __repr__(self) -> str:
        return f"<SourceFile {self.path}, {len(self.octets)} octets>"


class Span(NamedTuple):
    """A stretch of a file: octets from start to before end."""

    file: SourceFile
    start: int
    end: int

    @property
    def line(self) -> int:
        """Return the line of the first octet, from 1."""
        return self.file.place(self.start)[0]

    @property
    def column(self) -> int:
        """Return the column of the first octet in octets, from 1."""
        return self.file.place(self.start)[1]

    @property
    def octets(self) -> bytes:
        """Return what stands there."""
        return self.file.octets[self.start : self.end]

    def whole_lines(self) -> Span:
        """Return the stretch widened to full lines, the line end of the last one included."""
        octets = self.file.octets
        start = octets.rfind(b"\n", 0, self.start) + 1
        last = max(self.end - 1, self.start)
        newline = octets.find(b"\n", last)
        return Span(self.file, start, len(octets) if newline < 0 else newline + 1)

    def __str__(self) -> str:
        line, column = self.file.place(self.start)
        return f"{self.file.path}:{line}:{column}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A piece of a file. leading: space, comments and line ends before it; value: one word or brace, or nothing."""

    leading: bytes
    value: bytes
    offset: int
    """Octet of the file at which `value` begins."""
    problem: str | None = None
    """Why nobody can read it; None for a sound leaf."""


def join_leaves(leaves: Iterable[Leaf]) -> bytes:
    """Return the octets of the file that the leaves are of."""
    return b"".join(part for leaf in leaves for part in (leaf.leading, leaf.value))
