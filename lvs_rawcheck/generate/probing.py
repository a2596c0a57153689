# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks run once, many at a time, each in a process of its own.

As each will be when keepalived runs it: it opens its sockets as root, gives root up, and reads frames as nobody in
particular; what goes wrong in one ends one. Two limits hold: how many run at once, and how long all may take.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason, Result, Verdict
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.director.privileges import drop_root

AT_ONCE = 24  # more would queue for a director's processors, and spend their deadlines there
SECONDS_MOST = 1800.0
_GRACE = 2.0  # seconds after a check's own deadline
_ANSWER_OCTETS_MOST = 64 << 10
_TICK = 1.0  # seconds between two words on progress

Progress = Callable[[int, int], None]
"""Called with how many are done, of how many."""


@dataclass(slots=True)
class _Running:
    number: int
    process: int
    answer: int
    """The pipe's end that we read."""
    octets: bytearray = field(default_factory=bytearray)


def run_all(
    requests: Sequence[Callable[[], Request]],
    progress: Progress,
    at_once: int = AT_ONCE,
    seconds_most: float = SECONDS_MOST,
) -> list[Verdict | None]:
    """Return the verdict of each request, None for those that the time did not suffice for.

    requests: each makes its request, in the process that runs it.
    """
    run = _Run(requests, progress, at_once, clock.now() + seconds_most)
    try:
        return run.to_the_end()
    finally:
        run.close()


class _Run:
    def __init__(
        self, requests: Sequence[Callable[[], Request]], progress: Progress, at_once: int, deadline: float
    ) -> None:
        self._requests = requests
        self._progress = progress
        self._at_once = at_once
        self._deadline = deadline
        self._waiting = deque(range(len(requests)))
        self._running: dict[int, _Running] = {}
        self._verdicts: list[Verdict | None] = [None] * len(requests)
        self._selector = selectors.DefaultSelector()

    def to_the_end(self) -> list[Verdict | None]:
        done, told_at = 0, clock.now()
        while (self._waiting or self._running) and clock.now() < self._deadline:
            while self._waiting and len(self._running) < self._at_once:
                self._start(self._waiting.popleft())
            done += self._listen(min(self._deadline, told_at + _TICK) - clock.now())
            if clock.now() >= told_at + _TICK:
                told_at = clock.now()
                self._progress(done, len(self._requests))
        return self._verdicts

    def close(self) -> None:
        """End what still runs."""
        for running in list(self._running.values()):
            os.kill(running.process, signal.SIGKILL)
            self._finish(running)
        self._selector.close()

    def _start(self, number: int) -> None:
        mine, theirs = os.pipe2(os.O_CLOEXEC)
        process = os.fork()
        if process == 0:
            _answer_and_end(self._requests[number], theirs)
        os.close(theirs)
        running = _Running(number, process, mine)
        self._running[mine] = running
        self._selector.register(mine, selectors.EVENT_READ, running)

    def _listen(self, seconds: float) -> int:
        """Return how many came to their end within this time."""
        ended = 0
        for key, _ in self._selector.select(max(seconds, 0.0)):
            running: _Running = key.data
            octets = os.read(running.answer, _ANSWER_OCTETS_MOST)
            running.octets += octets
            if octets and len(running.octets) < _ANSWER_OCTETS_MOST:
                continue
            self._verdicts[running.number] = _verdict_of(bytes(running.octets))
            self._finish(running)
            ended += 1
        return ended

    def _finish(self, running: _Running) -> None:
        self._selector.unregister(running.answer)
        os.close(running.answer)
        del self._running[running.answer]
        with suppress(ChildProcessError):
            os.waitpid(running.process, 0)


def _answer_and_end(make_request: Callable[[], Request], answer: int) -> None:
    """Run one check, write down its verdict, and end this process, whatever happens."""
    try:
        request = make_request()
        # An alarm ends it even where the check hangs in the kernel; whatever handlers our parent has are not ours.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, request.timeout + _GRACE)
        os.write(answer, _to_octets(run_request(request, Hooks(sockets_open=drop_root))))
    except Exception as error:
        os.write(answer, _octets_of(Verdict(Reason.CANNOT_JUDGE, f"internal error: {type(error).__name__}: {error}")))
    finally:
        os._exit(0)


def _to_octets(result: Result) -> bytes:
    verdict = result.verdict
    if len(result.vips) > 1:
        failed = [each for each in result.vips if not each.healthy]
        if failed and not result.healthy:
            verdict = Verdict(verdict.reason, f"{verdict.detail} ({len(failed)} of {len(result.vips)} VIPs and ports)")
    return _octets_of(verdict)


def _octets_of(verdict: Verdict) -> bytes:
    return json.dumps([verdict.reason, verdict.detail[: _ANSWER_OCTETS_MOST // 8]]).encode()


def _verdict_of(octets: bytes) -> Verdict:
    """Return what a process wrote; it read frames of strangers, so it is not believed to have written sense."""
    try:
        reason, detail = json.loads(octets)
    except (ValueError, TypeError, RecursionError):
        return Verdict(Reason.CANNOT_JUDGE, "the check ended without a verdict")
    return Verdict(str(reason), str(detail))
