# SPDX-License-Identifier: GPL-2.0-or-later
"""The raw checks of all targets, side by side and at a pace: what came of each, and by which way it went."""

from __future__ import annotations

import select
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, Conversation, Exchange, Reason, Result, Verdict
from lvs_rawcheck.checks.course import SILENCE, Course
from lvs_rawcheck.checks.path import judge_again
from lvs_rawcheck.checks.runner import fault_of_ours
from lvs_rawcheck.checks.steps import make_talks
from lvs_rawcheck.diagnose.audit.loop import Pace
from lvs_rawcheck.diagnose.audit.model import Target
from lvs_rawcheck.diagnose.audit.segment import Segment
from lvs_rawcheck.diagnose.telling import TellingExchange
from lvs_rawcheck.diagnose.transcript import Describe, Transcript
from lvs_rawcheck.errors import LinkError, NoFreePort
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.ip import PROTO_TCP

LATE_SECONDS = 0.25  # the loop comes round every 0.1 s at the latest: more, and it is this host that was slow
AT_ONE_SERVER = 32  # checks of one real server at a time: to a silent one, as many SYNs in 0.2 s
_NOT_ASKED = "not asked"


@dataclass(slots=True)
class Outcome:
    """What came of a target. segment: the way its frames went; None: no frame was sent."""

    target: Target
    result: Result
    segment: Segment | None = None
    asked: bool = False
    """Whether it came to a verdict, or at least to the reason why there is none."""
    passed_over: bool = False
    """Something came where an answer was awaited, and was none."""
    protocol: int = PROTO_TCP
    """What carried the check: an IP protocol number."""
    facts: dict[str, object] = field(default_factory=dict)
    """What the last conversation has to say besides."""
    still_before: float = 0.0
    """For how long this host had stood still when its check began, in all; seconds."""
    again: bool = False
    """Whether it was asked once more, since this host was too slow to hear the first answer."""

    @property
    def reason(self) -> str:
        """Return the check's reason."""
        return self.result.verdict.reason

    def give_up(self, sentence: str) -> None:
        """Note that the fault is ours."""
        self.result.verdict = Verdict(Reason.CANNOT_JUDGE, sentence)
        self.asked = True


def new_outcome(target: Target) -> Outcome:
    """Return the outcome of a target that was not asked yet."""
    return Outcome(target, _new_result(target))


def _new_result(target: Target) -> Result:
    request = target.request
    verdict = Verdict(Reason.CANNOT_JUDGE, _NOT_ASKED)
    result = Result(request.kind, request.real_ip, request.endpoints[0], verdict)
    result.path = RAW
    return result


class Probing:
    """Part of an audit (loop.Part): the checks of all outcomes that have a segment.

    rate: checks begun a second, > 0. progress: told how many are over.
    """

    def __init__(self, outcomes: Sequence[Outcome], rate: float, progress: Callable[[int], None]) -> None:
        self._queue = deque(_taking_turns(outcomes))
        self._segments = list({id(each.segment): each.segment for each in outcomes if each.segment}.values())
        self._by_descriptor = {segment.link.fileno(): segment for segment in self._segments}
        self._pace = Pace(rate)
        self._progress = progress
        self._under_way: dict[int, Outcome] = {}
        self._of_server: Counter[bytes] = Counter()
        self._over = 0
        self._worked_at: float | None = None
        self._still_seconds = 0.0
        """For how long this host did nothing when there was something to do, in all."""

    def begin(self, epoll: select.epoll) -> None:
        """Register the links."""
        for descriptor in self._by_descriptor:
            epoll.register(descriptor, select.EPOLLIN)

    def ready(self, descriptor: int) -> None:
        """Take in frames."""
        segment = self._by_descriptor.get(descriptor)
        if segment is not None:
            self._work(segment)

    def work(self, now: float) -> float | None:
        """Do what is due, begin what may begin."""
        self._look_at_clock(now)
        for segment in list(self._segments):
            timer = segment.driver.next_timer()
            if timer is not None and timer <= now:
                self._work(segment)
        waits_for_room = not self._begin_due(now)
        if not self._queue and not self._under_way:
            return None
        timers = [timer for segment in self._segments if (timer := segment.driver.next_timer()) is not None]
        if self._queue and not waits_for_room:
            timers.append(self._pace.next_at)
        return min(timers, default=now)

    def _look_at_clock(self, now: float) -> None:
        """Note it where this host did nothing for too long: what was not heard meanwhile is no server's silence."""
        if self._worked_at is not None and now - self._worked_at > LATE_SECONDS:
            self._still_seconds += now - self._worked_at
        self._worked_at = now

    def _was_too_slow(self, outcome: Outcome) -> bool:
        """Return whether a silence may be ours: no ear for half of its time, or frames that are still unread."""
        assert outcome.segment is not None
        still = self._still_seconds - outcome.still_before
        return outcome.segment.driver.behind or still > outcome.target.request.timeout / 2

    def _work(self, segment: Segment) -> None:
        if segment not in self._segments:
            return
        try:
            segment.driver.work()
        except LinkError as error:
            self._lose(segment, error)

    def _begin_due(self, now: float) -> bool:
        """Begin as many as may; return whether what is left waits for its time only, not for others to end."""
        may = min(self._pace.due(now), len(self._queue))
        looked_at = 0
        while may > 0 and looked_at < len(self._queue):
            outcome = self._queue.popleft()
            if self._of_server[outcome.target.request.real_ip] >= AT_ONE_SERVER or not self._start(outcome):
                self._queue.append(outcome)
                looked_at += 1
                continue
            may -= 1
            self._pace.took(1)
        return may == 0

    def _start(self, outcome: Outcome) -> bool:
        """Begin one; return False where no port is free for it yet."""
        segment, request = outcome.segment, outcome.target.request
        assert segment is not None
        self._under_way[id(outcome)] = outcome
        self._of_server[request.real_ip] += 1
        now = clock.now()
        outcome.still_before = self._still_seconds
        try:
            talks = self._talks(outcome)
            course = Course(
                outcome.result,
                talks,
                request.clean_close,
                now,
                now + request.timeout,
                lambda _: self._finished(outcome),
            )
            course.begin(segment.driver, segment.steering(request.real_ip), segment.reply_mac(request))
        except NoFreePort:
            del self._under_way[id(outcome)]
            self._of_server[request.real_ip] -= 1
            return False
        except Exception as error:  # a fault of ours is told with its cell, and ends no other
            outcome.give_up(str(fault_of_ours(error)))
            self._finished(outcome)
        return True

    def _talks(self, outcome: Outcome) -> list[Conversation | Exchange]:
        talks = make_talks(outcome.target.request.steps, outcome.result.endpoint)
        first = talks[0]
        outcome.protocol = first.protocol if isinstance(first, Exchange) else PROTO_TCP

        def pass_over() -> None:
            outcome.passed_over = True

        return [
            TellingExchange(talk, _Deaf(), _nothing, pass_over) if isinstance(talk, Exchange) else talk
            for talk in talks
        ]

    def _finished(self, outcome: Outcome) -> None:
        if self._under_way.pop(id(outcome), None) is None:
            return
        self._of_server[outcome.target.request.real_ip] -= 1
        self._look_at_clock(clock.now())
        if outcome.reason in SILENCE and not outcome.again and self._was_too_slow(outcome):
            outcome.again, outcome.result = True, _new_result(outcome.target)
            self._queue.append(outcome)
            return
        outcome.asked = True
        if outcome.result.facts is not None:
            outcome.facts = outcome.result.facts()
            outcome.result.facts = None  # or all that was said would be kept
        self._over += 1
        self._progress(self._over)

    def _lose(self, segment: Segment, error: LinkError) -> None:
        """Give up a segment whose link has failed, and all that was to go by it."""
        segment.driver.abandon()
        self._segments.remove(segment)
        lost = [each for each in (*self._under_way.values(), *self._queue) if each.segment is segment]
        self._queue = deque(each for each in self._queue if each.segment is not segment)
        for outcome in lost:
            if outcome.reason == Reason.CANNOT_JUDGE:
                outcome.give_up(str(error))
            self._under_way[id(outcome)] = outcome
            self._of_server[outcome.target.request.real_ip] += 1
            self._finished(outcome)


class _Deaf(Transcript):
    """Keeps nothing: of thousands of exchanges nobody reads what was said."""

    def tell(self, direction: str, octets: bytes, describe: Describe, apart: bool = False) -> None:
        """Let it pass."""

    def note(self, text: str) -> None:
        """Let it pass."""


def _nothing() -> None:
    return None


def _taking_turns(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return what has a segment, in an order in which each server has its turn before any has its second one."""
    seen: Counter[bytes] = Counter()
    turns: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.segment is not None:
            real_ip = outcome.target.request.real_ip
            turns.setdefault(seen[real_ip], []).append(outcome)
            seen[real_ip] += 1
    return [outcome for number in sorted(turns) for outcome in turns[number]]


def judge_silence(netlink: Netlink, outcomes: Sequence[Outcome]) -> None:
    """Give up what was not answered by way of an interface of ours that was lost meanwhile."""
    judged: dict[int, str] = {}
    for outcome in outcomes:
        segment = outcome.segment
        if segment is None or not outcome.asked or outcome.reason not in SILENCE:
            continue
        if id(segment) not in judged:
            try:
                judge_again(netlink, segment.path)
            except LinkError as error:
                judged[id(segment)] = str(error)
            else:
                judged[id(segment)] = ""
        if judged[id(segment)]:
            outcome.give_up(judged[id(segment)])
