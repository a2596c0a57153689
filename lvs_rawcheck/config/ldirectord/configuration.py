# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that is known of one ldirectord.cf: its text, what ldirectord makes of it, what was noticed.

ldirectord ends at the first line that it refuses. Here reading goes on, so that all of them can be named.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Mapping

from lvs_rawcheck.config.disk import Unusable, read_regular_file
from lvs_rawcheck.config.findings import ERROR
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.blocks import BlockReader
from lvs_rawcheck.config.ldirectord.effective import fill_globals, fill_virtual
from lvs_rawcheck.config.ldirectord.fallback import check_global_fallback
from lvs_rawcheck.config.ldirectord.leaves import leaves_of
from lvs_rawcheck.config.ldirectord.lines import Block, parse_lines
from lvs_rawcheck.config.ldirectord.model import Globals, Site, Virtual
from lvs_rawcheck.config.ldirectord.notes import Notes
from lvs_rawcheck.config.ldirectord.statements import read_global
from lvs_rawcheck.config.ldirectord.whole import (
    note_checks,
    note_duplicates,
    note_fallback,
    note_globals,
    note_octets,
    note_times,
)
from lvs_rawcheck.config.read import ReadConfiguration
from lvs_rawcheck.config.tree import Leaf, SourceFile, Touch
from lvs_rawcheck.errors import ConfigSyntaxError


class Configuration(ReadConfiguration):
    """One configuration, the main file alone. site: what it sets up."""

    def __init__(self, main: SourceFile, site: Site, notes: Notes) -> None:
        super().__init__(main, {main.path: main}, notes)
        self.site = site

    def leaves(self, path: str) -> list[Leaf]:
        """Return the file as leaves; those that nobody can read say why."""
        return leaves_of(self.files[path], self.errors)


def read_ldirectord(path: str, overlay: Mapping[str, bytes] | None = None) -> Configuration:
    """Return a configuration as ldirectord reads it; raises ConfigError if the file cannot be read at all.

    overlay: octets to take for some paths instead of what the disk holds. All that is wrong inside becomes a finding.
    """
    main = _open(path, overlay or {})
    notes = Notes()
    settings = Globals()
    readers: list[BlockReader] = []
    note_octets(main, notes)
    for part in parse_lines(main):
        if isinstance(part, Block):
            reader = BlockReader(part, notes)
            reader.read()
            readers.append(reader)
            if part.ends_the_file:
                told = (
                    "a virtual server without any line after it, at the end of the file, is taken for two of the same"
                )
                notes.error(part.opening.text_span, kinds.LAST_LINE, told)
            continue
        statement = read_global(part, settings, notes)
        if statement is not None and statement.name in ("fallback", "fallback6"):
            check_global_fallback(statement, notes)
    return Configuration(main, _site(settings, readers, notes), notes)


def _open(path: str, overlay: Mapping[str, bytes]) -> SourceFile:
    if "\0" in path:
        raise ConfigSyntaxError(path, 0, 0, "a NUL stands in its name")
    real = os.path.realpath(path)
    octets = {os.path.realpath(each): octets for each, octets in overlay.items()}.get(real)
    if octets is None:
        try:
            octets = read_regular_file(path).octets
        except Unusable as problem:
            raise ConfigSyntaxError(path, 0, 0, str(problem)) from None
    return SourceFile(real, os.path.dirname(real), octets)


def _site(settings: Globals, readers: list[BlockReader], notes: Notes) -> Site:
    fill_globals(settings)
    note_globals(settings, notes)
    note_duplicates(readers, notes)
    for reader in readers:
        fill_virtual(reader.virtual, reader.port_text, settings)
        note_checks(reader.virtual, notes)
        note_times(reader.virtual, settings, notes)
        note_fallback(reader.virtual, settings, notes)
    virtuals = [reader.virtual for reader in readers]
    _note_obstacles(virtuals, notes)
    return Site(settings, virtuals)


def _note_obstacles(virtuals: list[Virtual], notes: Notes) -> None:
    """Give each virtual server the errors that stand in its text."""
    starts = [0 if virtual.span is None else virtual.span.start for virtual in virtuals]
    for finding in notes.all():
        place = bisect_right(starts, finding.span.start) - 1
        span = virtuals[place].span if place >= 0 else None
        if finding.severity == ERROR and span is not None and finding.span.start < max(span.end, span.start + 1):
            virtuals[place].obstacles.append(Touch(finding.span.start, finding.kind, finding.message))
