# SPDX-License-Identifier: GPL-2.0-or-later
r"""Perl's patterns: ldirectord's `receive`, as it stands in `=~ /$receive/`.

Perl puts the variable's text in place of its name before the pattern is compiled. So `$` and `@` in it are syntax of
patterns, not variables; \Q, \E, \L and \U, which Perl's own quoting would take out, reach the compiler, which takes
them for letters; code in the pattern is not allowed. No flag is set. Octets on both sides: /d rules, ASCII only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from lvs_rawcheck.checks.patterns.dialect import Dialect, Flags
from lvs_rawcheck.checks.patterns.own import as_octets, compile_octets
from lvs_rawcheck.checks.patterns.translator import Translator
from lvs_rawcheck.errors import UsageError

_MODIFIERS = {"i": "caseless", "m": "multiline", "s": "dotall", "x": "extended", "n": "no_auto_capture"}

PERL = Dialect(
    name="Perl",
    flag_letters=_MODIFIERS,
    caret_resets=frozenset(_MODIFIERS.values()),
    most_repeats=32766,  # perlre: the least REG_INFTY of any version
    longest_name=32,
    quotation=False,
    single_octet=False,
    brace_after_escape=False,
    possesses_wrongly=False,
    newline_sequences_repeat=False,
)


def from_perl(pattern: str | bytes, options: Iterable[str] = (), search_from: int = 0) -> re.Pattern[bytes]:
    """Return what matches exactly where Perl does; UsageError for what Python cannot say.

    options: the letters after the closing slash, i m s x n. ldirectord has none.
    search_from: the octet at which the search will begin.
    """
    octets = as_octets(pattern)
    if not octets:
        raise UsageError("Perl pattern: empty, which Perl takes for the last pattern that matched; leave it out")
    names = list(options)
    unknown = sorted(set(names) - set(_MODIFIERS))
    if unknown:
        raise UsageError(f"no such Perl modifier here: {unknown[0]}; there are {' '.join(_MODIFIERS)}")
    flags = replace(Flags(), dupnames=True, **{_MODIFIERS[name]: True for name in names})
    return compile_octets(Translator(octets, PERL, flags, search_from).translate())
