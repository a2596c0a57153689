# SPDX-License-Identifier: GPL-2.0-or-later
"""From the answers of one real server to what is wrong with it: the first cause, and what else was seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.diagnose import causes, signatures
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.diagnose.fix import Fix
from lvs_rawcheck.diagnose.observations import Observations
from lvs_rawcheck.diagnose.scene import Scene


@dataclass(frozen=True)
class Diagnosis:
    """One cause of one real server. cause: of diagnose/signatures.py; severity: of diagnose/finding.py."""

    cause: str
    severity: str
    sentence: str
    fixes: list[Fix]
    seconds: list[Diagnosis] = field(default_factory=list)
    """Further causes that were seen besides, in path order; they have none themselves."""

    @property
    def healthy(self) -> bool:
        """Return whether nothing is wrong."""
        return self.cause == signatures.HEALTHY

    def finding(self, where: str, evidence: list[str]) -> Finding:
        """Return it as a finding; the second causes are findings of their own."""
        return Finding(self.cause, self.severity, where, self.sentence, evidence, self.fixes)

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says of it, without the second causes."""
        return {
            "cause": self.cause,
            "severity": self.severity,
            "explanation": self.sentence,
            "fixes": [fix.to_dict() for fix in self.fixes],
        }


def diagnose(seen: Observations, scene: Scene) -> Diagnosis:
    """Return what is wrong, HEALTHY where nothing is.

    scene: its detail is the verdict's sentence, or for UNCLEAR what was asked and answered, in words.
    """
    first, *seconds = signatures.find_causes(seen)
    beside = [_told(cause, causes.sentence_beside(cause, scene), scene) for cause in seconds]
    return _told(first, causes.sentence_of(first, scene), scene, beside)


def diagnose_known(cause: str, scene: Scene) -> Diagnosis:
    """Return a cause that is known by other means than a server's answers, as from a configuration."""
    return _told(cause, causes.sentence_of(cause, scene), scene)


def _told(cause: str, sentence: str, scene: Scene, seconds: list[Diagnosis] | None = None) -> Diagnosis:
    return Diagnosis(cause, causes.severity_of(cause), sentence, causes.fixes_of(cause, scene), seconds or [])
