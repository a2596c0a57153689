# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a check over the kernel's own sockets, to the real server's own address, one after the other."""

from __future__ import annotations

from lvs_rawcheck.checks.base import Exchange
from lvs_rawcheck.checks.standard import StandardFlow
from lvs_rawcheck.checks.steps import note_phases, note_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Result
    from lvs_rawcheck.checks.request import Request


def run_standard(
    request: Request, result: Result, port: int, source: bytes | None, started: float, deadline: float
) -> None:
    """Fill in a result by the request's steps, at this port of the real server; LinkError: it cannot be judged.

    source: the address to speak from, None: the kernel chooses. started, deadline: monotonic seconds.
    """
    count = len(request.steps)
    for number, step in enumerate(request.steps):
        talk = step()
        assert not isinstance(talk, Exchange)
        if result.endpoint is not None:
            talk.note_endpoint(result.endpoint)
        with StandardFlow(request.real_ip, port, talk, deadline, source) as flow:
            verdict = flow.run()
        note_step(result, number, count, verdict)
        if flow.connected_at is not None and number == 0:
            result.phases_ms["connect"] = (flow.connected_at - started) * 1000
        note_phases(result, talk, flow.connected_at, flow.phases)
        if not verdict.healthy:
            return
