# SPDX-License-Identifier: GPL-2.0-or-later
"""The mode `observe`: the raw check beside the standard one, which alone is believed.

The raw check runs in a child, at the same time: so the standard one has all of the time that it has without it, both
open their sockets as root and read as nobody, and nothing that goes wrong with the one reaches the other.
"""

from __future__ import annotations

import os
import select
from _signal import ITIMER_REAL, SIG_DFL, SIGALRM, SIGCHLD, SIGKILL, SIGTERM, setitimer, signal

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, REASONS, STANDARD, Reason, Result, Verdict
from lvs_rawcheck.checks.request import DOWN
from lvs_rawcheck.checks.runner import decisive, run_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.hooks import Hooks
    from lvs_rawcheck.checks.request import Request

_ANSWER_OCTETS = 4096
_DETAIL_CHARACTERS = 1000
_NOT_ASKED = "-"
_GRACE = 0.2  # seconds after the deadline, for the child's last word


class Observer:
    """Runs a request by its standard path, and keeps what its raw path found: None, if that was not asked."""

    __slots__ = ("observed",)

    def __init__(self) -> None:
        self.observed: Result | None = None

    def run(self, request: Request, hooks: Hooks) -> Result:
        """Return the result of the standard path, by the request's deadline."""
        deadline = clock.now() + request.timeout
        try:
            reader, child = _start_child(request, hooks)
        except OSError as error:
            self.observed = _result(request, 0, Reason.CANNOT_JUDGE, f"no process to observe with: {error.strerror}")
            return _run_standard(request, hooks)
        try:
            result = _run_standard(request, hooks)
            self.observed = _parse(request, _read_by(reader, deadline + _GRACE))
        finally:
            os.close(reader)
            _end(child)
        return result


def _run_standard(request: Request, hooks: Hooks) -> Result:
    request.only_path = STANDARD
    return run_request(request, hooks)


def _start_child(request: Request, hooks: Hooks) -> tuple[int, int]:
    """Return where the raw check's result can be read, and the child that makes it."""
    signal(SIGCHLD, SIG_DFL)  # where it is inherited as ignored, the kernel reaps the child before we can
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if child == 0:
        _be_the_child(writer, request, hooks)
    os.close(writer)
    return reader, child


def _be_the_child(writer: int, request: Request, hooks: Hooks) -> None:
    try:
        for number in (SIGALRM, SIGTERM):
            signal(number, SIG_DFL)  # it has no verdict to give
        setitimer(ITIMER_REAL, request.timeout + 2 * _GRACE)
        request.only_path = RAW
        request.on_cannot_judge = DOWN
        os.write(writer, _line_of(run_request(request, hooks), request.vip_policy).encode("utf-8", "replace"))
    finally:
        os._exit(0)


def _line_of(result: Result, vip_policy: str) -> str:
    """Return what the parent is told: the endpoint's number, reason and detail, if a raw path was to be taken."""
    every = result.vips or [result]
    results = [each for each in every if each.path != STANDARD]
    if not results:
        return _NOT_ASKED
    chosen = decisive(results, vip_policy)
    number = every.index(chosen)
    return f"{number} {chosen.verdict.reason} {chosen.verdict.detail[:_DETAIL_CHARACTERS]}"


def _parse(request: Request, line: str | None) -> Result | None:
    if line == _NOT_ASKED:
        return None
    number, _, rest = (line or "").partition(" ")
    reason, _, detail = rest.partition(" ")
    if reason not in REASONS or not number.isdecimal() or int(number) >= len(request.endpoints):
        ending = "was not over in time" if line is None else "ended without a word"
        return _result(request, 0, Reason.CANNOT_JUDGE, f"the raw check {ending}")
    return _result(request, int(number), reason, detail)


def _result(request: Request, number: int, reason: str, detail: str) -> Result:
    verdict = Verdict(reason, f"{detail} (only observed)")
    result = Result(request.kind, request.real_ip, request.endpoints[number], verdict)
    result.path = RAW
    return result


def _read_by(reader: int, deadline: float) -> str | None:
    """Return what the child says, None if it has not said it by the deadline."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    if not poll.poll(max(int((deadline - clock.now()) * 1000), 0) + 1):
        return None
    return os.read(reader, _ANSWER_OCTETS).decode("utf-8", "replace")


def _end(child: int) -> None:
    try:
        os.kill(child, SIGKILL)  # not reaped yet, so the number is still its own
    except PermissionError:
        return  # still root, and its own alarm ends it; init reaps it
    os.waitpid(child, 0)
