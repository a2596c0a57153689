# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole audit: all targets checked at a pace, what failed inquired into, causes told once for each fault.

    audit = run_audit(wanted, Settings(rate=1000.0), sockets_open=drop_root)

What has to do with the wire goes on in one thread and one loop; this host itself, where it is a real server, is asked
one target after the other. Whatever ends it early leaves cells unasked, and each reason is a gap.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.diagnose.audit.asking import Asking
from lvs_rawcheck.diagnose.audit.grouping import findings_of
from lvs_rawcheck.diagnose.audit.inquiries import Inquiries
from lvs_rawcheck.diagnose.audit.judging import Judge, Judged, ThisHost
from lvs_rawcheck.diagnose.audit.loop import run_together
from lvs_rawcheck.diagnose.audit.model import Audit, Cell
from lvs_rawcheck.diagnose.audit.own_sides import OwnSides
from lvs_rawcheck.diagnose.audit.probing import AT_ONE_SERVER, Outcome, Probing, judge_silence, new_outcome
from lvs_rawcheck.diagnose.audit.wanted import Wanted
from lvs_rawcheck.diagnose.audit.ways import Ways, open_ways
from lvs_rawcheck.diagnose.finding import ERROR
from lvs_rawcheck.diagnose.inquiry import explain
from lvs_rawcheck.errors import LinkError, RawCheckError
from lvs_rawcheck.link.rtnetlink import Netlink

RATE_DEFAULT = 1000.0  # checks a second
_WAIT_MORE = 30.0  # seconds beyond what a quiet site takes, before the rest is left unasked
_INQUIRY_SECONDS = 20.0  # beyond what their pace takes, for all that is asked after the checks
_REASONS_TOLD = 5
_KERNEL_SECONDS = 2.0  # for each answer of the kernel's

Progress = Callable[[int, int], None]
"""Told how many of how many checks are over."""


def _never() -> bool:
    return False


def _untold(over: int, of: int) -> None:
    return None


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Settings:
    """How it goes on. rate: checks begun a second. stopped: whether somebody wants it to end now."""

    rate: float = RATE_DEFAULT
    progress: Progress = _untold
    stopped: Callable[[], bool] = _never


def run_audit(wanted: Wanted, settings: Settings, sockets_open: Callable[[], None] = _nothing) -> Audit:
    """Return what came of all targets. sockets_open: called once all sockets are open and no frame was read.

    LinkError: nothing at all could be asked, since no socket is to be had.
    """
    wanted.finish()
    began = clock.now()
    audit = Audit("; ".join(wanted.sources), gaps=list(wanted.gaps), notes=list(wanted.notes))
    audit.director, audit.began = os.uname().nodename, clock.wall_now()
    outcomes = [new_outcome(target) for target in wanted.targets]
    with Netlink() as netlink:
        ways = open_ways(outcomes, netlink)
        try:
            sockets_open()
            judged = _Run(settings, netlink, ways, outcomes, audit).run()
        finally:
            ways.close()
    audit.cells = [each.cell for each in judged]
    audit.findings = sorted([*wanted.findings, *findings_of(judged)], key=lambda finding: finding.severity != ERROR)
    audit.seconds = clock.now() - began
    return audit


class _Run:
    """One audit under way."""

    def __init__(self, settings: Settings, netlink: Netlink, ways: Ways, outcomes: list[Outcome], audit: Audit) -> None:
        self._settings = settings
        self._netlink = netlink
        self._ways = ways
        self._outcomes = outcomes
        self._audit = audit

    def run(self) -> list[Judged]:
        """Return all that was asked, judged, in the order of the targets."""
        self._check()
        inquiries = self._inquire()
        try:
            judge = Judge(inquiries, self._this_host(), self._outcomes)
            local = {id(outcome) for outcome in self._ways.local}
            judged = [
                self._explain(outcome) if id(outcome) in local else judge.judge(outcome)
                for outcome in self._outcomes
                if outcome.asked or (id(outcome) in local and not self._settings.stopped())
            ]
            left = sum(not outcome.asked for outcome in self._ways.local)
            if left:
                self._audit.gaps.append(f"{left} checks of this host itself were not made: it was interrupted")
        finally:
            inquiries.own_sides.close()
        self._tell_gaps(judged)
        return judged

    def _check(self) -> None:
        on_wire = [outcome for outcome in self._outcomes if outcome.segment is not None]
        slowest = max((outcome.target.request.timeout for outcome in on_wire), default=0.0)
        until = clock.now() + self._seconds(on_wire, slowest) + _WAIT_MORE
        total = len(on_wire)
        probing = Probing(on_wire, self._settings.rate, lambda over: self._settings.progress(over, total))
        over = run_together([probing], until, self._settings.stopped)
        judge_silence(self._netlink, on_wire)
        if not over:
            left = sum(not outcome.asked for outcome in on_wire)
            self._audit.gaps.append(f"{left} of {total} checks were not made, or not to their end: {self._why(until)}")

    def _seconds(self, on_wire: Sequence[Outcome], slowest: float) -> float:
        """Return how long the checks take: by their pace, or where one server is silent at all that is asked of it."""
        of_server = Counter(outcome.target.request.real_ip for outcome in on_wire)
        rounds = ceil(max(of_server.values(), default=0) / AT_ONE_SERVER)
        return len(on_wire) / self._settings.rate + rounds * slowest

    def _inquire(self) -> Inquiries:
        """Ask all that is asked after the checks."""
        askings = {id(segment): Asking(segment, self._settings.rate) for segment in self._ways.segments}
        inquiries = Inquiries(askings, OwnSides())
        if self._settings.stopped():
            self._audit.gaps.append("no further questions were asked, causes may be unclear: it was interrupted")
            return inquiries
        for outcome in self._outcomes:
            inquiries.ask_for(outcome)
        if self._ask(inquiries) and inquiries.ask_answerers(self._outcomes):
            self._ask(inquiries)
        for listener in self._ways.listeners:
            inquiries.announced |= {(told.vip, told.mac): told.words for told in listener.heard()}
        return inquiries

    def _ask(self, inquiries: Inquiries) -> bool:
        """Ask all that is put by now; return whether it came to its end."""
        askings = list(inquiries.askings.values())
        until = clock.now() + sum(asking.waiting for asking in askings) / self._settings.rate + _INQUIRY_SECONDS
        over = run_together([*askings, inquiries.own_sides], until, self._settings.stopped)
        if not over:
            self._audit.gaps.append(f"not all further questions were asked, causes may be unclear: {self._why(until)}")
        failed = dict.fromkeys(str(asking.failed) for asking in askings if asking.failed is not None)
        self._audit.gaps += [f"further questions could not be asked: {error}" for error in failed]
        return over

    def _why(self, until: float) -> str:
        return "it was interrupted" if self._settings.stopped() else "the time was over"

    def _this_host(self) -> ThisHost:
        vips = {outcome.target.request.endpoints[0].vip for outcome in self._outcomes}
        roles = roles_by_vip(vips, _KERNEL_SECONDS)
        held = set()
        for vip in vips:
            route = self._netlink.route(vip)
            # On lo a VIP is what a real server has, which a standby may be besides.
            if route is not None and route.kind == "local" and roles[vip] is not None:
                held.add(vip)
        return ThisHost(frozenset(held), frozenset(interface.mac for interface in self._netlink.interfaces()))

    def _explain(self, outcome: Outcome) -> Judged:
        """Ask this host itself, which is the real server."""
        try:
            told = explain(outcome.target.request)
        except RawCheckError as error:
            outcome.give_up(str(error))
            return Judge(Inquiries({}, OwnSides()), ThisHost(), ()).judge(outcome)
        outcome.result, outcome.asked = told.result, True
        evidence = [] if told.result.healthy else [told.result.verdict.detail]
        return Judged(Cell(outcome.target, told.result, told.cause, evidence), outcome, told.diagnosis)

    def _tell_gaps(self, judged: Sequence[Judged]) -> None:
        """Say which cells could not be judged, by the reason."""
        unjudged = [each.outcome.result.verdict.detail for each in judged if each.outcome.reason == Reason.CANNOT_JUDGE]
        for number, (reason, same) in enumerate(groupby(sorted(unjudged))):
            if number == _REASONS_TOLD:
                self._audit.gaps.append("further checks could not be judged for other reasons")
                break
            self._audit.gaps.append(f"{len(list(same))} checks could not be judged: {reason}")


def demand_targets(wanted: Wanted) -> None:
    """Raise LinkError where there is nothing to ask, and say why."""
    if wanted.targets:
        return
    why = "; ".join([*wanted.gaps, *wanted.notes][:_REASONS_TOLD]) or "it names no real server by direct routing"
    raise LinkError(f"nothing to ask: {'; '.join(wanted.sources)}: {why}")
