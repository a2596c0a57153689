# SPDX-License-Identifier: GPL-2.0-or-later
"""Times: ours from theirs, and how long a failure stays unseen. All in seconds.

keepalived grants connect_timeout to each phase of a check (check_http.c: connection, handshake, every read), ours has
one deadline. So a check gets one connect_timeout a phase, and what passed before, if it took no more than
connect_timeout in any, passes. A server that is silent from the beginning is found that much later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lvs_rawcheck.checks.request import TIMEOUT_MAX
from lvs_rawcheck.config.keepalived.model import Checker, RealServer, VirtualServer
from lvs_rawcheck.generate.pace import Pace, PaceFromEnd, Times, caller_timeout, seconds

RULE = (
    "timeout: connect_timeout for each phase that had it to itself (tcp, dns, udp, ping 1; http 3: connection, first "
    "octet, rest; https 4; smtp 4; times the urls); at most 300 s\n"
    "retries: delay_before_retry was counted from the end of a failed check, a MISC_CHECK's is from its beginning"
)
_RETRY_DEFAULT = 0  # misc_check_handler in check_misc.c
_DELAY_BEFORE_RETRY_DEFAULT = 1.0  # init_checkers_queue's default_delay_before_retry in check_api.c
CONNECT_TIMEOUT_DEFAULT = 5.0  # alloc_vs in check_data.c
_RETRY_OF_OTHERS = 1


@dataclass(frozen=True, slots=True)
class StanzaTimes(Times):
    """All times of one stanza of ours, and what is not MISC_CHECK's default there, as keepalived writes it."""

    warmup: float
    alpha: bool
    misc_timeout: int
    lines: tuple[str, ...]


def times_of(checker: Checker, server: RealServer, phases: int, timeout: float | None) -> StanzaTimes:
    """Return the times of what replaces a checker. timeout: given by the user, None: by connect_timeout."""
    connect_timeout = _connect_timeout(checker)
    before = PaceFromEnd(connect_timeout, checker.delay_loop, checker.retry, checker.delay_before_retry)
    ours = timeout if timeout is not None else min(phases * connect_timeout, TIMEOUT_MAX)
    after = Pace(ours, checker.delay_loop, checker.retry, checker.delay_before_retry)
    lines = _lines(server, after, checker.warmup, checker.alpha)
    if checker.block.all("log_all_failures"):
        lines += ("log_all_failures",)
    return StanzaTimes(before, after, checker.warmup, checker.alpha, caller_timeout(ours), lines)


def _connect_timeout(checker: Checker) -> float:
    """Return the connect_timeout in force, of an SMTP_CHECK's only host its own."""
    of_hosts = [host.connect_timeout for host in checker.hosts]
    return (of_hosts[0] if len(of_hosts) == 1 else None) or checker.connect_timeout or CONNECT_TIMEOUT_DEFAULT


def times_of_new(server: RealServer, virtual: VirtualServer, timeout: float | None) -> StanzaTimes:
    """Return the times of a check where there was none: those that a TCP_CHECK would have there."""
    timers = server.timers
    delay_loop = timers.delay_loop or virtual.delay_loop
    ours = timeout if timeout is not None else min(timers.connect_timeout or virtual.connect_timeout, TIMEOUT_MAX)
    retry = _RETRY_OF_OTHERS if timers.retry is None else timers.retry
    delay = _DELAY_BEFORE_RETRY_DEFAULT if timers.delay_before_retry is None else timers.delay_before_retry
    after = Pace(ours, delay_loop, retry, delay)
    warmup = delay_loop if timers.warmup is None else timers.warmup
    alpha = bool(timers.alpha)
    return StanzaTimes(None, after, warmup, alpha, caller_timeout(ours), _lines(server, after, warmup, alpha))


def held_out(times: StanzaTimes) -> StanzaTimes:
    """Return the times of a check whose server must first prove itself: not up at once, but asked within a second."""
    others = tuple(line for line in times.lines if line.split()[0] not in ("alpha", "warmup"))
    return replace(times, warmup=1.0, alpha=True, lines=(*others, "warmup 1", "alpha"))


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
