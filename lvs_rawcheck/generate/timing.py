# SPDX-License-Identifier: GPL-2.0-or-later
"""Times: ours from theirs, and how long a failure stays unseen. All in seconds.

keepalived grants connect_timeout to each phase of a check (check_http.c: connection, handshake, every read), ours has
one deadline. So a check gets one connect_timeout a phase, and what passed before, if it took no more than
connect_timeout in any, passes. A server that is silent from the beginning is found that much later.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from lvs_rawcheck.checks.request import TIMEOUT_MAX
from lvs_rawcheck.config.keepalived.model import Checker, RealServer, VirtualServer
from lvs_rawcheck.generate.refusal import Refused

RULE = (
    "timeout: connect_timeout for each phase that had it to itself (tcp, dns, udp, ping 1; http 3: connection, first "
    "octet, rest; https 4; smtp 4; times the urls); at most 300 s\n"
    "retries: delay_before_retry was counted from the end of a failed check, a MISC_CHECK's is from its beginning"
)
_GRACE = 1.0  # what a check has left after its deadline, GRACE of the commands' exit_status.py
_SHORTEST = 0.01
_START_UP = 0.5  # an interpreter's start on a loaded director; 0.03 to 0.08 on an idle one
_RETRY_DEFAULT = 0  # misc_check_handler in check_misc.c
_DELAY_BEFORE_RETRY_DEFAULT = 1.0  # init_checkers_queue's default_delay_before_retry in check_api.c
CONNECT_TIMEOUT_DEFAULT = 5.0  # alloc_vs in check_data.c
_RETRY_OF_OTHERS = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a checker runs, how long a run may take, and how many failures it forgives."""

    timeout: float
    """One run, at most."""
    delay_loop: float
    retry: int
    delay_before_retry: float

    @property
    def worst_detection(self) -> float:
        """Return the longest time from a failure to its effect.

        It happens just after a run has passed; each run fails only at its deadline; the next begins delay_before_retry
        after the beginning of the one before, or at once if that is over (check_misc.c, next_misc_check_time).
        """
        return self.delay_loop + self.retry * max(self.delay_before_retry, self.timeout) + self.timeout


class PaceBefore(Pace):
    """The pace of a checker of keepalived's own."""

    __slots__ = ()

    @property
    def worst_detection(self) -> float:
        """Return the longest time from a failure to its effect.

        The next run begins delay_before_retry after the end of the one before (check_tcp.c, tcp_epilog).
        """
        return self.delay_loop + self.retry * (self.delay_before_retry + self.timeout) + self.timeout


@dataclass(frozen=True, slots=True)
class Times:
    """All times of one stanza of ours, and what is not MISC_CHECK's default there, as keepalived writes it."""

    before: Pace | None
    """None: nothing was checked."""
    after: Pace
    warmup: float
    alpha: bool
    misc_timeout: int
    lines: tuple[str, ...]


def times_of(checker: Checker, server: RealServer, phases: int, timeout: float | None) -> Times:
    """Return the times of what replaces a checker. timeout: given by the user, None: by connect_timeout."""
    connect_timeout = _connect_timeout(checker)
    before = PaceBefore(connect_timeout, checker.delay_loop, checker.retry, checker.delay_before_retry)
    ours = timeout if timeout is not None else min(phases * connect_timeout, TIMEOUT_MAX)
    after = Pace(ours, checker.delay_loop, checker.retry, checker.delay_before_retry)
    lines = _lines(server, after, checker.warmup, checker.alpha)
    if checker.block.all("log_all_failures"):
        lines += ("log_all_failures",)
    return Times(before, after, checker.warmup, checker.alpha, misc_timeout(ours), lines)


def _connect_timeout(checker: Checker) -> float:
    """Return the connect_timeout in force, of an SMTP_CHECK's only host its own."""
    of_hosts = [host.connect_timeout for host in checker.hosts]
    return (of_hosts[0] if len(of_hosts) == 1 else None) or checker.connect_timeout or CONNECT_TIMEOUT_DEFAULT


def times_of_new(server: RealServer, virtual: VirtualServer, timeout: float | None) -> Times:
    """Return the times of a check where there was none: those that a TCP_CHECK would have there."""
    timers = server.timers
    delay_loop = timers.delay_loop or virtual.delay_loop
    ours = timeout if timeout is not None else min(timers.connect_timeout or virtual.connect_timeout, TIMEOUT_MAX)
    retry = _RETRY_OF_OTHERS if timers.retry is None else timers.retry
    delay = _DELAY_BEFORE_RETRY_DEFAULT if timers.delay_before_retry is None else timers.delay_before_retry
    after = Pace(ours, delay_loop, retry, delay)
    warmup = delay_loop if timers.warmup is None else timers.warmup
    alpha = bool(timers.alpha)
    return Times(None, after, warmup, alpha, misc_timeout(ours), _lines(server, after, warmup, alpha))


def held_out(times: Times) -> Times:
    """Return the times of a check whose server must first prove itself: not up at once, but asked within a second."""
    others = tuple(line for line in times.lines if line.split()[0] not in ("alpha", "warmup"))
    return replace(times, warmup=1.0, alpha=True, lines=(*others, "warmup 1", "alpha"))


def misc_timeout(timeout: float) -> int:
    """Return the whole seconds after which keepalived may end a check that has this deadline."""
    return math.ceil(timeout + _GRACE + _START_UP)


def demand_reasonable(times: Times) -> None:
    """Raise Refused for times that can only be slips: `5s` is 5 microseconds to keepalived (lib/parser.c)."""
    for what, value in (("a deadline", times.after.timeout), ("delay_loop", times.after.delay_loop)):
        if value < _SHORTEST:
            raise Refused(f"{what} of {seconds(value)} s, as keepalived reads it, cannot be meant")


def _lines(server: RealServer, pace: Pace, warmup: float, alpha: bool) -> tuple[str, ...]:
    """Return what a MISC_CHECK of this server would not take by itself (validate_check_config in check_data.c)."""
    theirs = server.timers
    inherited_delay = theirs.delay_before_retry
    found = []
    if pace.retry != (_RETRY_DEFAULT if theirs.retry is None else theirs.retry):
        found.append(f"retry {pace.retry}")
    if pace.delay_before_retry != (_DELAY_BEFORE_RETRY_DEFAULT if inherited_delay is None else inherited_delay):
        found.append(f"delay_before_retry {seconds(pace.delay_before_retry)}")
    if pace.delay_loop != theirs.delay_loop:
        found.append(f"delay_loop {seconds(pace.delay_loop)}")
    if warmup != (pace.delay_loop if theirs.warmup is None else theirs.warmup):
        found.append(f"warmup {seconds(warmup)}")
    if alpha != bool(theirs.alpha):
        found.append("alpha" if alpha else "alpha no")
    return tuple(found)


def seconds(value: float) -> str:
    """Return a time as keepalived reads it: at most 6 decimals, none needlessly."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
