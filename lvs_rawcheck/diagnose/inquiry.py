# SPDX-License-Identifier: GPL-2.0-or-later
"""One check made and then inquired into: the raw path run, further probes, the cause."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from copy import copy

from lvs_rawcheck.checks.base import Endpoint, Reason, Result
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.request import DOWN, STANDBY_RAW, Request
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.again import AGAIN_SECONDS, AgainProbe
from lvs_rawcheck.diagnose.diagnosis import Diagnosis, diagnose
from lvs_rawcheck.diagnose.error_heard import error_heard
from lvs_rawcheck.diagnose.explanation import Explanation, Inquest
from lvs_rawcheck.diagnose.listener import Listener, listen_on
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.diagnose.own_address import (
    OWN_CONNECT_SECONDS,
    OwnCheck,
    own_check_seconds,
    probe_own_connection,
    probe_own_listener,
)
from lvs_rawcheck.diagnose.probe import ANNOUNCED, OTHERS, OWN_NEIGHBOUR, Probe
from lvs_rawcheck.diagnose.probes import AFTERWARDS_SECONDS, WIRE_SECONDS, WireProbes
from lvs_rawcheck.diagnose.recording import Recording
from lvs_rawcheck.diagnose.scene import Scene
from lvs_rawcheck.diagnose.telling import Overheard
from lvs_rawcheck.diagnose.transcript import Transcript
from lvs_rawcheck.director.role import BACKUP
from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.wire.address import format_address, format_endpoint, format_mac
from lvs_rawcheck.wire.ip import PROTO_TCP

_UNJUDGED = (Reason.CANNOT_JUDGE, Reason.NOT_ON_LINK)


def explain(
    request: Request,
    sockets_open: Callable[[], None] | None = None,
    progress: Callable[[Inquest], None] | None = None,
) -> Explanation:
    """Return what the raw check of one endpoint brought, and why; whatever the director's role.

    request: its standby and on_cannot_judge are overruled: the raw path is what is explained.
    sockets_open: called once all sockets are open and no frame was read. progress: called whenever more is known, with
    each frame and each word; it must not make the check wait. UsageError: more than one endpoint.
    """
    if len(request.endpoints) != 1:
        raise UsageError("one VIP at a time can be explained")
    inquiry = _Inquiry(request, progress or _tell_nobody)
    result = run_request(inquiry.told_request(), Hooks(sockets_open, inquiry.wrap, inquiry.probe))
    return inquiry.conclude(result)


def longest_seconds(request: Request) -> float:
    """Return how long an explanation may take: the check, then its probes."""
    return (
        request.timeout
        + WIRE_SECONDS
        + AFTERWARDS_SECONDS
        + max(AGAIN_SECONDS, OWN_CONNECT_SECONDS, own_check_seconds(request))
    )


class _Inquiry:
    """What one explanation gathers on its way."""

    def __init__(self, request: Request, progress: Callable[[Inquest], None]) -> None:
        self._progress = progress
        self._recording = Recording(self._tell)
        self._transcript = Transcript(self._tell)
        self._inquest = Inquest(kind=request.kind, transcript=self._transcript, recording=self._recording)
        self._overheard = Overheard(request.steps, self._transcript, self._peer)
        self._request = request
        self._endpoint: Endpoint = request.endpoints[0]
        self._real_mac: bytes | None = None
        self._own_check: OwnCheck | None = None
        self._listener: Listener | None = None
        self._again: AgainProbe | None = None
        self._probes = self._inquest.probes

    def told_request(self) -> Request:
        """Return the request that is to be run: the raw path, told as it is gone."""
        told = copy(self._request)
        told.standby = STANDBY_RAW
        told.on_cannot_judge = DOWN
        told.steps = self._overheard.steps
        return told

    def _peer(self) -> str:
        """Return whom the check speaks to: without a path, this host's own address."""
        address = self._endpoint.vip if self._inquest.path is not None else self._request.real_ip
        if self._overheard.protocol not in signatures.PROTOCOLS_WITH_PORTS:
            return format_address(address)
        return format_endpoint(address, self._endpoint.port)

    def wrap(self, link: Link, path: Path) -> Link:
        """Record what passes this link; what a probe needs privileges for is opened while we have them."""
        self._inquest.path = path
        with suppress(LinkError):  # without it all else can still be told
            self._listener = listen_on(path.interface, [self._endpoint.vip])
            if self._overheard.protocol == PROTO_TCP:
                self._again = AgainProbe(self._request, self._endpoint, path)
        if self._overheard.protocol != PROTO_TCP:
            self._own_check = OwnCheck(self._request, self._endpoint, path.director_ip)
        self._tell()
        return self._recording.wrap(link)

    def probe(self, link: Link, path: Path, real_mac: bytes | None, results: list[Result]) -> None:
        """Ask further, the verdict being given and the link still open."""
        self._real_mac = real_mac
        result = results[0]
        self._inquest.probing_from = len(self._recording.frames)
        self._note_verdict(result)
        wire = WireProbes(link, path, self._endpoint, self._request.real_ip, real_mac)
        self._answered(*wire.ask())
        if not result.healthy and self._kernel_reaches_it(result):
            self._answered(self._probe_own_address(path, result.verdict.reason in signatures.ANSWERED))
        elif result.healthy and self._again is not None:
            self._answered(self._probe_again(self._again))
        self._answered(self._announced(wire.server_macs))

    def _answered(self, *probes: Probe) -> None:
        self._probes += probes
        self._tell()

    def _tell(self) -> None:
        self._progress(self._inquest)

    def _kernel_reaches_it(self, result: Result) -> bool:
        """Return whether the kernel's packets may: not by an entry that is wrong, nor where nobody answers for it."""
        holders = {probe.answer for probe in self._probes if probe.name == OWN_NEIGHBOUR}
        nobody = result.verdict.reason == Reason.NO_NEIGHBOUR and Answer.SILENCE in holders
        return Answer.OTHER_MAC not in holders and not nobody

    def _probe_again(self, again: AgainProbe) -> Probe:
        """Return whether what passed once passes every time; the frames are kept only where they prove something."""
        probe = again.probe()
        if probe.answer != Answer.PASSED:
            self._recording.frames += again.frames
        return probe

    def _announced(self, server_macs: Collection[bytes]) -> Probe:
        """Return whether the real server was heard to speak in the VIP's name all the while."""
        text = f"{format_address(self._request.real_ip)} heard speaking as {format_address(self._endpoint.vip)}"
        if self._listener is None or not server_macs:
            return Probe(ANNOUNCED, text, Answer.NOT_ASKED)
        words = [told.words for told in self._listener.heard() if told.mac in server_macs]
        return Probe(ANNOUNCED, text, Answer.REPLY if words else Answer.SILENCE, "; ".join(words))

    def _probe_own_address(self, path: Path, answered: bool) -> Probe:
        if not answered and self._overheard.protocol == PROTO_TCP:
            return probe_own_connection(self._request, self._endpoint, path.director_ip)
        if self._own_check is None:
            self._own_check = OwnCheck(self._request, self._endpoint, path.director_ip)
        return self._own_check.probe(own_check_seconds(self._request))

    def _note_verdict(self, result: Result) -> None:
        self._transcript.note_verdict(f"{result.verdict.reason}: {result.verdict.detail}")
        self._inquest.result = result
        self._tell()

    def conclude(self, result: Result) -> Explanation:
        """Return all of it, with the cause."""
        for opened in (self._own_check, self._listener, self._again):
            if opened is not None:
                opened.close()
        place = self._place(result)
        if self._inquest.result is None:
            self._note_verdict(result)
        if place in (Place.LOCAL, Place.OWN_ADDRESS) and not result.healthy:
            protocol = self._overheard.protocol
            self._probes[:] = [probe_own_listener(self._request.real_ip, self._endpoint.port, protocol)]
        answers = {probe.name: probe.answer for probe in self._probes}
        protocol = self._overheard.protocol
        error = error_heard(self._recording.frames, protocol, self._endpoint)
        passed_over = self._overheard.passed_over
        seen = Observations(
            place, result.verdict.reason, **answers, error=error, passed_over=passed_over, protocol=protocol
        )
        diagnosis = diagnose(seen, self._scene(result, seen))
        explanation = Explanation(
            kind=self._request.kind,
            transcript=self._transcript,
            recording=self._recording,
            path=self._inquest.path,
            result=result,
            probing_from=self._inquest.probing_from,
            probes=self._probes,
            observations=seen,
            diagnosis=diagnosis,
        )
        explanation.warnings += self._warnings(result, diagnosis)
        return explanation

    def _place(self, result: Result) -> Place:
        if self._inquest.path is not None:
            return Place.WIRE
        # Without a path no frame was sent: this host judged itself, or there was nothing to judge.
        if result.verdict.reason in _UNJUDGED:
            return Place.NOWHERE
        return Place.OWN_ADDRESS if self._asked_own_address(result) else Place.LOCAL

    def _asked_own_address(self, result: Result) -> bool:
        """Return whether this host, the real server itself, was found to serve the VIP, and was asked further."""
        if result.kind == TcpConversation.kind or result.verdict.reason != Reason.REFUSED:
            return self._overheard.began
        # Refused because nothing listens on the VIP, or by its own address, since something does.
        vip_probe = probe_own_listener(self._endpoint.vip, self._endpoint.port, self._overheard.protocol)
        return vip_probe.answer == Answer.CONNECTED

    def _scene(self, result: Result, seen: Observations) -> Scene:
        causes = signatures.find_causes(seen)
        return Scene(
            self._request.real_ip,
            self._endpoint.vip,
            self._endpoint.port,
            self._inquest.path.interface.name if self._inquest.path is not None else self._request.interface,
            format_mac(self._real_mac) if self._real_mac is not None else None,
            self._what_was_seen(result) if signatures.UNCLEAR in causes else result.verdict.detail,
            self._overheard.protocol,
            next((probe.detail for probe in self._probes if probe.name == OTHERS), ""),
        )

    def _what_was_seen(self, result: Result) -> str:
        answers = [f"{probe.question}: {probe.answer.value}" for probe in self._probes]
        return "; ".join([f"{result.kind} to the VIP: {result.verdict.reason}", *answers])

    def _warnings(self, result: Result, diagnosis: Diagnosis) -> list[str]:
        warnings = list(result.notes)
        if result.role == BACKUP:
            warnings.append(
                "this director is a backup: `check` makes the standard check of "
                f"{format_address(self._request.real_ip)} here; what is explained is the raw path"
            )
        beside = [diagnosis, *diagnosis.seconds] if result.healthy and not diagnosis.healthy else diagnosis.seconds
        for told in beside:
            warnings.append(f"{told.cause}: {told.sentence} {'; '.join(str(fix) for fix in told.fixes)}")
        return warnings


def _tell_nobody(inquest: Inquest) -> None:
    """Nobody waits for it."""
