# SPDX-License-Identifier: GPL-2.0-or-later
"""Stanzas of ours that are in a configuration already, taken back in thought.

A stanza is ours where its marker stands and a checker of keepalived's, a VRRP instance's notify line, or a track_file
begins right behind the comment: only then is it known where it ends. What came of a marker otherwise is left alone,
and said.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.config.keepalived.model import Checker
from lvs_rawcheck.config.tree import SourceFile
from lvs_rawcheck.generate.keepalived.notify import notify_spans
from lvs_rawcheck.generate.marker import MARKER_BEGINS, Marked, find_marked, marked_region
from lvs_rawcheck.generate.splice import Edit, spliced

FILE_CHECK, TRACK_FILE = "FILE_CHECK", "track_file"
_Ends = dict[tuple[str, int], tuple[int, str]]
"""By file and place of the first octet."""


@dataclass(frozen=True, slots=True)
class OldStanza:
    """One of them. start, end: its octets in the file as it is; place: where that is without all of them."""

    check_id: str
    start: int
    end: int
    stanza: int
    """Where in the file as it is the checker itself begins."""
    place: int
    original: bytes | None
    """What it replaced, None if it was added."""
    keyword: str
    """Of the checker or track_file, "" of a notify line."""


class OldFile:
    """A file as it is, and as it was."""

    def __init__(self, path: str, octets: bytes, regions: list[tuple[int, int, Marked, str]]) -> None:
        self.path = path
        self.octets = octets
        self._file = SourceFile(path, "", octets)
        self.stanzas: list[OldStanza] = []
        shift = 0
        for start, end, marked, keyword in regions:
            original = marked.original or b""
            place = start + shift
            self.stanzas.append(OldStanza(marked.check_id, start, end, marked.stanza, place, marked.original, keyword))
            shift += len(original) - (end - start)
        self.original = spliced(octets, (Edit(each.start, each.end, each.original or b"") for each in self.stanzas))
        self._places = [each.place for each in self.stanzas]
        self._added = [each for each in self.stanzas if each.original is None and each.keyword != TRACK_FILE]
        self._added_places = [each.place for each in self._added]
        self.by_place = {each.place: each for each in self.stanzas if each.original is not None}

    def present(self, place: int) -> int:
        """Return where a place of the original is in the file as it is; one inside what is replaced there has none."""
        before = bisect_right(self._places, place) - 1
        while before >= 0:
            old = self.stanzas[before]
            if old.place + len(old.original or b"") <= place and (old.original is None or old.place < place):
                return old.end + place - old.place - len(old.original or b"")
            before -= 1
        return place

    def present_line(self, place: int) -> int:
        """Return in which line of the file as it is a place of the original stands."""
        return self._file.place(self.present(place))[0]

    def added_within(self, start: int, end: int) -> list[OldStanza]:
        """Return those that were added between two places of the original; not track_files, which stand in no block."""
        return self._added[bisect_left(self._added_places, start) : bisect_right(self._added_places, end)]


def find_existing(configuration: Configuration) -> tuple[dict[str, OldFile], list[str]]:
    """Return the files that have stanzas of ours, by path, and a sentence for each marker without one."""
    if not any(MARKER_BEGINS in file.octets for file in configuration.files.values()):
        return {}, []
    ends = _stanza_ends(configuration)
    found: dict[str, OldFile] = {}
    lost: list[str] = []
    for path, file in configuration.files.items():
        regions: list[tuple[int, int, Marked, str]] = []
        for marked in find_marked(file.octets):
            found_end = ends.get((path, marked.stanza))
            if found_end is None:
                line, _ = file.place(marked.marker)
                lost.append(f"{path}:{line}: nothing of keepalived's follows this marker: left alone")
                continue
            end, keyword = found_end
            start, end = marked_region(file.octets, marked, end)
            if not regions or regions[-1][1] <= start:
                regions.append((start, end, marked, keyword))
        if regions:
            found[path] = OldFile(path, file.octets, regions)
    return found, lost


def _stanza_ends(configuration: Configuration) -> _Ends:
    """Return where each checker, notify line and track_file ends, and its keyword."""
    ends: _Ends = {}
    for virtual in configuration.site.virtual_servers:
        for server in (*virtual.real_servers, *virtual.dropped_servers):
            for checker in server.checkers:
                _note_end(ends, checker)
    for span in notify_spans(configuration.site):
        ends[(span.file.path, span.start)] = span.end, ""
    for track_file in configuration.site.track_files:
        whole = track_file.span
        if whole is not None:
            ends[(whole.file.path, whole.start)] = whole.end, TRACK_FILE
    return ends


def _note_end(ends: _Ends, checker: Checker) -> None:
    span = checker.span
    if span is not None:
        ends[(span.file.path, span.start)] = span.end, checker.kind
