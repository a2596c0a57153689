# SPDX-License-Identifier: GPL-2.0-or-later
"""Where stanzas go in a file: in the place of a checker, or before the closing brace of a real server.

Places are those of the file without stanzas of ours, edits those of the file as it is. What comes out as it is there
already is no edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lvs_rawcheck.config.keepalived.model import Settings
from lvs_rawcheck.config.tree import SourceFile, Span
from lvs_rawcheck.generate.keepalived.existing import OldFile, OldStanza
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.stanza import demand_short_lines
from lvs_rawcheck.generate.line_layout import (
    begins_its_line,
    indentation,
    indentation_step,
    line_end_of,
    line_start,
)
from lvs_rawcheck.generate.marker import comment_for
from lvs_rawcheck.generate.splice import Edit


@dataclass(frozen=True, slots=True)
class Insertion:
    """Where something is added to a real server. inner: the indentation of what stands in it."""

    place: int
    inner: bytes
    newline: bytes
    own_lines: bool
    """False: in the middle of a line, which what is added then ends."""


class Place:
    """One file of the plan. old: None where it has no stanzas of ours. handled: see VirtualPlanner."""

    def __init__(
        self, plan: KeepalivedPlan, file: SourceFile, old: OldFile | None, handled: set[tuple[str, int]]
    ) -> None:
        self._plan = plan
        self._file = file
        self._old = old
        self._handled = handled
        self._present = plan.octets[file.path]

    def line(self, span: Span) -> int:
        """Return the line of the file as it is in which a stretch begins."""
        return span.line if self._old is None else self._old.present_line(span.start)

    def step(self, span: Span) -> bytes:
        """Return what is one indentation more, within a stretch."""
        return indentation_step(self._file.octets, span.start, span.end)

    def replacement(self, span: Span, check_id: str, lines: Sequence[bytes]) -> bytes:
        """Return a stanza with its comment, for the place of a checker; Refused."""
        octets = self._file.octets
        indent = indentation(octets, span.start)
        newline = line_end_of(octets, span.start)
        text = comment_for(check_id, span.octets, indent, newline) + _indented(lines, indent, newline)
        rest = octets.find(b"\n", span.end)
        end = len(octets) if rest < 0 else rest
        demand_short_lines(octets[line_start(octets, span.start) : span.start] + text + octets[span.end : end])
        return text

    def replace(self, span: Span, text: bytes) -> bool:
        """Put a text in the place of a checker; return whether that changes anything."""
        old = None if self._old is None else self._old.by_place.get(span.start)
        if old is not None:
            self._handled.add((self._file.path, old.start))
            return self._edit(Edit(old.start, old.end, text))
        return self._edit(Edit(self._now(span.start), self._now(span.end), text))

    def restore(self, span: Span) -> None:
        """Put a checker back that is to stay beside ours, where a stanza stands in its place."""
        old = None if self._old is None else self._old.by_place.get(span.start)
        if old is not None:
            self._handled.add((self._file.path, old.start))
            self._edit(Edit(old.start, old.end, old.original or b""))

    def insertion(self, settings: Settings) -> Insertion:
        """Return where something can be added to a block whose closing brace is plain text."""
        span, closing = settings.span, settings.block.closing
        assert span is not None
        assert closing is not None
        octets, brace = self._file.octets, closing.span.start
        own_lines = begins_its_line(octets, brace)
        place = line_start(octets, brace) if own_lines else brace
        inner = indentation(octets, span.start) + indentation_step(octets, span.start, span.end)
        return Insertion(place, inner, line_end_of(octets, span.start), own_lines)

    def addition(self, insertion: Insertion, check_id: str, lines: Sequence[bytes]) -> bytes:
        """Return a stanza with its comment, complete lines but for the blanks before the first; Refused."""
        indent, newline = insertion.inner, insertion.newline
        text = comment_for(check_id, None, indent, newline) + _indented(lines, indent, newline) + newline
        demand_short_lines(indent + text)
        return text

    def add(self, insertion: Insertion, span: Span, texts: Sequence[bytes]) -> bool:
        """Add texts to the real server of a stretch; return whether that changes anything."""
        first, *further = texts
        first = insertion.inner + first if insertion.own_lines else first
        text = b"".join((first, *(insertion.inner + each for each in further)))
        old = self.added_before(span)
        self._handled.update((self._file.path, each.start) for each in old)
        if old and _in_one_piece(old, insertion.place):
            return self._edit(Edit(old[0].start, old[-1].end, text))
        for each in old:
            self._edit(Edit(each.start, each.end, b""))
        place = self._now(insertion.place)
        return self._edit(Edit(place, place, text))

    def text_before(self, span: Span, check_id: str, lines: Sequence[bytes]) -> bytes:
        """Return a block with its comment, for before a stretch: complete lines; Refused."""
        octets = self._file.octets
        indent, newline = indentation(octets, span.start), line_end_of(octets, span.start)
        text = indent + comment_for(check_id, None, indent, newline) + _indented(lines, indent, newline) + newline
        demand_short_lines(text)
        return text

    def put_before(self, span: Span, texts: Sequence[bytes]) -> None:
        """Put complete lines before a stretch."""
        octets = self._file.octets
        own_lines = begins_its_line(octets, span.start)
        text = b"".join(texts)
        place = self._now(line_start(octets, span.start) if own_lines else span.start)
        self._edit(Edit(place, place, text if own_lines else text.lstrip(b" \t")))

    def change(self, old: OldStanza, text: bytes) -> None:
        """Put complete lines in the place of a stanza of ours that took whole lines, or ended one."""
        self._edit(Edit(old.start, old.end, text if self._begins_line(old) else text.lstrip(b" \t")))

    def take_out(self, old: Sequence[OldStanza]) -> bool:
        """Take out what was added; return whether that changes anything."""
        for each in old:
            self._handled.add((self._file.path, each.start))
            self._edit(Edit(each.start, each.end, b""))
        return bool(old)

    def _begins_line(self, old: OldStanza) -> bool:
        return line_start(self._present, old.start) == old.start

    def added_before(self, span: Span) -> list[OldStanza]:
        """Return the stanzas that were added to the real server of a stretch."""
        return [] if self._old is None else self._old.added_within(span.start, span.end)

    def _now(self, place: int) -> int:
        return place if self._old is None else self._old.present(place)

    def _edit(self, edit: Edit) -> bool:
        if self._present[edit.start : edit.end] == edit.octets:
            return False
        self._plan.edits.setdefault(self._file.path, []).append(edit)
        return True


def _indented(lines: Sequence[bytes], indent: bytes, newline: bytes) -> bytes:
    return newline.join(indent + line for line in lines)


def _in_one_piece(old: Sequence[OldStanza], place: int) -> bool:
    return all(each.place == place for each in old) and all(one.end == other.start for one, other in pairwise(old))
