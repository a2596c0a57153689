# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for keepalived's checker process: MISC_CHECKs of thousands of servers, in one loop.

    python3 scheduler.py PACE SCRIPT <IDS

It keeps to what check_misc.c and notify.c (keepalived 2.2.7) do: a process for each run, in a group of its own, with
/dev/null for its files and all signals at their defaults; at most one for each check and no limit for all; the next
run counted from the beginning of the one before; `retry` failures forgiven in a row, delay_before_retry apart; SIGTERM
to the group after misc_timeout, SIGKILL two seconds later; a death by signal is a failure. A server is up until found
down.

PACE: the keywords of all checks, as JSON. IDs: a line each, then an empty one. It says in lines of JSON what happens:
{"at", "id", "up"} for a server that leaves or comes back, {"at", "id", "failed"} for each run that failed, and every
second a `Reading`. It ends with its stdin.
"""

from __future__ import annotations

import ctypes
import heapq
import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

KILLED_AFTER_TERMINATION = 2.0  # seconds
_LOST_AFTER = 10.0  # seconds that a process may take to end which has been killed
_PRIORITY = -10  # of nice(2): Python takes ten times what keepalived does, and should have to wait no more
_STARTS_AT_ONCE = 8  # then those that have ended are reaped
_READING_SECONDS = 1.0
_START, _TIMEOUT = 0, 1
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


@dataclass(frozen=True)
class Pace:
    """The keywords of a MISC_CHECK, seconds."""

    delay_loop: float
    misc_timeout: float
    retry: int = 1
    delay_before_retry: float = 1.0


@dataclass
class Reading:
    """What was seen in one second. late: seconds by which the latest run began late."""

    at: float
    runs: int
    running: int
    programs: int
    """Of those that run: how many are the script no more, but the program that it becomes."""
    late: float
    cpu: float
    """Seconds, of all runs that have ended, and of this process."""


class _Checker:
    """One MISC_CHECK. stage: how many signals its process has had."""

    __slots__ = ("command", "due", "is_up", "last_ran", "name", "pid", "retry_it", "stage")

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.command = command
        self.is_up = True
        self.retry_it = 0
        self.due = 0.0
        self.last_ran = 0.0
        self.pid: int | None = None
        self.stage = 0


class Scheduler:
    """Runs a script for each ID, at a pace."""

    def __init__(self, script: str, ids: list[str], pace: Pace) -> None:
        self._pace = pace
        self._poller = select.epoll()
        self._poller.register(sys.stdin.fileno(), select.EPOLLIN)
        self._running: dict[int, _Checker] = {}
        """By the descriptor of the process."""
        self._expected: list[tuple[float, int, int, _Checker]] = []
        """When what is to be done; the number keeps the order of equals."""
        self._numbers = count()
        self._runs = 0
        self._late = 0.0
        self._ending = False
        self._null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        now = time.monotonic()
        for position, each in enumerate(ids):
            self._expect(now + pace.delay_loop * position / len(ids), _START, _Checker(each, [script, each]))

    def run(self) -> None:
        """Go on until stdin ends."""
        reading_at = time.monotonic()
        while not self._ending:
            now = time.monotonic()
            soonest = min(self._expected[0][0], reading_at)
            for descriptor, _ in self._poller.poll(max(soonest - now, 0.0)):
                if descriptor == sys.stdin.fileno():
                    self._ending = True
                else:
                    self._ended(descriptor)
            self._begin()
            if time.monotonic() >= reading_at:
                reading_at = time.monotonic() + _READING_SECONDS
                self._read()
        for checker in self._running.values():
            assert checker.pid is not None
            os.killpg(checker.pid, signal.SIGKILL)

    def _begin(self) -> None:
        for _ in range(_STARTS_AT_ONCE):
            if not self._expected or self._expected[0][0] > time.monotonic():
                return
            _, _, what, checker = heapq.heappop(self._expected)
            if what == _START:
                self._start(checker)
            else:
                self._end(checker)

    def _expect(self, at: float, what: int, checker: _Checker) -> None:
        if what == _START:
            checker.due = at
        heapq.heappush(self._expected, (at, next(self._numbers), what, checker))

    def _start(self, checker: _Checker) -> None:
        checker.last_ran = time.monotonic()
        checker.stage = 0
        self._late = max(self._late, checker.last_ran - checker.due)
        pid = os.fork()
        if pid == 0:
            self._become(checker.command)
        with suppress(PermissionError):  # it was quicker
            os.setpgid(pid, pid)
        checker.pid = pid
        descriptor = os.pidfd_open(pid)
        self._running[descriptor] = checker
        self._poller.register(descriptor, select.EPOLLIN)
        self._runs += 1
        self._expect(checker.last_ran + self._pace.misc_timeout, _TIMEOUT, checker)

    def _become(self, command: list[str]) -> None:
        """Be the command; a failure counts as success, as system_call_script has it."""
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, 0)
            os.setpgid(0, 0)
            for descriptor in range(3):
                os.dup2(self._null, descriptor)
            os.execv(command[0], command)
        os._exit(0)

    def _end(self, checker: _Checker) -> None:
        """Signal a run that takes too long, if it is still that one."""
        if checker.pid is None or time.monotonic() - checker.last_ran < self._pace.misc_timeout:
            return
        checker.stage += 1
        assert checker.stage <= 2, f"{checker.name}: not even killed"
        with suppress(ProcessLookupError):
            os.killpg(checker.pid, signal.SIGTERM if checker.stage == 1 else signal.SIGKILL)
        self._expect(time.monotonic() + (KILLED_AFTER_TERMINATION, _LOST_AFTER)[checker.stage - 1], _TIMEOUT, checker)

    def _ended(self, descriptor: int) -> None:
        checker = self._running.pop(descriptor)
        assert checker.pid is not None
        _, status = os.waitpid(checker.pid, 0)
        self._poller.unregister(descriptor)
        os.close(descriptor)
        checker.pid = None
        self._judge(checker, os.waitstatus_to_exitcode(status))
        pause = self._pace.delay_before_retry if checker.retry_it else self._pace.delay_loop
        self._expect(checker.last_ran + pause, _START, checker)

    def _judge(self, checker: _Checker, status: int) -> None:
        if status == 0:
            checker.retry_it = 0
            self._note(checker, True)
            return
        took = time.monotonic() - checker.last_ran
        _say({"at": time.monotonic(), "id": checker.name, "failed": f"{status} after {took:.1f} s"})
        if checker.is_up and checker.retry_it < self._pace.retry:
            checker.retry_it += 1
        else:
            checker.retry_it = 0
            self._note(checker, False)

    def _note(self, checker: _Checker, is_up: bool) -> None:
        if checker.is_up != is_up:
            checker.is_up = is_up
            _say({"at": time.monotonic(), "id": checker.name, "up": is_up})

    def _reap_others(self) -> None:
        """Take in what checks have left behind: so it is counted with them."""
        known = {checker.pid for checker in self._running.values()}
        while (ended := _next_ended()) is not None and ended not in known:
            os.waitpid(ended, 0)

    def _read(self) -> None:
        self._reap_others()
        programs = sum(_is_program(checker) for checker in self._running.values())
        cpu = sum(os.times()[:4])
        _say(asdict(Reading(time.monotonic(), self._runs, len(self._running), programs, self._late, cpu)))
        self._late = 0.0


def _is_program(checker: _Checker) -> bool:
    """Return whether a check's process is no shell any more, and runs."""
    try:
        return b"\0run\0" in Path(f"/proc/{checker.pid}/cmdline").read_bytes()
    except OSError:
        return False  # it has ended just now


def _next_ended() -> int | None:
    """Return a process of ours that has ended, and was not yet asked how."""
    with suppress(ChildProcessError):
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return None if ended is None else ended.si_pid
    return None


def _adopt_orphans() -> None:
    """Become the parent of what our processes leave behind."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _say(words: dict[str, object]) -> None:
    print(json.dumps(words), flush=True)


def main() -> None:
    """Read what is to be run, and run it."""
    pace, script = Pace(**json.loads(sys.argv[1])), sys.argv[2]
    ids = []
    while line := sys.stdin.readline().strip():
        ids.append(line)
    os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
    _adopt_orphans()
    Scheduler(script, ids, pace).run()


if __name__ == "__main__":
    main()
