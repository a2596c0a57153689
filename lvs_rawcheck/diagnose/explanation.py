# SPDX-License-Identifier: GPL-2.0-or-later
"""One check, told whole: its frames, the probes that followed, the cause, and what would put it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import Endpoint, Reason, Result
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.icmp_errors import read_error
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.request import DOWN, STANDBY_RAW, Request
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.causes import Scene, explain_cause
from lvs_rawcheck.diagnose.echo import name_of_error
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.probes import Probe, probe_own_listener, probe_wire
from lvs_rawcheck.diagnose.recording import RecordedFrame, Recording
from lvs_rawcheck.director.role import BACKUP
from lvs_rawcheck.errors import UsageError, WireError
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.tracer import RECEIVED
from lvs_rawcheck.wire.address import format_address, format_mac
from lvs_rawcheck.wire.ethernet import parse_ethernet
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, parse_packet

_ICMP = (PROTO_ICMP, PROTO_ICMPV6)
_JUDGED_LOCALLY = (Reason.OK, Reason.NO_ANSWER, Reason.REFUSED)


@dataclass
class Explanation:
    """What is known in the end. `cause` is one of diagnose/signatures.py."""

    result: Result
    recording: Recording
    observations: Observations
    probes: list[Probe]
    probing_from: int
    """Which frame of the recording was the first of the probes."""
    cause: str
    sentence: str
    fix: list[str]
    path: Path | None = None
    """The way to the real server; None where no frame was sent."""
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """Return what JSON says: the check's result, and what explains it."""
        return {
            **self.result.to_dict(),
            "cause": self.cause,
            "explanation": self.sentence,
            "fix": "\n".join(self.fix) or None,
            "probes": [probe.to_dict() for probe in self.probes],
            "warnings": self.warnings,
        }


def explain(request: Request, sockets_open: Callable[[], None] | None = None) -> Explanation:
    """Return what the raw check of one endpoint brought, and why; whatever the director's role.

    request: its standby and on_cannot_judge are overridden: the raw path is what is explained.
    sockets_open: called once all sockets are open and no frame was read. UsageError: more than one endpoint.
    """
    if len(request.endpoints) != 1:
        raise UsageError("one VIP at a time can be explained")
    request.standby = STANDBY_RAW
    request.on_cannot_judge = DOWN
    inquiry = _Inquiry(request)
    result = run_request(request, Hooks(sockets_open, inquiry.wrap, inquiry.probe))
    return inquiry.conclude(result)


class _Inquiry:
    """What one explanation gathers on its way."""

    def __init__(self, request: Request) -> None:
        self.recording = Recording()
        self._request = request
        self._endpoint: Endpoint = request.endpoints[0]
        self._path: Path | None = None
        self._real_mac: bytes | None = None
        self._probes: list[Probe] = []
        self._probing_from: int | None = None

    def wrap(self, link: Link, path: Path) -> Link:
        """Record what passes this link."""
        self._path = path
        return self.recording.wrap(link)

    def probe(self, link: Link, path: Path, real_mac: bytes | None, results: list[Result]) -> None:
        """Ask further, the verdict being given and the link still open."""
        self._real_mac = real_mac
        self._probing_from = len(self.recording.frames)
        healthy = results[0].healthy
        self._probes = probe_wire(link, path, self._endpoint, self._request.real_ip, real_mac, healthy)

    def conclude(self, result: Result) -> Explanation:
        """Return all of it, with the cause."""
        place = self._place(result)
        if place == Place.LOCAL and not result.healthy:
            self._probes = [probe_own_listener(self._request.real_ip, self._endpoint.port)]
        answers = {probe.name: probe.answer for probe in self._probes}
        syn_error = error_about_syn(self.recording.frames, self._endpoint)
        seen = Observations(place, result.verdict.reason, **answers, syn_error=syn_error)
        probing_from = len(self.recording.frames) if self._probing_from is None else self._probing_from
        cause = signatures.find_cause(seen)
        sentence, fix = explain_cause(cause, self._scene(result, cause))
        explanation = Explanation(
            result, self.recording, seen, self._probes, probing_from, cause, sentence, fix, self._path
        )
        explanation.warnings += self._warnings(result, seen)
        return explanation

    def _place(self, result: Result) -> Place:
        if self._path is not None:
            return Place.WIRE
        # Without a path no frame was sent: this host judged itself, or there was nothing to judge.
        return Place.LOCAL if result.verdict.reason in _JUDGED_LOCALLY else Place.NOWHERE

    def _scene(self, result: Result, cause: str) -> Scene:
        return Scene(
            self._request.real_ip,
            self._endpoint.vip,
            self._endpoint.port,
            self._path.interface.name if self._path is not None else self._request.interface,
            format_mac(self._real_mac) if self._real_mac is not None else None,
            self._what_was_seen(result) if cause == signatures.UNCLEAR else result.verdict.detail,
        )

    def _what_was_seen(self, result: Result) -> str:
        answers = [f"{probe.question}: {probe.answer.value}" for probe in self._probes]
        return "; ".join([f"TCP to the VIP: {result.verdict.reason}", *answers])

    def _warnings(self, result: Result, seen: Observations) -> list[str]:
        warnings = list(result.notes)
        if result.role == BACKUP:
            warnings.append(
                "this director is a backup: `check` makes the standard check of "
                f"{format_address(self._request.real_ip)} here; what is explained is the raw path"
            )
        if seen.vip_neighbour == Answer.REPLY:
            sentence, fix = explain_cause(signatures.ARP_LEAK, self._scene(result, signatures.ARP_LEAK))
            warnings.append(f"{signatures.ARP_LEAK}: {sentence} {'; '.join(fix)}")
        return warnings


def error_about_syn(frames: list[RecordedFrame], endpoint: Endpoint) -> Answer:
    """Return in whose name an ICMP error about a segment to the endpoint came in; NOT_ASKED: there was none."""
    for frame in frames:
        if frame.direction != RECEIVED:
            continue
        try:
            ethernet = parse_ethernet(frame.octets)
            packet = parse_packet(ethernet.payload)
            error = read_error(ethernet.payload, packet) if packet.protocol in _ICMP else None
        except WireError:
            continue  # ARP, or broken
        if error is None or error.flow.protocol != PROTO_TCP:
            continue
        if (error.flow.destination, error.flow.destination_port) == (endpoint.vip, endpoint.port):
            return name_of_error(packet.source, endpoint.vip)
    return Answer.NOT_ASKED
