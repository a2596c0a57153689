# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plan for a keepalived.conf has besides."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.generate.keepalived.notify import Wiring
from lvs_rawcheck.generate.plan import Plan, PlannedCheck


@dataclass(slots=True)
class KeepalivedPlan(Plan):
    """The plan for one."""

    replaced: dict[tuple[str, int], PlannedCheck] = field(default_factory=dict)
    """By path and place of the replaced checker, in the file without stanzas of ours."""
    wired: dict[str, Wiring] = field(default_factory=dict)
    """VRRP instances that maintain the role files which the services read, by name."""
    track_files: dict[str, str] = field(default_factory=dict)
    """Paths of the track files that blocks of ours name as planned, by the name of the block."""
    left_track_files: set[str] = field(default_factory=set)
    """Names of the blocks of ours that stay as they are."""

    @property
    def instances_wired(self) -> list[str]:
        """Return the VRRP instances that keep role files by lines of this plan."""
        return list(self.wired)
