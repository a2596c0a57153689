# SPDX-License-Identifier: GPL-2.0-or-later
r"""Regular expressions, our own and those of the programs that are replaced.

Three dialects end as one thing, a compiled pattern of Python's `re` on octets, to be used with `search`. keepalived's
PCRE2 and ldirectord's Perl are translated to the same meaning or refused with one sentence; never is a pattern passed
on to match something else, or nothing. What is kept is the match itself, not the names and numbers of its groups.

keepalived searches piece by piece (PCRE2_PARTIAL_HARD, over each part of the body as it was read), we the whole
body. So there a pattern that could go on at the very end of the body (`ok$` with no newline after, `a+`) does not
match, and `^` matches wherever a read happened to begin. Both depend on the network; neither is imitated.

Time: `re` backtracks without limit, and holds the interpreter as it does. PCRE2 gives up after 10,000,000 steps, and
the match has failed. A pattern with one unbounded repeat inside another, like `(a+)+$`, needs time exponential in the
text, any other at most a power of its length, which the limit on the body bounds. There is no limit of steps here.
Nor do signals help: CPython's _sre.c looks for them every 4096 steps of one attempt, and where each of many attempts
takes fewer (`.*error`, `a.*b.*c`), never. So a one-shot has a thread that ends it soon after its deadline, with exit
status 1 (cli/exit_status.py); a program that runs for long must let another process search, and end that. Such a
pattern is the operator's to write otherwise, with an atomic group `(?>a+)` or a `^`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from lvs_rawcheck.checks.patterns.own import compile_pattern
from lvs_rawcheck.checks.patterns.pcre2 import from_pcre2
from lvs_rawcheck.checks.patterns.perl import from_perl
from lvs_rawcheck.errors import UsageError

__all__ = ["PATTERN_DIALECTS", "PatternReader", "compile_pattern", "from_pcre2", "from_perl", "pattern_reader"]


class PatternReader(Protocol):
    """Takes a pattern and the names of its options, in its dialect's words, and where the search will begin."""

    def __call__(self, pattern: str | bytes, options: Iterable[str] = (), search_from: int = 0, /) -> re.Pattern[bytes]:
        """Return the pattern compiled; UsageError."""


PATTERN_DIALECTS: dict[str, PatternReader] = {"python": compile_pattern, "pcre2": from_pcre2, "perl": from_perl}
"""What `regex_dialect` may be."""


def pattern_reader(dialect: str) -> PatternReader:
    """Return the reader of a dialect by its name; UsageError where there is none."""
    reader = PATTERN_DIALECTS.get(dialect)
    if reader is None:
        raise UsageError(f"no such dialect of regular expressions: {dialect}; there are {', '.join(PATTERN_DIALECTS)}")
    return reader
