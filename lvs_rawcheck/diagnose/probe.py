# SPDX-License-Identifier: GPL-2.0-or-later
"""One probe and its answer; the names are those of the `Observations`."""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.diagnose.observations import Answer

ECHO = "echo"
VIP_NEIGHBOUR = "vip_neighbour"
OWN_SERVICE = "own_service"
OWN_NEIGHBOUR = "own_neighbour"
FULL_ECHO = "full_echo"
ANSWERER_ECHO = "answerer_echo"
OTHERS = "others"
ANNOUNCED = "announced"
AGAIN = "again"


@dataclass(frozen=True)
class Probe:
    """One probe: which of the `Observations` it is, what it asked in words, and what came of it."""

    name: str
    question: str
    answer: Answer
    detail: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return what JSON says of it."""
        answer = self.answer.value
        return {"probe": self.name, "question": self.question, "answer": answer, "detail": self.detail}
