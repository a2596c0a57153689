# SPDX-License-Identifier: GPL-2.0-or-later
"""Where PCRE2 and Perl differ from each other, and the switches that both have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flags:
    """What can change inside a pattern, by (?i) and its like; pcre2pattern(3) "Internal option setting"."""

    caseless: bool = False
    multiline: bool = False
    dotall: bool = False
    extended: bool = False
    no_auto_capture: bool = False
    dupnames: bool = False
    ungreedy: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One language of patterns, as far as it is decided before the first octet is read."""

    name: str
    flag_letters: dict[str, str]
    """What may stand in (?...): letter to field of Flags."""
    caret_resets: frozenset[str]
    """The fields that (?^) sets to False."""
    most_repeats: int
    """The greatest count in braces."""
    longest_name: int
    """Characters in the name of a group."""
    quotation: bool
    r"""Whether \Q...\E quotes."""
    single_octet: bool
    r"""Whether \C is one octet."""
    brace_after_escape: bool
    """Whether a { that begins no quantifier is itself even after an escape, as it is after anything else."""
    dot_keeps_carriage_return: bool
    r"""Whether `.*` never gives a \r back to a \R after it: PCRE2 10.42's auto-possession takes them for disjoint."""
    utf: bool = False
    ucp: bool = False
    dollar_endonly: bool = False
    allow_empty_class: bool = False
    alt_bsux: bool = False
    alt_circumflex: bool = False
    match_unset_backref: bool = False
