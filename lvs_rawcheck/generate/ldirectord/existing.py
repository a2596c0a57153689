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
from lvs_rawcheck.registry.names import is_name

_LINE = re.compile(rb"(?P<text>[^\n]*?)\r?(?:\n|\Z)")
_NAMED = re.compile(rb"[ \t]*(?P<name>" + "|".join(NAMES).encode() + rb")[ \t]*=[ \t]*(?P<value>[^\r\n]*)")


@dataclass(slots=True)
class OldBlock:
    """What is ours in one virtual's block. edits: what puts back what was there."""

    services: list[str] = field(default_factory=list)
    """As its comments name them, as far as services can be called so."""
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
    """A comment of ours. start, end: its octets, the last line end left out.

    replaced: the lines that it keeps, by name; below: those that stand where ours stood.
    """

    marked: Marked
    start: int
    end: int
    replaced: dict[str, bytes]
    below: list[_Line]


def find_existing(configuration: Configuration) -> tuple[dict[int, OldBlock], list[str]]:
    """Return the blocks that have lines of ours, by the virtual's number, and a sentence for each comment elsewhere."""
    file = configuration.main
    if MARKER_BEGINS not in file.octets:
        return {}, []
    starts = block_starts(configuration)
    by_block: dict[int, list[_Stretch]] = {}
    lost: list[str] = []
    for marked in find_marked(file.octets):
        number = bisect_right(starts, marked.marker) - 1
        if number >= 0 and _has(configuration.site.virtuals[number], marked.marker):
            by_block.setdefault(number, []).append(_stretch(file.octets, marked))
        else:
            line, _ = file.place(marked.marker)
            lost.append(f"{file.path}:{line}: this comment of ours stands in no virtual's block: left alone")
    found = {}
    for number, stretches in by_block.items():
        _share_lines(stretches)
        named = configuration.site.virtuals[number].directives
        services = [stretch.marked.check_id for stretch in stretches if is_name(stretch.marked.check_id)]
        found[number] = OldBlock(services, [_put_back(file.octets, stretch, named) for stretch in stretches])
    return found, lost


def _has(virtual: Virtual, place: int) -> bool:
    assert virtual.span is not None
    return virtual.span.start <= place < virtual.span.end


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
    below = marked.marker
    for _ in range(1 + len(kept)):
        below = octets.index(b"\n", below) + 1
    return _Stretch(marked, marked.marker, _before_newline(octets, below), replaced, list(_lines_below(octets, below)))


def _before_newline(octets: bytes, place: int) -> int:
    """Return where the line ends that ends before a place."""
    return place - len(b"\r\n") if octets.endswith(b"\r\n", 0, place) else place - len(b"\n")


def _lines_below(octets: bytes, place: int) -> Iterator[_Line]:
    """Yield the lines from a place on that may be ours: no name twice."""
    seen: set[str] = set()
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


def _share_lines(stretches: list[_Stretch]) -> None:
    """Leave each comment of a block those lines below it that stand where ours stood."""
    replaced = {name for stretch in stretches for name in stretch.replaced}
    for stretch in stretches:
        names = set(stretch.replaced)
        if stretch is stretches[-1]:
            names |= set(NAMES) - replaced
        stretch.below = list(_leading(stretch.below, names))


def _leading(lines: Iterable[_Line], names: Collection[str]) -> Iterator[_Line]:
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


def _put_back(octets: bytes, stretch: _Stretch, named: Collection[str]) -> Edit:
    """Return what puts back what was replaced, but for what somebody wrote over it. named: what the block sets now."""
    original = stretch.marked.original
    kept = original.split(b"\n") if original is not None else []
    lines = list(_lines_without_ours(stretch, kept, named))
    end = stretch.below[-1].end if stretch.below else stretch.end
    newline = line_end_of(octets, stretch.start)
    if original is not None and lines == kept:
        return Edit(stretch.start, end, original)
    lines = [line.removesuffix(b"\r") for line in lines]
    if original is not None and lines:
        return Edit(stretch.start, end, newline.join(lines).lstrip(b" \t"))
    start = _before_newline(octets, line_start(octets, stretch.start))
    return Edit(start, end, b"".join(newline + line for line in lines))


def _lines_without_ours(stretch: _Stretch, kept: Iterable[bytes], named: Collection[str]) -> Iterator[bytes]:
    """Yield the lines that were there, somebody's in the place of those of the same name.

    A line of ours that was taken out, while somebody says the same elsewhere in the block, brings nothing back.
    """
    service = stretch.marked.check_id
    below = {line.name for line in stretch.below}
    theirs = {line.name: line.text for line in stretch.below if not _is_ours(line, service)}
    for text in kept:
        line = _named(text, 0)
        if line is None or line.name in below or line.name not in named:
            yield theirs.pop(line.name, text) if line is not None else text
    yield from theirs.values()
