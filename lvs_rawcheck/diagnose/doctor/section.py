# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of one subject: what was found, what was looked at and is right, what could not be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.diagnose.finding import Finding


@dataclass(slots=True)
class Section:
    """One subject. looked_at: what, in a few words, "" where there was nothing to be looked at."""

    subject: str
    looked_at: str = ""
    findings: list[Finding] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    """What was not looked at, and why, a sentence each."""

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of it, besides the findings."""
        return {"subject": self.subject, "looked_at": self.looked_at, "not_looked_at": self.gaps}
