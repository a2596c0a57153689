# SPDX-License-Identifier: GPL-2.0-or-later
"""The services at the real servers' own addresses, asked by the kernel's sockets, many at a time.

What one explanation asks (diagnose/own_address.py): where the VIP did not answer, a connection, or the same datagrams;
where it answered and did not pass, the whole check. What only root may open is not asked: root is given up by then.
"""

from __future__ import annotations

import select
from collections import deque
from copy import copy
from math import inf

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.standard_course import StandardCourse
from lvs_rawcheck.checks.standard_socket import StandardSocket
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose.own_address import OWN_CONNECT_SECONDS, own_check_seconds, own_probe
from lvs_rawcheck.diagnose.probe import Probe
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.address import format_endpoint

_AT_ONCE = 256


class OwnSide:
    """One service at one address, asked once."""

    def __init__(self, request: Request, endpoint: Endpoint, director_ip: bytes, connects: bool) -> None:
        self._request = request
        self._endpoint = endpoint
        self._director_ip = director_ip
        self._connects = connects
        self._result = Result(request.kind, request.real_ip, endpoint, Verdict(Reason.CANNOT_JUDGE, "not asked"))
        self.course: StandardCourse | None = None
        self.waited_for: StandardSocket | None = None
        """Whose descriptor is registered."""
        self.descriptor = -1

    def begin(self, now: float) -> None:
        """Open it, and say the first word."""
        seconds = OWN_CONNECT_SECONDS if self._connects else own_check_seconds(self._request)
        try:
            self.course = StandardCourse(self._request, self._endpoint, self._endpoint.port, self._director_ip)
            self.course.begin(self._result, now, now + seconds, now)
        except LinkError as error:
            self._fail(error)

    def go_on(self, now: float, ready: bool) -> None:
        """Do what the socket is ready for, or what is due."""
        if self.course is None:
            return
        try:
            if ready:
                self.course.ready(now)
            else:
                self.course.handle_timer(now)
        except LinkError as error:
            self._fail(error)

    def _fail(self, error: LinkError) -> None:
        self._result.verdict = Verdict(Reason.CANNOT_JUDGE, str(error))
        self.close()

    def close(self) -> None:
        """Close what is open."""
        if self.course is not None:
            self.course.close()
            self.course = None

    @property
    def probe(self) -> Probe:
        """Return what came of it."""
        where = format_endpoint(self._request.real_ip, self._endpoint.port)
        return own_probe(where, self._result.verdict, connected=self._connects)


class OwnSides:
    """Part of an audit (loop.Part): all of them."""

    def __init__(self) -> None:
        self._known: dict[object, OwnSide] = {}
        self._queue: deque[OwnSide] = deque()
        self._under_way: dict[int, OwnSide] = {}
        self._epoll: select.epoll | None = None

    def connection(self, request: Request, endpoint: Endpoint, director_ip: bytes) -> OwnSide:
        """Return whether something takes connections there."""
        connecting = copy(request)
        connecting.steps = (TcpConversation,)
        return self._once(("tcp", request.real_ip, endpoint.port), connecting, endpoint, director_ip, connects=True)

    def check(self, request: Request, endpoint: Endpoint, director_ip: bytes) -> OwnSide:
        """Return the whole check there. Each endpoint is asked for by itself: a Host header may name it."""
        key = (id(request), request.real_ip, endpoint.port)
        return self._once(key, request, endpoint, director_ip, connects=False)

    def _once(self, key: object, request: Request, endpoint: Endpoint, director_ip: bytes, connects: bool) -> OwnSide:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = OwnSide(request, endpoint, director_ip, connects)
            self._queue.append(found)
        return found

    def close(self) -> None:
        """Close what is still open."""
        for side in self._known.values():
            side.close()

    # The part ------------------------------------------------------------------------------------------

    def begin(self, epoll: select.epoll) -> None:
        """Remember where to register."""
        self._epoll = epoll

    def ready(self, descriptor: int) -> None:
        """Go on with the one that has the descriptor."""
        side = self._under_way.get(descriptor)
        if side is not None:
            side.go_on(clock.now(), ready=True)
            self._look_after(side)

    def work(self, now: float) -> float | None:
        """Begin what may begin, and do what is due."""
        while self._queue and len(self._under_way) < _AT_ONCE:
            side = self._queue.popleft()
            side.begin(now)
            self._look_after(side)
        wakes_at = inf
        for side in list(self._under_way.values()):
            waiting = side.course.socket if side.course is not None else None
            if waiting is not None and waiting.next_timer() <= now:
                side.go_on(now, ready=False)
                self._look_after(side)
                waiting = side.course.socket if side.course is not None else None
            if waiting is not None:
                wakes_at = min(wakes_at, waiting.next_timer())
        if self._queue and len(self._under_way) < _AT_ONCE:
            return now
        return None if wakes_at == inf and not self._queue else wakes_at

    def _look_after(self, side: OwnSide) -> None:
        """Wait for what it waits for; end it where that is nothing."""
        assert self._epoll is not None
        waiting = side.course.socket if side.course is not None else None
        if side.waited_for is not None and side.waited_for is not waiting:
            del self._under_way[side.descriptor]  # its socket is closed, and so no longer registered
            side.waited_for = None
        if waiting is None:
            side.close()
        elif side.waited_for is None:
            side.waited_for, side.descriptor = waiting, waiting.fileno()
            self._epoll.register(side.descriptor, waiting.wanted)
            self._under_way[side.descriptor] = side
        else:
            self._epoll.modify(side.descriptor, waiting.wanted)
