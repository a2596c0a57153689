# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of ours that are in a configuration already, taken back in thought.

Which lines below a comment are ours is known by the names in it: what it says was replaced stands below it, and the
names that no comment of the block has, below the last one. What somebody wrote over them since (another checktype, a
program of his own) is his: it stays, and what was there before us does not come back.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lvs_rawcheck.config.ldirectord import Configuration
from lvs_rawcheck.config.ldirectord.model import Virtual
from lvs_rawcheck.generate.ldirectord.block import CHECKCOMMAND, CHECKTYPE, NAMES
from lvs_rawcheck.generate.line_layout import line_end_of, line_start
from lvs_rawcheck.generate.marker import MARKER_BEGINS, Marked, find_marked
from lvs_rawcheck.generate.splice import Edit, spliced

_LINE = re.compile(rb"(?P<text>[^\n]*?)\r?(?:\n|\Z)")
_NAMED = re.compile(rb"[ \t]*(?P<name>" + "|".join(NAMES).encode() + rb")[ \t]*=[ \t]*(?P<value>[^\r\n]*)")


@dataclass(slots=True)
class OldBlock:
    """What is ours in one virtual's block. edits: what puts back what was there."""

    services: list[str] = field(default_factory=list)
    """As its comments name them."""
    edits: list[Edit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line below a comment. text: without its end, which is at `end`."""

    name: str
    value: bytes
    text: bytes
    end: int


@dataclass(slots=True)
class _Stretch:
    """A comment of ours. start: where it begins; replaced: the lines that it keeps, by name."""

    marked: Marked
    start: int
    replaced: dict[str, bytes]
    below: list[_Line]


def find_existing(configuration: Configuration) -> tuple[dict[int, OldBlock], list[str]]:
    """Return the blocks that have lines of ours, by the virtual's number, and a sentence for each comment without."""
    file = configuration.main
    if MARKER_BEGINS not in file.octets:
        return {}, []
    starts = block_starts(configuration)
    by_block: dict[int, list[_Stretch]] = {}
    for marked in find_marked(file.octets):
        by_block.setdefault(bisect_right(starts, marked.marker) - 1, []).append(_stretch(file.octets, marked))
    found: dict[int, OldBlock] = {}
    lost: list[str] = []
    for number, stretches in by_block.items():
        old = OldBlock()
        for stretch, ours in _claimed(stretches):
            if number < 0 or not ours:
                line, _ = file.place(stretch.marked.marker)
                lost.append(f"{file.path}:{line}: no line of ours follows this comment: left alone")
                continue
            old.services.append(stretch.marked.check_id)
            old.edits.append(_put_back(file.octets, stretch, ours))
        if old.edits:
            found[number] = old
    return found, lost


def without_ours(configuration: Configuration, olds: Mapping[int, OldBlock]) -> bytes:
    """Return the file without lines of ours."""
    return spliced(configuration.main.octets, (edit for old in olds.values() for edit in old.edits))


def block_starts(configuration: Configuration) -> list[int]:
    """Return where the `virtual=` lines begin."""
    return [first_line_of(virtual) for virtual in configuration.site.virtuals]


def first_line_of(virtual: Virtual) -> int:
    """Return where the `virtual=` line begins."""
    assert virtual.line is not None
    return virtual.line.start


def _stretch(octets: bytes, marked: Marked) -> _Stretch:
    kept = marked.original.split(b"\n") if marked.original is not None else []
    replaced = {line.name: line.text for text in kept if (line := _named(text, 0)) is not None}
    return _Stretch(marked, marked.marker, replaced, list(_lines_below(octets, marked.stanza)))


def _lines_below(octets: bytes, place: int) -> Iterator[_Line]:
    """Yield the lines from a place on that may be ours: no name twice."""
    seen: set[str] = set()
    place = line_start(octets, place)
    while place < len(octets):
        match = _LINE.match(octets, place)
        assert match is not None
        line = _named(match["text"], match.end("text"))
        if line is None or line.name in seen:
            return
        seen.add(line.name)
        yield line
        place = match.end()


def _named(text: bytes, end: int) -> _Line | None:
    match = _NAMED.fullmatch(text.removesuffix(b"\r"))
    return None if match is None else _Line(match["name"].decode(), match["value"].strip(), match[0], end)


def _claimed(stretches: list[_Stretch]) -> Iterator[tuple[_Stretch, list[_Line]]]:
    """Yield each comment of a block with the lines below it that stand where ours stood, if one of them is ours."""
    replaced = {name for stretch in stretches for name in stretch.replaced}
    for number, stretch in enumerate(stretches):
        names = set(stretch.replaced)
        if number == len(stretches) - 1:
            names |= set(NAMES) - replaced
        lines = list(_first_of(stretch.below, names))
        is_ours = any(_is_ours(line, stretch.marked.check_id) for line in lines)
        yield stretch, lines if is_ours or stretch.replaced else []


def _first_of(lines: Iterable[_Line], names: Collection[str]) -> Iterator[_Line]:
    for line in lines:
        if line.name not in names:
            return
        yield line


def _is_ours(line: _Line, service: str) -> bool:
    """Return whether a line still says what we wrote; a time may be anybody's, and counts as ours where ours was."""
    if line.name == CHECKTYPE:
        return line.value == b"external"
    if line.name == CHECKCOMMAND:
        return line.value.strip(b'"').rpartition(b"/")[2] == service.encode()
    return True


def _put_back(octets: bytes, stretch: _Stretch, below: list[_Line]) -> Edit:
    """Return what puts back what was replaced, but for what somebody wrote over it."""
    theirs = {line.name: line.text for line in below if not _is_ours(line, stretch.marked.check_id)}
    end = below[-1].end
    if stretch.marked.original is None:
        start = line_start(octets, stretch.start)
        start -= len(b"\r\n") if octets[:start].endswith(b"\r\n") else len(b"\n")
        newline = octets[start : line_start(octets, stretch.start)]
        return Edit(start, end, b"".join(newline + text for text in theirs.values()))
    return Edit(stretch.start, end, _original(stretch, theirs, octets))


def _original(stretch: _Stretch, theirs: Mapping[str, bytes], octets: bytes) -> bytes:
    """Return what was replaced, lines of the same name that are somebody's in its place."""
    assert stretch.marked.original is not None
    if not theirs:
        return stretch.marked.original
    rest = dict(theirs)
    lines = []
    for text in stretch.marked.original.split(b"\n"):
        line = _named(text, 0)
        own = None if line is None else rest.pop(line.name, None)
        lines.append(text if own is None else own + (b"\r" if text.endswith(b"\r") else b""))
    newline = line_end_of(octets, stretch.start)
    return b"".join((b"\n".join(lines).lstrip(b" \t"), *(newline + text for text in rest.values())))
