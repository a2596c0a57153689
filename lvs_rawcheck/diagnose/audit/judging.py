# SPDX-License-Identifier: GPL-2.0-or-later
"""From all answers to the cause of each cell, by the table that an explanation goes by (diagnose/signatures.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.inquiries import Inquired, Inquiries, Lengths, answer_of, own_neighbour
from lvs_rawcheck.diagnose.audit.model import Cell
from lvs_rawcheck.diagnose.audit.probing import Outcome
from lvs_rawcheck.diagnose.diagnosis import Diagnosis, diagnose
from lvs_rawcheck.diagnose.error_heard import error_heard
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.questions import Question
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.wire.address import format_address, format_mac


@dataclass(slots=True)
class Judged:
    """A cell, where it comes from, and what is wrong with it."""

    cell: Cell
    outcome: Outcome
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class ThisHost:
    """The VIPs that this host answers for, as the active director, and its MACs, of which one may answer another."""

    vips: frozenset[bytes] = frozenset()
    macs: frozenset[bytes] = frozenset()


class Judge:
    """Says of each outcome what it means."""

    def __init__(self, inquiries: Inquiries, here: ThisHost, outcomes: Sequence[Outcome]) -> None:
        self._inquiries = inquiries
        self._here = here
        self._sound: dict[Observations, Diagnosis] = {}
        self._real_macs: dict[int, dict[bytes, bytes]] = {}
        for outcome in outcomes:
            segment, real_ip = outcome.segment, outcome.target.request.real_ip
            if segment is not None and (mac := segment.mac_of(real_ip)) is not None:
                self._real_macs.setdefault(id(segment), {})[mac] = real_ip

    def judge(self, outcome: Outcome) -> Judged:
        """Return the cell of an outcome, with its cause and evidence."""
        inquired = self._inquiries.of_outcome.get(id(outcome), Inquired())
        seen = self._observations(outcome, inquired)
        sound = self._sound.get(seen)  # most are, and all such are told alike
        if sound is not None:
            return Judged(Cell(outcome.target, outcome.result, sound.cause), outcome, sound)
        lines = self._evidence(outcome, inquired, seen)
        diagnosis = diagnose(seen, self._scene(outcome, seen, lines))
        if diagnosis.healthy and not diagnosis.seconds:
            self._sound[seen] = diagnosis
        return Judged(Cell(outcome.target, outcome.result, diagnosis.cause, lines), outcome, diagnosis)

    def strangers(self, outcome: Outcome) -> list[bytes]:
        """Return who answered for the VIP, being neither a real server nor the one active director.

        Where this host is not active, one who answers is the director that is: a stranger, else a real server that
        directs besides. Of several real servers and nobody else, nobody can say from here which one that is.
        """
        macs, unknown = self._answerers(outcome)
        if self._is_active(outcome):
            return unknown
        entitled = unknown or macs
        return entitled if len(entitled) > 1 else []

    def _answerers(self, outcome: Outcome) -> tuple[list[bytes], list[bytes]]:
        """Return whoever answered for the VIP besides this host, and those that are no real servers."""
        owners = self._owners(outcome)
        known = self._real_macs.get(id(outcome.segment), {})
        macs = [mac for mac in owners.macs if mac not in self._here.macs] if owners is not None else []
        return macs, [mac for mac in macs if mac not in known]

    def _is_active(self, outcome: Outcome) -> bool:
        return outcome.target.request.endpoints[0].vip in self._here.vips

    def _owners(self, outcome: Outcome) -> Question | None:
        if outcome.segment is None:
            return None
        return self._inquiries.askings[id(outcome.segment)].owners(outcome.target.request.endpoints[0].vip)

    def _observations(self, outcome: Outcome, inquired: Inquired) -> Observations:
        segment, request = outcome.segment, outcome.target.request
        if segment is None:
            return Observations(Place.NOWHERE, outcome.reason, protocol=outcome.protocol)
        real_mac, vip = segment.mac_of(request.real_ip), request.endpoints[0].vip
        lengths = self._inquiries.lengths.get((id(segment), request.real_ip), Lengths(None, None))
        told = self._inquiries.announced
        announced = Answer.REPLY if real_mac is not None and (vip, real_mac) in told else Answer.SILENCE
        return Observations(
            Place.WIRE,
            outcome.reason,
            echo=answer_of(inquired.echo or lengths.echo),
            vip_neighbour=self._leak(outcome, real_mac),
            own_service=_own_answer(inquired),
            own_neighbour=own_neighbour(self._inquiries.askings[id(segment)], request.real_ip, real_mac),
            error=self._error(outcome, real_mac),
            full_echo=answer_of(lengths.full_echo),
            answerer_echo=answer_of(inquired.answerer_echo),
            others=self._others(outcome),
            announced=announced,
            passed_over=outcome.passed_over,
            protocol=outcome.protocol,
        )

    def _error(self, outcome: Outcome, real_mac: bytes | None) -> Answer:
        """Return what the real server said of our packets by ICMP, where one did not pass."""
        if outcome.segment is None or outcome.result.healthy:
            return Answer.NOT_ASKED
        frames = outcome.segment.errors_from(real_mac)
        return error_heard(frames, outcome.protocol, outcome.target.request.endpoints[0])

    def _leak(self, outcome: Outcome, real_mac: bytes | None) -> Answer:
        owners = self._owners(outcome)
        if owners is None or real_mac is None or owners.answer not in (Answer.REPLY, Answer.SILENCE):
            return Answer.NOT_ASKED
        _, unknown = self._answerers(outcome)
        director_known = self._is_active(outcome) or bool(unknown)  # else it may be this real server
        return Answer.REPLY if real_mac in owners.macs and director_known else Answer.SILENCE

    def _others(self, outcome: Outcome) -> Answer:
        owners = self._owners(outcome)
        if owners is None or owners.answer not in (Answer.REPLY, Answer.SILENCE):
            return Answer.NOT_ASKED
        return Answer.OTHER_MAC if self.strangers(outcome) else Answer.SILENCE

    def _scene(self, outcome: Outcome, seen: Observations, lines: list[str]) -> Scene:
        segment, request = outcome.segment, outcome.target.request
        endpoint, mac = request.endpoints[0], None
        if segment is not None:
            mac = segment.mac_of(request.real_ip)
        unclear = not outcome.result.healthy and signatures.UNCLEAR in signatures.find_causes(seen)
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

    def _evidence(self, outcome: Outcome, inquired: Inquired, seen: Observations) -> list[str]:
        """Return what was asked and answered, a line each; nothing of a cell that is healthy."""
        result, request, segment = outcome.result, outcome.target.request, outcome.segment
        vip, mac = request.endpoints[0].vip, segment.mac_of(request.real_ip) if segment is not None else None
        at = f" at {format_mac(mac)}" if mac is not None else ""
        lines = []
        if not result.healthy:
            lines.append(f"{result.kind} to {result.endpoint}{at}: {result.verdict.reason}: {result.verdict.detail}")
            lines += _line(f"echo to {format_address(vip)}{at}", inquired.echo)
        if segment is not None and (not result.healthy or seen.own_neighbour == Answer.OTHER_MAC):
            holders = self._inquiries.askings[id(segment)].owners(request.real_ip)
            lines += _line(f"who has {format_address(request.real_ip)}, asked of all", holders)
        lines += _line(f"echo to {format_address(vip)} at the one that answered", inquired.answerer_echo)
        if inquired.own_side is not None:
            probe = inquired.own_side.probe
            lines.append(f"{probe.question}: {probe.answer.value}{f', {probe.detail}' if probe.detail else ''}")
        if seen.vip_neighbour == Answer.REPLY or seen.others == Answer.OTHER_MAC:
            lines += _line(f"who has {format_address(vip)}, asked of all", self._owners(outcome))
        if mac is not None and seen.announced == Answer.REPLY:
            lines.append(f"heard: {self._inquiries.announced[vip, mac]}")
        if seen.echo == Answer.REPLY and seen.full_echo not in (Answer.REPLY, Answer.NOT_ASKED):
            lines.append(f"an echo that fills a frame{at}: {seen.full_echo.value}, a short one: {seen.echo.value}")
        return lines


def _line(asked: str, question: Question | None) -> list[str]:
    if question is None:
        return []
    return [f"{asked}: {question.answer.value}{f', {question.detail}' if question.detail else ''}"]


def _own_answer(inquired: Inquired) -> Answer:
    if inquired.own_side is None:
        return Answer.NOT_ASKED
    answer = inquired.own_side.probe.answer
    tells = not inquired.uncertain_side or answer in (Answer.SILENCE, Answer.UNREACHABLE)
    return answer if tells else Answer.NOT_ASKED
