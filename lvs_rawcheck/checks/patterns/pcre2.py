# SPDX-License-Identifier: GPL-2.0-or-later
"""PCRE2's patterns: keepalived's `regex` with its `regex_options` (check_http.c, keepalived.conf(5)).

The meaning is that of pcre2_compile() with the options, and of one pcre2_match() over the whole text, as its
interpreter has it. keepalived runs what PCRE2's JIT compiler makes of the pattern, and 10.42's departs from the
interpreter in rare places: `.(?>A+?|a)\\z` misses "aAA", and match_unset_backref is not kept in some that backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from lvs_rawcheck.checks.patterns.dialect import Dialect, Flags
from lvs_rawcheck.checks.patterns.own import as_octets, compile_octets
from lvs_rawcheck.checks.patterns.translator import Translator
from lvs_rawcheck.errors import UsageError

PCRE2 = Dialect(
    name="PCRE2",
    flag_letters={
        "i": "caseless",
        "m": "multiline",
        "s": "dotall",
        "x": "extended",
        "n": "no_auto_capture",
        "J": "dupnames",
        "U": "ungreedy",
    },
    caret_resets=frozenset({"caseless", "multiline", "dotall", "extended", "no_auto_capture"}),
    most_repeats=65535,
    longest_name=32,
    quotation=True,
    single_octet=True,
    brace_after_escape=True,
    possesses_wrongly=True,
    newline_sequences_repeat=True,
)

# The names are those of the table regex_options in check_http.c; the meanings, pcre2api(3).
_SWITCHES = frozenset(
    {"caseless", "multiline", "dotall", "extended", "no_auto_capture", "dupnames", "ungreedy"}  # fields of Flags
)
_SETTINGS = frozenset(
    {"utf", "ucp", "dollar_endonly", "allow_empty_class", "alt_bsux", "alt_circumflex", "match_unset_backref"}
)
# They tune the search, or change only what is refused here anyway: verbs, callouts, \C in its own option.
_WITHOUT_EFFECT = frozenset(
    {
        # Among them no_dotstar_anchor: what it keeps PCRE2 from saving would only make us slow.
        "alt_verbnames",
        "auto_callout",
        "never_ucp",
        "never_utf",
        "no_auto_possess",
        "no_dotstar_anchor",
        "no_start_optimize",
        "use_offset_limit",
    }
)
_CONTRADICTIONS = (("utf", "never_utf"), ("ucp", "never_ucp"))


def from_pcre2(pattern: str | bytes, options: Iterable[str] = (), search_from: int = 0) -> re.Pattern[bytes]:
    """Return what matches exactly where PCRE2 does; UsageError for what Python cannot say.

    options: names as in keepalived's `regex_options`, without PCRE2_ and in lower case. search_from: the octet at which
    the search will begin, PCRE2's start offset.
    With utf, what it does on octets that are not UTF-8 is PCRE2's to define, and it does not.
    """
    names = frozenset(options)
    _judge_options(names)
    flags = replace(Flags(), **dict.fromkeys(names & _SWITCHES, True))
    dialect = replace(PCRE2, **dict.fromkeys(names & _SETTINGS, True))
    if "never_backslash_c" in names:
        dialect = replace(dialect, single_octet=False)
    if "no_auto_possess" in names:
        dialect = replace(dialect, possesses_wrongly=False)
    return compile_octets(Translator(as_octets(pattern), dialect, flags, search_from).translate())


def _judge_options(names: frozenset[str]) -> None:
    if "firstline" in names:
        raise UsageError(r"PCRE2 option firstline cannot be translated; begin the pattern with \A\N* instead")
    unknown = names - _SWITCHES - _SETTINGS - _WITHOUT_EFFECT - {"never_backslash_c"}
    if unknown:
        raise UsageError(f"no such PCRE2 option: {min(unknown)}")
    for one, other in _CONTRADICTIONS:
        if {one, other} <= names:
            raise UsageError(f"PCRE2 options {one} and {other} contradict each other")
