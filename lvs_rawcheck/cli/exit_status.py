# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command's exit status tells keepalived and ldirectord.

Exit 0 means healthy, nothing else does. A check knows only two: keepalived's `misc_dynamic` reads 2 and
above, argparse's usage error among them, as "up, with this weight less two" (check_misc.c). Nor does a check
die by a signal: ldirectord shifts the wait status by eight, and what is left of a death by signal is 0,
healthy.
"""

from __future__ import annotations

import os
import sys
from _signal import (
    SIGALRM,
    SIGHUP,
    SIGINT,
    SIGIO,
    SIGPROF,
    SIGPWR,
    SIGQUIT,
    SIGSTKFLT,
    SIGTERM,
    SIGUSR1,
    SIGUSR2,
    SIGVTALRM,
    SIGXCPU,
    signal,
)

from lvs_rawcheck.director.system_log import LOG_ERR, log_line

HEALTHY = 0
UNHEALTHY = 1

# signal(7): those that end a process. SIGPIPE and SIGXFSZ Python ignores already, and the write fails instead.
_DEADLY = (
    *(SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2),
    *(SIGIO, SIGPROF, SIGPWR, SIGSTKFLT, SIGVTALRM, SIGXCPU),
)


def never_die_by_signal() -> None:
    """Turn every signal that would kill, and can be caught, into exit status 1."""
    for number in _DEADLY:
        signal(number, _exit_unhealthy)


def _exit_unhealthy(number: int, frame: object) -> None:
    """Say why there is no verdict, since keepalived takes it for a failed check, and end."""
    log_line(LOG_ERR, f"ended by signal {number} before the verdict: {' '.join(sys.argv[1:])}")
    # At once: an exception could be caught on its way out, and turn into a verdict.
    os._exit(UNHEALTHY)
