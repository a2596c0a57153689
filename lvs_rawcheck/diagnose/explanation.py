# SPDX-License-Identifier: GPL-2.0-or-later
"""One check, told whole: what was said, its frames, the probes that followed, the cause and its remedy."""

from __future__ import annotations

from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import Result
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.diagnose.diagnosis import Diagnosis
from lvs_rawcheck.diagnose.observations import Observations
from lvs_rawcheck.diagnose.probe import Probe
from lvs_rawcheck.diagnose.recording import Recording
from lvs_rawcheck.diagnose.transcript import Line


@dataclass
class Inquest:
    """What is known so far, from the check's verdict on."""

    result: Result
    conversation: list[Line]
    recording: Recording
    probes: list[Probe]
    probing_from: int
    """Which frame of the recording was the first of the probes."""
    path: Path | None
    """The way to the real server; None where no frame was sent."""

    @property
    def began(self) -> float:
        """Return when the first of all that is told happened, monotonic seconds; 0.0 where nothing did."""
        frames, lines = self.recording.frames[:1], self.conversation[:1]
        return min([*(frame.time for frame in frames), *(line.time for line in lines)], default=0.0)


@dataclass
class Explanation(Inquest):
    """What is known in the end."""

    observations: Observations
    diagnosis: Diagnosis
    warnings: list[str] = field(default_factory=list)

    @property
    def cause(self) -> str:
        """Return the first cause: one of diagnose/signatures.py."""
        return self.diagnosis.cause

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says: the check's result, and what explains it."""
        return {
            **self.result.to_dict(),
            "conversation": [
                {"time": round(line.time - self.began, 6), "direction": line.direction, "text": line.text}
                for line in self.conversation
            ],
            **self.diagnosis.to_dict(),
            "fix": "\n".join(str(fix) for fix in self.diagnosis.fixes) or None,
            "second_causes": [second.to_dict() for second in self.diagnosis.seconds],
            "probes": [probe.to_dict() for probe in self.probes],
            "warnings": self.warnings,
        }
