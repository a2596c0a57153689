# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command's exit status tells keepalived and ldirectord.

Exit 0 means healthy, nothing else does. A check knows only two: keepalived's `misc_dynamic` reads 2 and
above, argparse's usage error among them, as "up, with this weight less two" (check_misc.c). Nor does a check
die by a signal: ldirectord shifts the wait status by eight, and what is left of a death by signal is 0,
healthy. Nor does it outlive its deadline by more than a grace, whatever holds it up.
"""

from __future__ import annotations

import os
import sys
from _signal import (
    ITIMER_REAL,
    SIG_IGN,
    SIGABRT,
    SIGALRM,
    SIGHUP,
    SIGINT,
    SIGIO,
    SIGPROF,
    SIGPWR,
    SIGQUIT,
    SIGRTMAX,
    SIGRTMIN,
    SIGSTKFLT,
    SIGSYS,
    SIGTERM,
    SIGTRAP,
    SIGUSR1,
    SIGUSR2,
    SIGVTALRM,
    SIGXCPU,
    setitimer,
    signal,
)

from lvs_rawcheck.director.system_log import LOG_ERR, log_line

HEALTHY = 0
UNHEALTHY = 1
GRACE = 1.0  # seconds after the deadline, and for the words after the verdict

# signal(7): those that end a process. SIGPIPE and SIGXFSZ Python ignores already, and the write fails instead. SIGSEGV,
# SIGBUS, SIGFPE and SIGILL are left alone: Python's handlers run between its instructions, and a faulty one of the
# processor's, returned to, would only fault again, for ever.
_DEADLY = (
    *(SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGABRT, SIGSYS, SIGTRAP),
    *(SIGIO, SIGPROF, SIGPWR, SIGSTKFLT, SIGVTALRM, SIGXCPU),
    *range(SIGRTMIN, SIGRTMAX + 1),
)


def never_die_by_signal() -> None:
    """Turn every signal that would kill, and can be caught, into exit status 1."""
    for number in _DEADLY:
        signal(number, _exit_unhealthy)


def end_after(seconds: float) -> None:
    """End with UNHEALTHY if there is no verdict `seconds` and the grace from now, whatever the check hangs in."""
    setitimer(ITIMER_REAL, seconds + GRACE)


def verdict_given(status: int) -> None:
    """End with `status` if the words that follow a verdict are not written within the grace: nobody reads the pipe."""
    signal(SIGALRM, lambda number, frame: os._exit(status))
    setitimer(ITIMER_REAL, GRACE)


def ignore_signals() -> None:
    """Let nothing come between the last word and the exit status: the interpreter drops its handlers before it ends.

    Only SIGKILL is left then, and nothing to wait in either.
    """
    for number in _DEADLY:
        signal(number, SIG_IGN)


def _exit_unhealthy(number: int, frame: object) -> None:
    """Say why there is no verdict, since keepalived takes it for a failed check, and end."""
    log_line(LOG_ERR, f"ended by signal {number} before the verdict: {' '.join(sys.argv[1:])}")
    # At once: an exception could be caught on its way out, and turn into a verdict.
    os._exit(UNHEALTHY)
