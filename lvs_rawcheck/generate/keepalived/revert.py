# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration as it was before: what stanzas of ours replaced, put back from the comments that kept it.

Whatever was edited around them stays. What cannot be put back is named, and left as it is.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.config.keepalived.model import Checker, Script
from lvs_rawcheck.generate.keepalived.endpoints import names_of
from lvs_rawcheck.generate.keepalived.existing import TRACK_FILE, OldFile, OldStanza, find_existing
from lvs_rawcheck.generate.keepalived.told import names_used, told_by_track_file
from lvs_rawcheck.generate.options import PlanOptions, selects
from lvs_rawcheck.generate.reverted import Reverted
from lvs_rawcheck.generate.splice import Edit

_UNKNOWN = "what was here before is not known: left as it is"


def revert(configuration: Configuration, options: PlanOptions) -> Reverted:
    """Return how a configuration becomes one without what is ours, or is ours in the virtual servers that are meant."""
    files, lost = find_existing(configuration)
    meant = _Meant(configuration, options)
    found = Reverted(lost=lost)
    for path, old in files.items():
        for stanza in old.stanzas:
            if stanza.keyword == TRACK_FILE:
                continue
            if not meant.has(path, stanza):
                found.remaining.append(stanza.check_id)
                continue
            found.stanzas.append(stanza.check_id)
            found.edits.setdefault(path, []).append(Edit(stanza.start, stanza.end, stanza.original or b""))
    for path, old in files.items():
        _revert_blocks(configuration, path, old, found)
    marked = _Stretches((path, stanza.start, stanza.end) for path, old in files.items() for stanza in old.stanzas)
    ours = programs(options)
    for script in scripts_of(configuration):
        span = script.span
        if script.argv and script.argv[0] in ours and not marked.have(span.file.path, span.start):
            found.lost.append(f"{span}: {' '.join(script.argv)}: {_UNKNOWN}")
    blocks = {each.name: each for each in configuration.site.track_files}
    for checker in _checkers_of(configuration):
        place = checker.block.span
        if told_by_track_file(checker, blocks) is not None and not marked.have(place.file.path, place.start):
            found.lost.append(f"{place}: {checker.kind}: {_UNKNOWN}")
    return found


def _revert_blocks(configuration: Configuration, path: str, old: OldFile, found: Reverted) -> None:
    """Take out the track_file blocks of a file that no FILE_CHECK goes by any more."""
    gone = _Stretches((path, edit.start, edit.end) for path, edits in found.edits.items() for edit in edits)
    checkers = ((each, each.block.span) for each in _checkers_of(configuration))
    staying = names_used(each for each, span in checkers if not gone.have(span.file.path, span.start))
    for stanza in old.stanzas:
        if stanza.keyword == TRACK_FILE and stanza.check_id not in staying:
            found.edits.setdefault(path, []).append(Edit(stanza.start, stanza.end, b""))


def _checkers_of(configuration: Configuration) -> Iterator[Checker]:
    for virtual in configuration.site.virtual_servers:
        for server in (*virtual.real_servers, *virtual.dropped_servers):
            yield from server.checkers


class _Stretches:
    """Stretches of files that do not overlap, each with its path, start and end."""

    def __init__(self, stretches: Iterable[tuple[str, int, int]]) -> None:
        self._sorted = sorted(stretches)

    def have(self, path: str, place: int) -> bool:
        """Return whether a place of a file lies in one of them."""
        before = bisect_right(self._sorted, (path, place, sys.maxsize)) - 1
        if before < 0:
            return False
        in_path, start, end = self._sorted[before]
        return in_path == path and start <= place < end


class _Meant:
    """Which stanzas of ours are meant: all, or those of some virtual servers."""

    def __init__(self, configuration: Configuration, options: PlanOptions) -> None:
        self._all = not options.only and not options.exclude
        virtual_servers = configuration.site.virtual_servers
        spans = (virtual.span for virtual in virtual_servers if selects(options, names_of(virtual)))
        self._selected = _Stretches((span.file.path, span.start, span.end) for span in spans if span is not None)

    def has(self, path: str, stanza: OldStanza) -> bool:
        return self._all or self._selected.have(path, stanza.start)


def programs(options: PlanOptions) -> frozenset[str]:
    """Return the commands that stanzas and notify lines of ours call."""
    folder = options.scripts.rstrip("/")
    return frozenset((f"{folder}/verdict", f"{folder}/notify", options.program))


def scripts_of(configuration: Configuration) -> list[Script]:
    """Return every script that a configuration names for checks and for VRRP."""
    site = configuration.site
    scripts = [script for instance in site.instances for script in instance.scripts.values()]
    scripts += [script for group in site.sync_groups for script in group.scripts.values()]
    for virtual in site.virtual_servers:
        for server in virtual.real_servers:
            scripts += [checker.script for checker in server.checkers if checker.script is not None]
    return scripts
