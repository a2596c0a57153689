# SPDX-License-Identifier: GPL-2.0-or-later
"""Where track_file blocks go: before the virtual server whose FILE_CHECKs name them, in its file.

keepalived looks a name up as it reads the FILE_CHECK (track_file_handler in check_file.c), and drops the checker where
there is no such block yet. One that stands before it already stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lvs_rawcheck.config.keepalived.model import Checker, Site, VirtualServer
from lvs_rawcheck.config.tree import Span
from lvs_rawcheck.generate.keepalived.existing import FILE_CHECK, TRACK_FILE, OldFile
from lvs_rawcheck.generate.keepalived.file_check import FileCheckWriter
from lvs_rawcheck.generate.keepalived.placing import Place
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.keepalived.told import names_used
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.generate.splice import Edit

_SHAPE = "its virtual server's braces do not stand in one stretch of one file, so no track_file can go before it"


def demand_place(virtual: VirtualServer) -> None:
    """Raise Refused where nothing can be put before a virtual server."""
    if virtual.obstacles:
        raise Refused(virtual.obstacles[0].sentence)
    if virtual.span is None:
        raise Refused(_SHAPE)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A block. span: of the virtual server that it goes before."""

    check_id: str
    span: Span


class TrackBlocks:
    """Puts them in and takes them out. handled: see VirtualPlanner; all other planning is done before `place`."""

    def __init__(self, plan: KeepalivedPlan, old_files: Mapping[str, OldFile], writer: FileCheckWriter | None) -> None:
        self._plan = plan
        self._old_files = old_files
        self._writer = writer
        self._wanted: dict[str, _Wanted] = {}

    def want(self, virtual: VirtualServer, check_ids: Iterable[str]) -> None:
        """Have a block for each of these checks of a virtual server."""
        span = virtual.span
        for check_id in check_ids:
            assert span is not None  # demand_place has seen to it
            self._wanted[check_id] = _Wanted(check_id, span)

    def place(self, original: Site, handled: set[tuple[str, int]]) -> None:
        """Plan what becomes of those that are there, and of those that are wanted; Refused: a line is too long."""
        waiting = dict(self._wanted)
        still_named = self._still_named(original, handled)
        for path, old_file in self._old_files.items():
            for old in old_file.stanzas:
                if old.keyword != TRACK_FILE:
                    continue
                wanted = waiting.get(old.check_id)
                if wanted is not None and wanted.span.file.path == path and old.place <= wanted.span.start:
                    del waiting[old.check_id]
                    place = Place(self._plan, wanted.span.file, old_file, handled)
                    place.change(old, self._text(place, wanted))
                elif old.check_id in still_named and old.check_id not in self._wanted:
                    self._plan.left_track_files.add(old.check_id)
                    continue
                else:
                    self._plan.edits.setdefault(path, []).append(Edit(old.start, old.end, b""))
                handled.add((path, old.start))
        by_span: dict[tuple[str, int], list[_Wanted]] = {}
        for wanted in waiting.values():
            by_span.setdefault((wanted.span.file.path, wanted.span.start), []).append(wanted)
        for several in by_span.values():
            self._put_in(several, handled)
        if self._writer is not None:
            self._plan.track_files = {check_id: self._writer.path(check_id) for check_id in self._wanted}

    def _put_in(self, several: list[_Wanted], handled: set[tuple[str, int]]) -> None:
        span = several[0].span
        place = Place(self._plan, span.file, self._old_files.get(span.file.path), handled)
        place.put_before(span, [self._text(place, wanted) for wanted in several])

    def _text(self, place: Place, wanted: _Wanted) -> bytes:
        assert self._writer is not None  # nothing is wanted without
        lines = self._writer.block(wanted.check_id, place.step(wanted.span))
        return place.text_before(wanted.span, wanted.check_id, lines)

    def _still_named(self, original: Site, handled: set[tuple[str, int]]) -> set[str]:
        """Return the blocks that FILE_CHECKs go by which are not planned: those of ours that are left, and others."""
        stanzas = ((path, old) for path, old_file in self._old_files.items() for old in old_file.stanzas)
        left = {old.check_id for path, old in stanzas if old.keyword == FILE_CHECK and (path, old.start) not in handled}
        return left | names_used(_checkers(original))


def _checkers(site: Site) -> Iterator[Checker]:
    for virtual in site.virtual_servers:
        for server in (*virtual.real_servers, *virtual.dropped_servers):
            yield from server.checkers
