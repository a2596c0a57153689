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

    @property
    def instances_wired(self) -> list[str]:
        """Return the VRRP instances that keep role files by lines of this plan."""
        return list(self.wired)
