# SPDX-License-Identifier: GPL-2.0-or-later
"""How often a check runs, how long a failure stays unseen, and when its caller may end it. All in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lvs_rawcheck.generate.refusal import Refused

Setting = tuple[str, str | float | int]
_GRACE = 1.0  # what a check has left after its deadline, GRACE of the commands' exit_status.py
_START_UP = 0.5  # an interpreter's start on a loaded director; 0.03 to 0.08 on an idle one
# What the registry takes (registry/keys.py), seconds and counts.
_DAY = 86400.0
_SHORTEST = 0.01
_FALL_MOST = 1000


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a check runs, how long a run may take, and how many failures are forgiven."""

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


class PaceFromEnd(Pace):
    """One whose delays are counted from the end of the run before, not from its beginning."""

    __slots__ = ()

    @property
    def worst_detection(self) -> float:
        """Return the longest time from a failure to its effect.

        keepalived: check_tcp.c, tcp_epilog. ldirectord: _ld_main_check_all and the sleep after it.
        """
        return self.delay_loop + self.retry * (self.delay_before_retry + self.timeout) + self.timeout


@dataclass(frozen=True, slots=True)
class Times:
    """The pace that was, and the one that will be."""

    before: Pace | None
    """None: nothing was checked."""
    after: Pace


def caller_timeout(timeout: float) -> int:
    """Return the whole seconds after which its caller may end a check that has this deadline."""
    return math.ceil(timeout + _GRACE + _START_UP)


def demand_reasonable(pace: Pace, program: str) -> None:
    """Raise Refused for times that can only be slips: `5s` is 5 microseconds to keepalived (lib/parser.c)."""
    for what, value in (("a deadline", pace.timeout), ("delay_loop", pace.delay_loop)):
        if value < _SHORTEST:
            raise Refused(f"{what} of {seconds(value)} s, as {program} reads it, cannot be meant")


def pace_settings(pace: Pace) -> tuple[Setting, ...]:
    """Return a pace in the registry's words, as the daemon keeps it."""
    interval, retry_interval = min(pace.delay_loop, _DAY), min(max(pace.delay_before_retry, _SHORTEST), _DAY)
    settings: list[Setting] = [
        ("timeout", pace.timeout),
        ("interval", interval),
        ("fall", min(pace.retry + 1, _FALL_MOST)),
    ]
    if retry_interval != interval:
        settings.append(("retry_interval", retry_interval))
    return tuple(settings)


def seconds(value: float) -> str:
    """Return a time as keepalived reads it: at most 6 decimals, none needlessly."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
