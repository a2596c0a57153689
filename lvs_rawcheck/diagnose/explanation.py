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
from lvs_rawcheck.diagnose.transcript import Line, Transcript


@dataclass(kw_only=True)
class Inquest:
    """What is known so far."""

    kind: str
    transcript: Transcript
    recording: Recording
    path: Path | None = None
    """The way to the real server; None where no frame was sent."""
    result: Result | None = None
    """The check's; None until it is judged."""
    probing_from: int | None = None
    """Which frame of the recording was the first of the probes; None until they are asked."""
    probes: list[Probe] = field(default_factory=list)

    @property
    def began(self) -> float:
        """Return when the first of all that is told happened, monotonic seconds; 0.0 where nothing did."""
        spoke = [] if self.transcript.began is None else [self.transcript.began]
        return min([*(frame.time for frame in self.recording.frames[:1]), *spoke], default=0.0)


@dataclass(kw_only=True)
class Explanation(Inquest):
    """What is known in the end."""

    result: Result
    observations: Observations
    diagnosis: Diagnosis
    warnings: list[str] = field(default_factory=list)

    @property
    def conversation(self) -> list[Line]:
        """Return what was said, the verdict last. To be asked for once, and not where a `Reader` has read it."""
        return self.transcript.lines()

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
