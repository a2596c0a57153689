# SPDX-License-Identifier: GPL-2.0-or-later
"""From what each check brought to what is asked further, and from all answers to the cause of each cell.

The questions and the table are those of one explanation (diagnose/inquiry.py), asked of all failed cells at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.asking import Asking
from lvs_rawcheck.diagnose.audit.model import Cell
from lvs_rawcheck.diagnose.audit.own_sides import OwnSide, OwnSides
from lvs_rawcheck.diagnose.audit.probing import Outcome
from lvs_rawcheck.diagnose.diagnosis import Diagnosis, diagnose
from lvs_rawcheck.diagnose.error_heard import error_heard
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.questions import Question
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.wire.address import format_address, format_mac
from lvs_rawcheck.wire.ip import PROTO_TCP, PROTO_UDP

_LINES_OF_ANSWERS = 8


@dataclass(slots=True)
class Judged:
    """A cell, and what is wrong with it. strangers: MACs that answered for its VIP and ought not to have."""

    cell: Cell
    outcome: Outcome
    diagnosis: Diagnosis


@dataclass(slots=True)
class Inquired:
    """What is asked of one failed cell."""

    echo: Question | None = None
    own_neighbour: Question | None = None
    own_side: OwnSide | None = None
    uncertain_side: bool = False
    """The own side was asked by another protocol: only its silence tells."""


@dataclass(slots=True)
class Inquiries:
    """All that is asked after the checks. askings: by the id of a segment."""

    askings: dict[int, Asking]
    own_sides: OwnSides
    of_outcome: dict[int, Inquired] = field(default_factory=dict)

    def ask_for(self, outcome: Outcome) -> None:
        """Put the questions that an outcome leads to; who has the VIP is always asked."""
        segment, request = outcome.segment, outcome.target.request
        if segment is None or not outcome.asked:
            return
        asking, endpoint = self.askings[id(segment)], request.endpoints[0]
        asking.owners(endpoint.vip)
        if outcome.reason in (Reason.OK, Reason.CANNOT_JUDGE):
            return
        inquired = self.of_outcome[id(outcome)] = Inquired()
        answered = outcome.reason in signatures.ANSWERED
        director_ip, real_mac = segment.path.director_ip, segment.mac_of(request.real_ip)
        if not answered:
            inquired.own_neighbour = asking.neighbour(request.real_ip, real_mac)
            if real_mac is not None:
                inquired.echo = asking.echo(endpoint.vip, real_mac)
        if answered or outcome.protocol == PROTO_UDP:
            inquired.own_side = self.own_sides.check(request, endpoint, director_ip)
        elif endpoint.port:
            inquired.own_side = self.own_sides.connection(request, endpoint, director_ip)
            inquired.uncertain_side = outcome.protocol != PROTO_TCP


class Judge:
    """Says of each outcome what it means. here: the VIPs that this host holds; real_macs: of all real servers."""

    def __init__(self, inquiries: Inquiries, here: frozenset[bytes], outcomes: Sequence[Outcome]) -> None:
        self._inquiries = inquiries
        self._here = here
        self._real_macs: dict[int, dict[bytes, bytes]] = {}
        for outcome in outcomes:
            segment, real_ip = outcome.segment, outcome.target.request.real_ip
            if segment is not None and (mac := segment.mac_of(real_ip)) is not None:
                self._real_macs.setdefault(id(segment), {})[mac] = real_ip

    def judge(self, outcome: Outcome) -> Judged:
        """Return the cell of an outcome, with its cause and evidence."""
        inquired = self._inquiries.of_outcome.get(id(outcome), Inquired())
        seen = self._observations(outcome, inquired)
        lines = _evidence(outcome, inquired, seen)
        diagnosis = diagnose(seen, self._scene(outcome, seen, lines))
        return Judged(Cell(outcome.target, outcome.result, diagnosis.cause, lines), outcome, diagnosis)

    def strangers(self, outcome: Outcome) -> list[bytes]:
        """Return who answered for the VIP and is neither one of the real servers nor the one active director.

        Where this host does not hold the VIP, one stranger is the director that does.
        """
        owners = self._owners(outcome) or []
        known = self._real_macs.get(id(outcome.segment), {})
        strangers = [mac for mac in owners if mac not in known]
        allowed = 0 if outcome.target.request.endpoints[0].vip in self._here else 1
        return strangers if len(strangers) > allowed else []

    def _owners(self, outcome: Outcome) -> list[bytes] | None:
        if outcome.segment is None:
            return None
        asking = self._inquiries.askings[id(outcome.segment)]
        return asking.owners_of(outcome.target.request.endpoints[0].vip)

    def _observations(self, outcome: Outcome, inquired: Inquired) -> Observations:
        segment, request = outcome.segment, outcome.target.request
        if segment is None:
            return Observations(Place.NOWHERE, outcome.reason, protocol=outcome.protocol)
        real_mac = segment.mac_of(request.real_ip)
        return Observations(
            Place.WIRE,
            outcome.reason,
            echo=_answer(inquired.echo),
            vip_neighbour=self._leak(outcome, real_mac),
            own_service=_own_answer(inquired),
            own_neighbour=_answer(inquired.own_neighbour),
            error=error_heard(segment.errors_from(real_mac), outcome.protocol, request.endpoints[0]),
            others=self._others(outcome),
            passed_over=outcome.passed_over,
            protocol=outcome.protocol,
        )

    def _leak(self, outcome: Outcome, real_mac: bytes | None) -> Answer:
        owners = self._owners(outcome)
        if owners is None or real_mac is None:
            return Answer.NOT_ASKED
        return Answer.REPLY if real_mac in owners else Answer.SILENCE

    def _others(self, outcome: Outcome) -> Answer:
        if self._owners(outcome) is None:
            return Answer.NOT_ASKED
        return Answer.OTHER_MAC if self.strangers(outcome) else Answer.SILENCE

    def _scene(self, outcome: Outcome, seen: Observations, lines: list[str]) -> Scene:
        segment, request = outcome.segment, outcome.target.request
        endpoint, mac = request.endpoints[0], None
        if segment is not None:
            mac = segment.mac_of(request.real_ip)
        unclear = signatures.UNCLEAR in signatures.find_causes(seen)
        return Scene(
            request.real_ip,
            endpoint.vip,
            endpoint.port,
            segment.path.interface.name if segment is not None else request.interface,
            format_mac(mac) if mac is not None else None,
            "; ".join(lines) if unclear else outcome.result.verdict.detail,
            outcome.protocol,
            ", ".join(map(format_mac, self.strangers(outcome))),
        )


def _answer(question: Question | None) -> Answer:
    return Answer.NOT_ASKED if question is None else question.answer


def _own_answer(inquired: Inquired) -> Answer:
    if inquired.own_side is None:
        return Answer.NOT_ASKED
    answer = inquired.own_side.probe.answer
    tells = not inquired.uncertain_side or answer in (Answer.SILENCE, Answer.UNREACHABLE)
    return answer if tells else Answer.NOT_ASKED


def _evidence(outcome: Outcome, inquired: Inquired, seen: Observations) -> list[str]:
    """Return what was asked and answered, a line each; nothing of a cell that is healthy."""
    result, request = outcome.result, outcome.target.request
    endpoint, segment = request.endpoints[0], outcome.segment
    mac = segment.mac_of(request.real_ip) if segment is not None else None
    at = f" at {format_mac(mac)}" if mac is not None else ""
    lines = []
    if not result.healthy:
        lines.append(f"{result.kind} to {endpoint}{at}: {result.verdict.reason}: {result.verdict.detail}")
    if inquired.echo is not None:
        lines.append(_line(f"echo to {format_address(endpoint.vip)}{at}", inquired.echo))
    if inquired.own_neighbour is not None:
        lines.append(_line(f"who has {format_address(request.real_ip)}, asked of all", inquired.own_neighbour))
    if inquired.own_side is not None:
        probe = inquired.own_side.probe
        lines.append(f"{probe.question}: {probe.answer.value}{f', {probe.detail}' if probe.detail else ''}")
    if seen.vip_neighbour == Answer.REPLY:
        lines.append(f"who has {format_address(endpoint.vip)}, asked of all: answered{at}")
    return lines[:_LINES_OF_ANSWERS]


def _line(asked: str, question: Question) -> str:
    return f"{asked}: {question.answer.value}{f', {question.detail}' if question.detail else ''}"
