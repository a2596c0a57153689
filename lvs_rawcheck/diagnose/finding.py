# SPDX-License-Identifier: GPL-2.0-or-later
"""One thing that is wrong, as `audit` and `doctor` tell it: what, where, how we know, why it matters, what mends it."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.diagnose.fix import Fix

ERROR = "error"
"""Traffic is lost, or checks lie or fail, now."""
WARNING = "warning"
"""It will be so when something else happens: a failover, a reboot, more traffic."""


@dataclass(slots=True)
class Finding:
    """One cause in one place."""

    cause: str
    """One word for programs: `arp-leak`, `log-martians`, ..."""
    severity: str
    where: str
    """A real server and VIP, a file with its line, or a setting of this host."""
    sentence: str
    """What is wrong, and why it matters."""
    evidence: list[str] = field(default_factory=list)
    """What was seen: frames, answers, values; a line each."""
    fixes: list[Fix] = field(default_factory=list)
    """In the order in which they must be done."""

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of it."""
        return {
            "cause": self.cause,
            "severity": self.severity,
            "where": self.where,
            "what": self.sentence,
            "evidence": self.evidence,
            "fix": [fix.to_dict() for fix in self.fixes],
        }
