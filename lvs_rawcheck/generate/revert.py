# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration as it was before: what stanzas of ours replaced, put back from the comments that kept it.

Whatever was edited around them stays. What cannot be put back is named, and left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.config.keepalived import Configuration
from lvs_rawcheck.config.keepalived.model import Script
from lvs_rawcheck.generate.existing import find_existing


@dataclass(slots=True)
class Reverted:
    """octets: the files that change, by path; lost: a sentence for each thing that cannot be put back."""

    octets: dict[str, bytes] = field(default_factory=dict)
    check_ids: list[str] = field(default_factory=list)
    """Of the stanzas that go."""
    lost: list[str] = field(default_factory=list)


def revert(configuration: Configuration, programs: frozenset[str]) -> Reverted:
    """Return a configuration without what is ours. programs: commands whose stanzas are ours, marker or not."""
    files, lost = find_existing(configuration)
    found = Reverted(lost=list(lost))
    for path, old in files.items():
        found.octets[path] = old.original
        found.check_ids += [stanza.check_id for stanza in old.stanzas]
    restored = {path: [(stanza.start, stanza.end) for stanza in old.stanzas] for path, old in files.items()}
    for script in scripts_of(configuration):
        span = script.span
        is_restored = any(start <= span.start < end for start, end in restored.get(span.file.path, []))
        if not is_restored and script.argv and script.argv[0] in programs:
            found.lost.append(f"{span}: {' '.join(script.argv)}: what was here before is not known: left as it is")
    return found


def scripts_of(configuration: Configuration) -> list[Script]:
    """Return every script that a configuration names for checks and for VRRP."""
    site = configuration.site
    scripts = [script for instance in site.instances for script in instance.scripts.values()]
    scripts += [script for group in site.sync_groups for script in group.scripts.values()]
    for virtual in site.virtual_servers:
        for server in virtual.real_servers:
            scripts += [checker.script for checker in server.checkers if checker.script is not None]
    return scripts
