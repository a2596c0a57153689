# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a check over the kernel's own sockets, to the real server's own address, one after the other."""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Exchange
from lvs_rawcheck.checks.standard import StandardFlow
from lvs_rawcheck.checks.standard_check import StandardCheck
from lvs_rawcheck.checks.standard_socket import wait_for
from lvs_rawcheck.checks.steps import deadline_of_step, make_talks, note_phases, note_step
from lvs_rawcheck.wire.ip import PROTO_UDP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.base import Conversation, Endpoint, Result, Verdict
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.checks.standard_socket import StandardSocket


class StandardCourse:
    """A request's steps at one port of the real server.

    source: the address to speak from, None: the kernel chooses. To make one opens what may need privileges, so that
    they can be given up before it is run; whoever makes one closes it.

    `run` waits for it. Who waits for many of them calls `begin`, and then `ready` or `handle_timer` for as long as
    there is a `socket`: then the result is filled in.
    """

    __slots__ = (
        "_checks",
        "_deadline",
        "_number",
        "_opened",
        "_port",
        "_request",
        "_result",
        "_source",
        "_started",
        "_talks",
        "descriptors",
        "socket",
    )

    def __init__(
        self,
        request: Request,
        endpoint: Endpoint | None,
        port: int,
        source: bytes | None,
        checks: Sequence[StandardCheck] = (),
    ) -> None:
        """Raise LinkError where a socket is not to be had. checks: what to run instead of the request's steps."""
        self._request = request
        self._port = port
        self._source = source
        self._checks = checks or [StandardCheck(step) for step in request.steps]
        self._talks = make_talks([check.step for check in self._checks], endpoint)
        self._opened: dict[int, StandardSocket] = {}
        """What was opened before its turn, by the number of its step."""
        self.socket: StandardSocket | None = None
        """What is waited for; None before the beginning, and when all is over."""
        self._result: Result | None = None
        self._started = 0.0
        self._deadline = 0.0
        self._number = 0
        try:
            self._open_what_needs_privileges()
        except BaseException:
            self.close()
            raise
        self.descriptors = len(self._opened) + (len(self._opened) < len(self._talks))
        """How many sockets it has at once, at most."""

    def close(self) -> None:
        """Close what was opened; twice is harmless."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        for opened in self._opened.values():
            opened.close()

    def run(self, result: Result, started: float, deadline: float) -> None:
        """Fill in a result; LinkError: it cannot be judged. started, deadline: monotonic seconds."""
        self.begin(result, started, deadline, clock.now())
        while (waiting := self.socket) is not None:
            if wait_for(waiting):
                self.ready(clock.now())
            else:
                self.handle_timer(clock.now())

    def begin(self, result: Result, started: float, deadline: float, now: float) -> None:
        """Begin the first step. LinkError, here and in what follows: it cannot be judged, and is to be closed."""
        self._result = result
        self._started = started
        self._deadline = deadline
        self._go_on(self._begin_step(now))

    def ready(self, now: float) -> None:
        """Go on with what the socket is ready for."""
        assert self.socket is not None
        self._go_on(self.socket.ready(now))

    def handle_timer(self, now: float) -> None:
        """Go on with what is due."""
        assert self.socket is not None
        self._go_on(self.socket.handle_timer(now))

    def _go_on(self, verdict: Verdict | None) -> None:
        """Take the verdict of a step, None while there is none; begin the steps after it until one has to wait."""
        while verdict is not None:
            self._end_step(verdict)
            if not verdict.healthy or self._number == len(self._talks):
                return
            verdict = self._begin_step(clock.now())

    def _begin_step(self, now: float) -> Verdict | None:
        talk = self._talks[self._number]
        self.socket = self._opened.pop(self._number, None) or self._open(self._number, talk)
        return self.socket.begin(deadline_of_step(talk, len(self._talks) - self._number, now, self._deadline), now)

    def _end_step(self, verdict: Verdict) -> None:
        number, talk, result, finished = self._number, self._talks[self._number], self._result, self.socket
        assert result is not None
        assert finished is not None
        finished.close()
        self.socket = None
        self._number += 1
        if number == 0 and finished.began_at is not None and not isinstance(talk, Exchange):
            result.phases_ms["connect"] = (finished.began_at - self._started) * 1000
        note_phases(result, talk, finished.began_at, finished.phases)
        note_step(result, number, len(self._talks), verdict)

    def _open_what_needs_privileges(self) -> None:
        for number, talk in enumerate(self._talks):
            needs_raw = isinstance(talk, Exchange) and talk.protocol != PROTO_UDP
            if needs_raw or self._checks[number].options.need_privileges:
                self._opened[number] = self._open(number, talk)

    def _open(self, number: int, talk: Conversation | Exchange) -> StandardSocket:
        """Return the socket of step `number`, which goes to where that step goes, and from where."""
        check = self._checks[number]
        source = check.source
        if source is None and check.address is None and not check.options.need_privileges:
            source = self._source  # which was chosen for the way to the real server's own address
        address, port = check.address or self._request.real_ip, check.port or self._port
        if isinstance(talk, Exchange):
            from lvs_rawcheck.checks.standard_datagram import StandardExchange

            return StandardExchange(address, port, talk, source, check.options)
        return StandardFlow(address, port, talk, source, check.options)
