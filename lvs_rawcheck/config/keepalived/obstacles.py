# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a block must not be edited: text that means more than itself, or that is read elsewhere too.

A checker's stanza is editable if its lines are plain and its braces stand in one stretch of one file, if that text is
read once, and if what it depends on (the keyword lines of the blocks around it, the virtual server's own words) is the
same on every node. A definition used in those lines is fine, it is only read there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import itemgetter

from lvs_rawcheck.config.keepalived.blocks import Block
from lvs_rawcheck.config.keepalived.lines import CONDITION, SEQUENCE, UNKNOWABLE, Line
from lvs_rawcheck.config.keepalived.model import (
    Checker,
    RealServer,
    Site,
    VirtualServer,
    VirtualServerGroup,
    VrrpInstance,
    VrrpSyncGroup,
)
from lvs_rawcheck.config.tree import Touch

# What makes the meaning of a line differ from node to node, or from one reading to the next.
_UNSTEADY = frozenset((CONDITION, SEQUENCE, UNKNOWABLE))
_REAL_SERVER = b"real_server"
SHAPE = "shape"
REPEATED = "repeated"


def note_obstacles(site: Site) -> None:
    """Fill in the obstacles of every part of a site."""
    counted = Counter(_origin(block.line) for block in _all_blocks(site))
    repeated = {origin for origin, times in counted.items() if times > 1}
    parts: list[VrrpInstance | VrrpSyncGroup | VirtualServerGroup] = [*site.instances, *site.sync_groups, *site.groups]
    for part in parts:
        part.obstacles = _own(part.block, repeated)
    for virtual in site.virtual_servers:
        _note_virtual(virtual, repeated)


def _origin(line: Line) -> tuple[int, int]:
    return id(line.file), line.start


def _all_blocks(site: Site) -> Iterator[Block]:
    for part in (*site.instances, *site.sync_groups, *site.groups, *site.virtual_servers):
        yield part.block
    for virtual in site.virtual_servers:
        for real in (*virtual.real_servers, *virtual.dropped_servers):
            yield real.block
            for checker in real.checkers:
                yield checker.block


def _note_virtual(virtual: VirtualServer, repeated: set[tuple[int, int]]) -> None:
    virtual.obstacles = _own(virtual.block, repeated)
    around = _unsteady_header(virtual.block) + _unsteady_words(virtual)
    for real in (*virtual.real_servers, *virtual.dropped_servers):
        _note_real(real, around, repeated)


def _note_real(real: RealServer, around: list[Touch], repeated: set[tuple[int, int]]) -> None:
    own = _own(real.block, repeated)
    real.obstacles = _distinct(around, own)
    inside = _distinct(around, _unsteady_header(real.block), [each for each in own if each.kind in _UNSTEADY])
    for checker in real.checkers:
        _note_checker(checker, inside, repeated)


def _note_checker(checker: Checker, inside: list[Touch], repeated: set[tuple[int, int]]) -> None:
    checker.obstacles = _distinct(inside, _own(checker.block, repeated))


def _own(block: Block, repeated: set[tuple[int, int]]) -> list[Touch]:
    """Return what stands against editing the block's own text."""
    line = block.line
    found = [Touch(line.start, mark.kind, mark.sentence) for mark in line.marks]
    if _origin(line) in repeated:
        found.append(Touch(line.start, REPEATED, "the same text is read more than once"))
    stretch = block.whole_span
    if stretch is None:
        found.append(Touch(line.start, SHAPE, "its braces do not stand in one stretch of one file"))
        return _distinct(found)
    if not line.file.is_touched:
        return found
    lines = stretch.whole_lines()
    return _distinct(found, line.file.touches(lines.start, lines.end))


def _unsteady_header(block: Block) -> list[Touch]:
    line = block.line
    return [Touch(line.start, mark.kind, mark.sentence) for mark in line.marks if mark.kind in _UNSTEADY]


def _unsteady_words(virtual: VirtualServer) -> list[Touch]:
    """Return what makes the virtual server's own words, outside its real servers, unsteady."""
    found = [
        Touch(child.line.start, mark.kind, mark.sentence)
        for child in virtual.block.children
        if not isinstance(child, Block)
        for mark in child.line.marks
        if mark.kind in _UNSTEADY
    ]
    stretch = virtual.block.whole_span
    if stretch is None or not stretch.file.is_touched:
        return found
    servers = _stretches_of_servers(virtual)
    for touch in stretch.file.touches(stretch.start, stretch.end):
        text = stretch.file.octets[touch.offset : stretch.file.octets.find(b"\n", touch.offset) + 1 or None]
        if touch.kind == CONDITION and _REAL_SERVER not in text and not _within(servers, touch.offset):
            found.append(touch)
    return found


def _stretches_of_servers(virtual: VirtualServer) -> list[tuple[int, int]]:
    """Return where the real servers stand that stand in the same file, in its order."""
    stretches = (real.block.whole_span for real in (*virtual.real_servers, *virtual.dropped_servers))
    file = virtual.block.line.file
    return sorted((each.start, each.end) for each in stretches if each is not None and each.file is file)


def _within(stretches: list[tuple[int, int]], offset: int) -> bool:
    """Return whether one of the stretches holds the octet."""
    before = bisect_right(stretches, offset, key=itemgetter(0))
    return before > 0 and offset < stretches[before - 1][1]


def _distinct(*several: Iterable[Touch]) -> list[Touch]:
    return list(dict.fromkeys(touch for touches in several for touch in touches))
