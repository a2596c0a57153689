# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a check over the kernel's own sockets, to the real server's own address, one after the other."""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Exchange
from lvs_rawcheck.checks.standard import StandardFlow
from lvs_rawcheck.checks.standard_check import StandardCheck
from lvs_rawcheck.checks.steps import deadline_of_step, make_talks, note_phases, note_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lvs_rawcheck.checks.base import Conversation, Endpoint, Result, Verdict
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.checks.standard_check import SocketOptions
    from lvs_rawcheck.checks.standard_datagram import StandardExchange


class StandardCourse:
    """A request's steps at one port of the real server.

    source: the address to speak from, None: the kernel chooses. To make one opens what may need privileges, so that
    they can be given up before it is run; whoever makes one closes it.
    """

    __slots__ = ("_checks", "_exchanges", "_flows", "_port", "_request", "_source", "_talks")

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
        self._exchanges: dict[int, StandardExchange] = {}
        self._flows: dict[int, StandardFlow] = {}
        try:
            self._open_what_needs_privileges()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close what was opened; twice is harmless."""
        for exchange in self._exchanges.values():
            exchange.close()
        for flow in self._flows.values():
            flow.close()

    def run(self, result: Result, started: float, deadline: float) -> None:
        """Fill in a result; LinkError: it cannot be judged. started, deadline: monotonic seconds."""
        count = len(self._talks)
        for number, talk in enumerate(self._talks):
            until = deadline_of_step(talk, count - number, clock.now(), deadline)
            verdict = self._run_step(result, number, talk, started, until)
            note_step(result, number, count, verdict)
            if not verdict.healthy:
                return

    def _open_what_needs_privileges(self) -> None:
        for number, talk in enumerate(self._talks):
            if isinstance(talk, Exchange):
                from lvs_rawcheck.checks.standard_datagram import StandardExchange

                address, port, source, options = self._way_of(number)
                self._exchanges[number] = StandardExchange(address, port, talk, source, options)
            elif self._checks[number].options.need_privileges:
                self._flows[number] = self._open_flow(number, talk)

    def _way_of(self, number: int) -> tuple[bytes, int, bytes | None, SocketOptions]:
        """Return where step `number` goes, and from where."""
        check = self._checks[number]
        source = check.source
        if source is None and check.address is None and not check.options.need_privileges:
            source = self._source  # which was chosen for the way to the real server's own address
        return check.address or self._request.real_ip, check.port or self._port, source, check.options

    def _open_flow(self, number: int, talk: Conversation) -> StandardFlow:
        address, port, source, options = self._way_of(number)
        return StandardFlow(address, port, talk, 0.0, source, options)

    def _run_step(
        self, result: Result, number: int, talk: Conversation | Exchange, started: float, deadline: float
    ) -> Verdict:
        if isinstance(talk, Exchange):
            exchange = self._exchanges[number]
            verdict = exchange.run(deadline)
            note_phases(result, talk, exchange.began_at, exchange.phases)
            return verdict
        with self._flows.get(number) or self._open_flow(number, talk) as flow:
            flow.deadline = deadline
            verdict = flow.run()
        if flow.connected_at is not None and number == 0:
            result.phases_ms["connect"] = (flow.connected_at - started) * 1000
        note_phases(result, talk, flow.connected_at, flow.phases)
        return verdict
