# SPDX-License-Identifier: GPL-2.0-or-later
"""One endpoint's steps on the wire, each begun when the one before it has passed."""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Exchange, Reason, Verdict
from lvs_rawcheck.checks.steps import deadline_of_step, note_phases, note_step, protocols_of
from lvs_rawcheck.errors import NoFreePort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.checks.base import Conversation, Result
    from lvs_rawcheck.checks.driver import Driver
    from lvs_rawcheck.checks.reply_mac import ReplyMac
    from lvs_rawcheck.checks.steered import SteeredFlow
    from lvs_rawcheck.checks.steering import Steering

SILENCE = (Reason.NO_NEIGHBOUR, Reason.NO_ANSWER, Reason.TIMEOUT)


class Course:
    """Fills in a result. talks: of each step; started, deadline: monotonic seconds; finished: called once, at its end.

    It has the driver start one flow after the other. LinkError from `begin`: the first one cannot begin. Where the link
    fails later, that comes out of the driver, and `finished` is not called.
    """

    __slots__ = (
        "_clean_close",
        "_deadline",
        "_driver",
        "_finished",
        "_number",
        "_reply_mac",
        "_started",
        "_steering",
        "_talks",
        "in_silence",
        "result",
    )

    def __init__(
        self,
        result: Result,
        talks: Sequence[Conversation | Exchange],
        clean_close: bool,
        started: float,
        deadline: float,
        finished: Callable[[Course], None],
    ) -> None:
        self.result = result
        self.in_silence = False
        """Whether its verdict comes from nothing having been heard."""
        self._talks = talks
        self._clean_close = clean_close
        self._started = started
        self._deadline = deadline
        self._finished = finished
        self._number = 0
        self._driver: Driver | None = None
        self._steering: Steering | None = None
        self._reply_mac: ReplyMac | None = None

    @property
    def protocols(self) -> list[int]:
        """Return the IP protocol of each flow that it may need, companions included."""
        return [protocol for talk in self._talks for protocol in protocols_of(talk)]

    def begin(self, driver: Driver, steering: Steering, reply_mac: ReplyMac) -> None:
        """Start the first step's flow."""
        self._driver, self._steering, self._reply_mac = driver, steering, reply_mac
        self._next()

    def _next(self) -> None:
        driver, steering, reply_mac, endpoint = self._driver, self._steering, self._reply_mac, self.result.endpoint
        assert driver is not None
        assert steering is not None
        assert reply_mac is not None
        assert endpoint is not None
        talk = self._talks[self._number]
        if isinstance(talk, Exchange):
            deadline = deadline_of_step(talk, len(self._talks) - self._number, clock.now(), self._deadline)
            driver.start_exchange(endpoint, steering, talk, reply_mac, deadline, self._done)
            return
        flow = driver.start(endpoint, steering, talk, reply_mac, self._deadline, self._done)
        if self._clean_close:
            flow.close_cleanly()

    def _done(self, flow: SteeredFlow) -> None:
        verdict = flow.verdict
        assert verdict is not None  # a flow that has finished has one
        healthy = verdict.healthy
        self.in_silence = not flow.was_answered if healthy else verdict.reason in SILENCE
        self._note(flow, verdict)
        if healthy and self._number < len(self._talks):
            try:
                self._next()
            except NoFreePort as error:
                self.result.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))
                self._finished(self)
        else:
            self._finished(self)

    def _note(self, flow: SteeredFlow, verdict: Verdict) -> None:
        result, number, started = self.result, self._number, self._started
        note_step(result, number, len(self._talks), verdict)
        result.elapsed_ms = (clock.now() - started) * 1000
        steered_at, connected_at = flow.steered_at, flow.connected_at
        if steered_at is not None:
            result.phases_ms.setdefault("resolve", (steered_at - started) * 1000)
            if connected_at is not None:
                result.phases_ms["connect"] = (connected_at - steered_at) * 1000
        note_phases(result, self._talks[number], connected_at or steered_at, flow.phases)
        self._number = number + 1
