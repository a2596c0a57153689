# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command's exit status tells keepalived and ldirectord.

Exit 0 means healthy, nothing else does. A check knows only two: keepalived's `misc_dynamic` reads 2 and
above, argparse's usage error among them, as "up, with this weight less two" (check_misc.c). Nor does a check
die by a signal: ldirectord shifts the wait status by eight, and what is left of a death by signal is 0,
healthy. Nor does it outlive its deadline by more than a grace, whatever holds it up: an alarm ends it, and where a
pattern is searched, which lets no handler of a signal run, a thread that asks nobody.
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
_WORDS_OF_ALARM = 0.1  # seconds that the alarm, which says why, has before the thread, which cannot
_PATTERNS = "lvs_rawcheck.checks.patterns"  # loaded by those who have one

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
    """End with UNHEALTHY if there is no verdict `seconds` and the grace from now, whatever the check hangs in.

    To be said once its parameters have been read: only a check that has a pattern needs the thread.
    """
    setitimer(ITIMER_REAL, seconds + GRACE)
    if _PATTERNS in sys.modules:
        _end_search_after(seconds + GRACE + _WORDS_OF_ALARM)


def end_no_more() -> None:
    """Take `end_after` back: from now on it may take as long as it takes."""
    setitimer(ITIMER_REAL, 0.0)
    if _PATTERNS in sys.modules:
        import faulthandler

        faulthandler.cancel_dump_traceback_later()


def verdict_given(status: int) -> None:
    """End with `status` if the words that follow a verdict are not written within the grace: nobody reads the pipe."""
    end_no_more()
    signal(SIGALRM, lambda number, frame: os._exit(status))
    setitimer(ITIMER_REAL, GRACE)


def ignore_signals() -> None:
    """Let nothing come between the last word and the exit status: the interpreter drops its handlers before it ends.

    Only SIGKILL is left then, and nothing to wait in either.
    """
    for number in _DEADLY:
        signal(number, SIG_IGN)


def _end_search_after(seconds: float) -> None:
    """End with status 1 `seconds` from now, even in the middle of a search; SIGTERM before that ends it then as well.

    `re` holds the interpreter while it searches, and looks for signals only on some of its ways. faulthandler's thread
    needs no interpreter: it calls _exit(1), which is UNHEALTHY, after a traceback that nobody wants here. That is for a
    process with one check. A program that runs for long must let another process search, one that it can do without.
    """
    import faulthandler  # only for those who search

    try:
        # faulthandler keeps the file, and closes it
        faulthandler.dump_traceback_later(seconds, exit=True, file=open(os.devnull, "wb"))  # noqa: SIM115
    except (OSError, RuntimeError):
        return  # no file or no thread to be had: the alarm still ends all but a search


def _exit_unhealthy(number: int, frame: object) -> None:
    """Say why there is no verdict, since keepalived takes it for a failed check, and end."""
    log_line(LOG_ERR, f"ended by signal {number} before the verdict: {' '.join(sys.argv[1:])}")
    # At once: an exception could be caught on its way out, and turn into a verdict.
    os._exit(UNHEALTHY)
