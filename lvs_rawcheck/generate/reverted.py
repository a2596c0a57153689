# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a configuration that is to be as it was before."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.generate.splice import Edit


@dataclass(slots=True)
class Reverted:
    """edits: what is put back, by path."""

    edits: dict[str, list[Edit]] = field(default_factory=dict)
    stanzas: list[str] = field(default_factory=list)
    """What goes: the IDs of checks, or of services, and of notify lines."""
    remaining: list[str] = field(default_factory=list)
    """Those that stay, since they are not meant."""
    lost: list[str] = field(default_factory=list)
    """A sentence for each thing that cannot be put back."""
