# SPDX-License-Identifier: GPL-2.0-or-later
"""The standard check of one real server, run again and again over the lane that all of them share.

Each port of the real server is asked once, for all the endpoints that have it (as in checks/runner.py).
"""

from __future__ import annotations

from collections.abc import Callable

from lvs_rawcheck.checks.base import Result, worst
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.daemon.kernel_lane import KernelLane
from lvs_rawcheck.daemon.paths import Paths


class StandardProbe:
    """One check on the kernel's lane. done: called once a start, with the result of the port that fared worst."""

    def __init__(self, request: Request, lane: KernelLane, paths: Paths, done: Callable[[Result], None]) -> None:
        self._request = request
        self._lane = lane
        self._done = done
        self._paths = paths
        self._left = 0
        self._results: list[Result] = []

    def start(self, now: float) -> None:
        """Begin one run."""
        source = self._paths.source(self._request)
        request = self._request
        # Of those that share a port the first one stands for it.
        ports = {request.standard_port_of(endpoint): endpoint for endpoint in reversed(request.endpoints)}
        self._begin_with(len(ports))
        for port, endpoint in ports.items():
            self._lane.start(request, endpoint, port, source, now + request.timeout, self._finished)

    def start_local(self, now: float) -> None:
        """Begin one run of a server that is this host itself: for each endpoint the kernel is asked."""
        request = self._request
        self._begin_with(len(request.endpoints))
        for endpoint in request.endpoints:
            self._lane.start_local(request, endpoint, now + request.timeout, self._finished)

    def _begin_with(self, count: int) -> None:
        self._left = count
        self._results = []

    def _finished(self, result: Result) -> None:
        self._results.append(result)
        self._left -= 1
        if self._left == 0:
            self._done(self._results[0] if len(self._results) == 1 else worst(self._results))
