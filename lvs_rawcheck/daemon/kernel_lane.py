# SPDX-License-Identifier: GPL-2.0-or-later
"""Many checks at once over the kernel's own sockets: a standby director's, and those of one that serves itself.

Nothing here waits. A server that is silent keeps a descriptor until its deadline, and delays nobody: where descriptors
become scarce, those that were silent the last time leave a share of them to the others.

The lane has an epoll of its own, which is one descriptor to the loop's: a socket that is closed is forgotten by it
(epoll(7)), and no number of a descriptor has to be told from one that came before.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint, Result
from lvs_rawcheck.checks.course import SILENCE
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.daemon.errand import Errand, LocalErrand
from lvs_rawcheck.errors import LinkError

DESCRIPTORS_MOST = 400
_SHARE_OF_SILENT = 0.75  # of the descriptors
_STALE_MOST = 2  # times as many timers as checks under way: then those that are out of date are thrown away
_AT_ONCE = 0.0


class KernelLane:
    """Runs checks and tells each one's result, once, from within `work`. Whoever makes one closes it.

    poller: the loop's; it finds `fileno()` ready, and calls `work`, as it does when `next_timer` has come and after it
    has started checks. most: descriptors open at once; a check that has several steps that need privileges may
    go beyond it. What finds no room waits for it: its time begins when it has.
    """

    def __init__(self, poller: select.epoll, most: int = DESCRIPTORS_MOST) -> None:
        """Raise LinkError where no epoll is to be had."""
        self._poller = poller
        self._most = most
        self._most_of_silent = max(int(most * _SHARE_OF_SILENT), 1)
        self._taken = 0
        """Descriptors that checks under way may have open."""
        self._under_way: dict[int, Errand] = {}
        """By descriptor."""
        self._waiting: deque[Errand] = deque()
        self._waiting_silent: deque[Errand] = deque()
        """Those that were silent the last time."""
        self._silent: set[tuple[bytes, int]] = set()
        self._timers: list[tuple[float, int, Errand]] = []
        self._serial = 0
        try:
            self._epoll = select.epoll()
            poller.register(self._epoll.fileno(), select.EPOLLIN)
        except OSError as error:
            raise LinkError(f"no epoll: {error.strerror}") from error

    def __len__(self) -> int:
        """Return how many checks are under way, or wait."""
        return len(self._under_way) + len(self._waiting) + len(self._waiting_silent)

    def close(self) -> None:
        """End all checks, of which nobody is told; not from within `work`."""
        for errand in self._under_way.values():
            errand.close()
        self._under_way.clear()
        self._waiting.clear()
        self._waiting_silent.clear()
        self._timers.clear()
        if not self._epoll.closed:
            self._poller.unregister(self._epoll.fileno())
            self._epoll.close()

    def fileno(self) -> int:
        """Return the descriptor that is ready when there is work."""
        return self._epoll.fileno()

    def start(
        self,
        request: Request,
        endpoint: Endpoint | None,
        port: int,
        source: bytes | None,
        deadline: float,
        done: Callable[[Result], None],
    ) -> None:
        """Take in a standard check, as a StandardCourse makes it; deadline: monotonic seconds, if it began now."""
        self._take(Errand(request, endpoint, port, source, deadline - clock.now(), done))

    def start_local(
        self, request: Request, endpoint: Endpoint, deadline: float, done: Callable[[Result], None]
    ) -> None:
        """Take in the check of a director that is its own real server; its path is the raw one."""
        self._take(LocalErrand(request, endpoint, deadline - clock.now(), done))

    def next_timer(self) -> float | None:
        """Return when `work` wants to be called, monotonic seconds; None: not before something is ready."""
        if self._has_room():
            return _AT_ONCE
        timers = self._timers
        while timers and timers[0][0] != timers[0][2].due:
            heappop(timers)
        return timers[0][0] if timers else None

    def work(self, now: float) -> None:
        """Do what is ready, then what is due, then begin what has been waiting."""
        for descriptor, _ in self._epoll.poll(0):
            errand = self._under_way[descriptor]
            errand.ready(now)
            self._look_after(errand, now)
        timers = self._timers
        while timers and timers[0][0] <= now:
            due, _, errand = heappop(timers)
            if due == errand.due:
                errand.due = inf
                errand.handle_timer(now)
                self._look_after(errand, now)
        for _ in range(self._most):
            if not self._has_room():
                return
            self._begin_next()

    # Waiting for room ------------------------------------------------------------------------------------

    def _take(self, errand: Errand) -> None:
        waiting = self._waiting_silent if _key(errand) in self._silent else self._waiting
        waiting.append(errand)

    def _has_room(self) -> bool:
        """Return whether one that waits may begin."""
        if self._waiting and self._taken < self._most:
            return True
        return bool(self._waiting_silent) and self._taken < self._most_of_silent

    def _begin_next(self) -> None:
        errand = (self._waiting or self._waiting_silent).popleft()
        now = clock.now()
        errand.begin(now)
        self._taken += errand.descriptors
        self._look_after(errand, now)

    # Under way -------------------------------------------------------------------------------------------

    def _look_after(self, errand: Errand, now: float) -> None:
        """Wait for what an errand waits for; tell its result where it waits for nothing more."""
        if errand.socket is not None:
            try:
                self._wait_for(errand)
            except OSError as error:
                errand.fail(LinkError(f"cannot wait for a socket: {error.strerror}"))
        if errand.socket is None:
            self._finish(errand, now)

    def _wait_for(self, errand: Errand) -> None:
        waiting = errand.socket
        assert waiting is not None
        if waiting is not errand.waited_for:
            self._forget(errand)
            errand.waited_for, errand.descriptor = waiting, waiting.fileno()
            self._under_way[errand.descriptor] = errand
            self._epoll.register(errand.descriptor, waiting.wanted)
        elif waiting.wanted != errand.wanted:
            self._epoll.modify(errand.descriptor, waiting.wanted)
        errand.wanted = waiting.wanted
        due = waiting.next_timer()
        if due < errand.due:
            self._set_timer(errand, due)

    def _forget(self, errand: Errand) -> None:
        """Forget the socket that was waited for, which is closed."""
        if errand.waited_for is not None:
            del self._under_way[errand.descriptor]
            errand.waited_for = None

    def _set_timer(self, errand: Errand, due: float) -> None:
        errand.due = due
        self._serial += 1
        heappush(self._timers, (due, self._serial, errand))
        if len(self._timers) > _STALE_MOST * len(self._under_way) + 64:
            self._timers[:] = [timer for timer in self._timers if timer[0] == timer[2].due]
            heapify(self._timers)

    def _finish(self, errand: Errand, now: float) -> None:
        self._forget(errand)
        self._taken -= errand.descriptors
        errand.due = inf
        if errand.result.verdict.reason in SILENCE:
            self._silent.add(_key(errand))
        else:
            self._silent.discard(_key(errand))
        errand.tell(now)


def _key(errand: Errand) -> tuple[bytes, int]:
    """Return by what a server is known whose silence is remembered."""
    return errand.request.real_ip, errand.port
