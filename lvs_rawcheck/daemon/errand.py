# SPDX-License-Identifier: GPL-2.0-or-later
"""One check over the kernel's own sockets, from when it was asked for until its result is told."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from lvs_rawcheck.checks.base import RAW, STANDARD, Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.local import LocalCheck
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.runner import cannot_judge, fault_of_ours
from lvs_rawcheck.checks.standard_course import StandardCourse
from lvs_rawcheck.checks.standard_socket import StandardSocket
from lvs_rawcheck.link.rtnetlink import Netlink


class Errand:
    """One request at one port of the real server; whoever makes one has it `tell`, or closes it.

    seconds: that it has from when it begins. done: is given the result, once. What goes wrong on our side becomes the
    verdict: nothing is raised.
    """

    __slots__ = (
        "_done",
        "_seconds",
        "_started",
        "course",
        "descriptor",
        "descriptors",
        "due",
        "endpoint",
        "port",
        "request",
        "result",
        "source",
        "waited_for",
        "wanted",
    )

    path = STANDARD

    def __init__(
        self,
        request: Request,
        endpoint: Endpoint | None,
        port: int,
        source: bytes | None,
        seconds: float,
        done: Callable[[Result], None],
    ) -> None:
        self.request = request
        self.endpoint = endpoint
        self.port = port
        self.source = source
        self._seconds = seconds
        self._done = done
        self._started = 0.0
        self.result = cannot_judge(request.kind, request.real_ip, endpoint, "not asked")
        self.result.path = self.path
        self.course: StandardCourse | None = None
        """What is under way."""
        self.descriptors = 0
        """How many it may have open: its part of what whoever runs it can spare."""
        self.waited_for: StandardSocket | None = None
        """The socket that whoever runs it waits for, ..."""
        self.descriptor = -1
        """... as this descriptor, ..."""
        self.wanted = 0
        """... to be this; ..."""
        self.due = inf
        """... and until when, monotonic seconds."""

    @property
    def socket(self) -> StandardSocket | None:
        """Return what is to be waited for, None when all is over."""
        return self.course.socket if self.course is not None else None

    def begin(self, now: float) -> None:
        """Open what is needed, and begin."""
        self._started = now
        try:
            self.course = self._open()
            if self.course is not None:
                self.descriptors = self.course.descriptors
                self.course.begin(self.result, now, now + self._seconds, now)
        except Exception as error:  # as in the runner: whatever fails here says nothing of the server
            self.fail(error)

    def ready(self, now: float) -> None:
        """Go on with what the socket is ready for."""
        assert self.course is not None
        try:
            self.course.ready(now)
        except Exception as error:
            self.fail(error)

    def handle_timer(self, now: float) -> None:
        """Go on with what is due."""
        assert self.course is not None
        try:
            self.course.handle_timer(now)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """End it: it cannot be judged."""
        self.close()
        self.course = None
        self.result.verdict = Verdict(Reason.CANNOT_JUDGE, str(fault_of_ours(error)))

    def tell(self, now: float) -> None:
        """Close what was opened, and tell the result."""
        if self.course is not None:
            self._end()
        self.close()
        self.result.elapsed_ms = (now - self._started) * 1000
        self._done(self.result)

    def close(self) -> None:
        """Close what was opened; twice is harmless."""
        if self.course is not None:
            self.course.close()

    def _open(self) -> StandardCourse | None:
        """Return what is to be run, None where the verdict stands already; LinkError."""
        return StandardCourse(self.request, self.endpoint, self.port, self.source, self.request.standard_checks)

    def _end(self) -> None:
        """Take note that what was run has come to its end."""


class LocalErrand(Errand):
    """One endpoint that this host serves itself: the kernel is asked, then our own address where there is more to ask.

    To ask the kernel takes no time that others would miss: it answers within the call.
    """

    __slots__ = ("_check",)

    path = RAW

    def __init__(self, request: Request, endpoint: Endpoint, seconds: float, done: Callable[[Result], None]) -> None:
        super().__init__(request, endpoint, endpoint.port, None, seconds, done)
        self._check: LocalCheck | None = None

    def close(self) -> None:
        """Close what was opened; twice is harmless."""
        if self._check is not None:
            self._check.close()

    def _open(self) -> StandardCourse | None:
        self._check = LocalCheck(self.request, self.result)
        with Netlink() as netlink:
            return self._check.begin(netlink)

    def _end(self) -> None:
        assert self._check is not None
        self._check.end()
