# SPDX-License-Identifier: GPL-2.0-or-later
r"""Escapes outside sets: \d and its like, places such as \b, references such as \1, and characters."""

from __future__ import annotations

import re

from lvs_rawcheck.checks.patterns.dialect import Dialect, Flags
from lvs_rawcheck.checks.patterns.fragment import Fragment, assertion
from lvs_rawcheck.checks.patterns.groups import Groups
from lvs_rawcheck.checks.patterns.octet_sets import OCTETS
from lvs_rawcheck.checks.patterns.sets import Sets
from lvs_rawcheck.checks.patterns.source import Source

_PLACES = {
    rb"\A": r"\A",
    rb"\Z": "$",
    rb"\z": r"\Z",
    rb"\b": r"\b",
    # Python's own \B does not match in an empty text (before 3.14).
    rb"\B": r"(?!\b)",
}
# Backslash-R: pcre2pattern(3) "Newline sequences", as built by default (BSR_UNICODE); perlrebackslash.
NEWLINE_SEQUENCE = r"(?>\r\n|[\n\x0b\x0c\r\x85])"
_NUMBERED = re.compile(rb"\\(?:([1-9])(?![0-9])|g([1-9][0-9]?)(?![0-9])|g\{([1-9][0-9]?)\})")
_RELATIVE = re.compile(rb"\\g(?:\{-([1-9][0-9]?)\}|-([1-9][0-9]?)(?![0-9]))")
_NAMED = re.compile(rb"\\(?:k(?:<(\w+)>|'(\w+)'|\{(\w+)\})|g\{([A-Za-z_]\w*)\})")
_MANY_DIGITS = re.compile(rb"\\[1-9][0-9]+")
_QUANTIFIED = re.compile(rb"\\N(?!\{(?!\d+(?:,\d*)?\}))")
_ANY_ESCAPE = re.compile(rb"\\.(?:\{[^}]*\}|<[^>]*>|'[^']*')?", re.DOTALL)
_UNSUPPORTED = {
    ord("K"): "the start of a match cannot be moved; leave it out, which changes nothing in whether there is one",
    ord("G"): r"write \A for the start of the text",
    ord("X"): "a user's character is known to Unicode only; write what is meant as octets",
    ord("p"): "Unicode's properties are unknown for octets; write a set like [A-Za-z]",
    ord("P"): "Unicode's properties are unknown for octets; write a set like [^A-Za-z]",
    ord("N"): "characters have no names here; write the octets as \\x2f",
    ord("x"): r"write two hexadecimal digits, as in \x0a",
    ord("o"): r"write octal digits in braces, as in \o{12}",
    ord("c"): r"write the octet as \x0a",
    ord("g"): r"only \g{1}, \g{-1} and \g{name} can be translated",
    ord("k"): "write the name as in \\k<name>",
    ord("C"): r"not allowed; write [\x00-\xff]",
}
_QUOTES = b"QELUlu"


class Escapes:
    """The reader of what a backslash begins, outside sets."""

    def __init__(self, source: Source, dialect: Dialect, groups: Groups, sets: Sets) -> None:
        self._source = source
        self._dialect = dialect
        self._groups = groups
        self._sets = sets
        self._newline_sequence: int | None = None

    def read(self, flags: Flags) -> Fragment:
        """Read an escape and return what it stands for."""
        source = self._source
        begin = source.place
        found = self._read_place(begin) or self._read_reference(flags) or self._read_octet(flags)
        if found is not None:
            return found
        characters = self._sets.read_type_escape(flags)
        if characters is not None:
            return self._sets.fragment(characters, begin, flags)
        self._judge_many_digits(begin)
        character = self._sets.read_character_escape()
        if character is not None:
            return self._sets.literal(character, begin, flags)
        self._refuse(begin)
        raise AssertionError("refused")

    def _read_place(self, begin: int) -> Fragment | None:
        source = self._source
        for escape, text in _PLACES.items():
            if source.skip(escape):
                if escape in (rb"\b", rb"\B"):
                    if self._dialect.ucp:
                        source.refuse(begin, "with ucp words go by Unicode's properties; write (?<![A-Za-z])")
                    if source.at(b"{"):
                        source.refuse(begin, r"only the plain \b is known; leave out what is in the braces")
                return assertion(text)
        return None

    def _read_reference(self, flags: Flags) -> Fragment | None:
        source = self._source
        begin = source.place
        if found := source.match(_NUMBERED):
            return self._groups.reference(int(found[1] or found[2] or found[3]), begin, flags)
        if found := source.match(_RELATIVE):
            number = self._groups.relative(int(found[1] or found[2]))
            return self._groups.reference(number, begin, flags)
        if found := source.match(_NAMED):
            name = next(name for name in found.groups() if name is not None)
            return self._groups.reference_by_name(name, begin, flags)
        return None

    def _read_octet(self, flags: Flags) -> Fragment | None:
        r"""Read \N, \C or \R."""
        source = self._source
        begin = source.place
        if source.match(_QUANTIFIED):
            return self._sets.fragment(self._sets.no_newline(), begin, flags)
        if self._dialect.utf and (source.skip(rb"\R") or source.skip(rb"\C")):
            source.refuse(begin, r"with utf it cannot be told in octets; write (?:\r\n|\n) or a dot")
        if source.skip(rb"\R"):
            self._newline_sequence = begin
            return Fragment(NEWLINE_SEQUENCE, 1, 2)
        if self._dialect.single_octet and source.skip(rb"\C"):
            return self._sets.fragment(OCTETS, begin, flags)
        return None

    def judge_newline_sequences(self) -> None:
        r"""Refuse a \R beside a dot, which the original gets wrong; asked when all has been read."""
        wrong = self._dialect.possesses_wrongly and self._sets.knows_no_newline
        if wrong and self._newline_sequence is not None:
            self._source.place = self._newline_sequence + 2
            self._source.refuse(self._newline_sequence, r"misread by PCRE2 beside a dot; write (?:\r\n|\n)")

    def _judge_many_digits(self, begin: int) -> None:
        if self._source.match(_MANY_DIGITS):
            self._source.refuse(
                begin, r"a reference or an octal number, by how many groups there are; write \g{10} or \x08"
            )

    def _refuse(self, begin: int) -> None:
        source = self._source
        letter = source.pattern[source.offset(begin) + 1]
        source.match(_ANY_ESCAPE)
        if letter in _QUOTES:
            source.refuse(
                begin, "quotes only in a program's text, not in a pattern read from a file; escape each character"
            )
        source.refuse(begin, _UNSUPPORTED.get(letter, "no such escape; leave the backslash out for the letter itself"))
