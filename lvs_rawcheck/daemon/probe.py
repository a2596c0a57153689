# SPDX-License-Identifier: GPL-2.0-or-later
"""The raw check of one real server, run again and again over a lane that it shares with others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason, Result, Verdict
from lvs_rawcheck.checks.course import Course
from lvs_rawcheck.checks.known_servers import ANSWER_SECONDS, KnownServers
from lvs_rawcheck.checks.raw import owner_of_mac
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.checks.request import MAC_KNOWN, Request
from lvs_rawcheck.checks.steps import make_talks
from lvs_rawcheck.daemon.lane import Lane
from lvs_rawcheck.link.rtnetlink import Netlink

_ASK_AGAIN = 60.0  # seconds after which the other servers are asked for anew, should a stranger answer
_UNASKED = Verdict(Reason.CANNOT_JUDGE, "not asked")
Done = Callable[[list[Result], bool], None]
"""Given the results of all endpoints, and whether one of them comes from nothing having been heard."""


class Probe:
    """One check on its lane. done: called once for each `start` that raised nothing."""

    def __init__(self, request: Request, lane: Lane, done: Done) -> None:
        self.lane = lane
        self._request = request
        self._done = done
        self._steering = lane.steering(request.real_ip)
        self._reply_mac = ReplyMac(
            request.reply_mac, owner_of_mac(lane.tables, lane.path, request.real_ip), self._settled
        )
        self._strangers = _Strangers(request, lane)
        self._left = 0
        self._results: list[Result] = []
        self._in_silence = False

    def start(self, now: float) -> None:
        """Begin one run, with its deadline counted from now; LinkError: it cannot be begun."""
        request = self._request
        deadline = now + request.timeout
        results: list[Result] = []
        self._results = results
        self._left = len(request.endpoints)
        self._in_silence = False
        finished = partial(self._finished, results)
        for endpoint in request.endpoints:
            result = Result(request.kind, request.real_ip, endpoint, _UNASKED)
            results.append(result)
            talks = make_talks(request.steps, endpoint)
            course = Course(result, talks, request.clean_close, now, deadline, finished)
            course.begin(self.lane.driver, self._steering, self._reply_mac)

    def _finished(self, results: list[Result], course: Course) -> None:
        if results is not self._results:
            return  # of a start that could begin with some endpoints, and not with all
        if course.in_silence:
            self._in_silence = True
        self._left -= 1
        if self._left == 0:
            self._done(self._results, self._in_silence)

    def _settled(self) -> bool:
        return self._request.reply_mac != MAC_KNOWN or self._strangers.settled()


class _Strangers:
    """Whether an unknown MAC may be taken for nobody's: the service's other servers were asked for not long ago."""

    __slots__ = ("_asked_at", "_known", "_lane", "_request")

    def __init__(self, request: Request, lane: Lane) -> None:
        self._request = request
        self._lane = lane
        self._known: KnownServers | None = None
        self._asked_at = 0.0

    def settled(self) -> bool:
        now = clock.now()
        if self._known is None or now - self._asked_at > _ASK_AGAIN:
            self._asked_at = now
            with Netlink(ANSWER_SECONDS) as netlink:
                self._known = KnownServers(self._lane.tables, netlink, self._lane.path, self._request)
                return self._known.settled()
        return self._known.settled()
