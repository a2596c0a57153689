# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration as it was before: what stanzas of ours replaced, put back from the comments that kept it.

Whatever was edited around them stays. What cannot be put back is named, and left as it is.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.config.keepalived.model import Script
from lvs_rawcheck.generate.keepalived.endpoints import names_of
from lvs_rawcheck.generate.keepalived.existing import OldStanza, find_existing
from lvs_rawcheck.generate.options import PlanOptions, selects
from lvs_rawcheck.generate.reverted import Reverted
from lvs_rawcheck.generate.splice import Edit


def revert(configuration: Configuration, options: PlanOptions) -> Reverted:
    """Return how a configuration becomes one without what is ours, or is ours in the virtual servers that are meant."""
    files, lost = find_existing(configuration)
    meant = _Meant(configuration, options)
    found = Reverted(lost=lost)
    for path, old in files.items():
        for stanza in old.stanzas:
            if not meant.has(path, stanza):
                found.remaining.append(stanza.check_id)
                continue
            found.stanzas.append(stanza.check_id)
            found.edits.setdefault(path, []).append(Edit(stanza.start, stanza.end, stanza.original or b""))
    marked = _Stretches((path, stanza.start, stanza.end) for path, old in files.items() for stanza in old.stanzas)
    ours = programs(options)
    for script in scripts_of(configuration):
        span = script.span
        if script.argv and script.argv[0] in ours and not marked.have(span.file.path, span.start):
            found.lost.append(f"{span}: {' '.join(script.argv)}: what was here before is not known: left as it is")
    return found


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
