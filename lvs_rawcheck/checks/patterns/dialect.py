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
    possesses_wrongly: bool
    r"""Whether repeats are made possessive that should not be, as PCRE2 10.42 does by itself.

    `.*\R` never gives back a \r; neither does `b+` give back anything before `(?>(a)?)b` (pcre2_auto_possess.c).
    """
    newline_sequences_repeat: bool
    r"""Whether \R can be repeated: Perl 5.36 gives back a \r\n by halves."""
    utf: bool = False
    ucp: bool = False
    dollar_endonly: bool = False
    allow_empty_class: bool = False
    alt_bsux: bool = False
    alt_circumflex: bool = False
    match_unset_backref: bool = False
