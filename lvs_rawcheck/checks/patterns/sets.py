# SPDX-License-Identifier: GPL-2.0-or-later
"""Literals, the dot, and sets in brackets."""

from __future__ import annotations

import re

from lvs_rawcheck.checks.patterns.dialect import Dialect, Flags
from lvs_rawcheck.checks.patterns.fragment import Fragment
from lvs_rawcheck.checks.patterns.octet_sets import (
    BEYOND,
    DIGIT,
    HORIZONTAL_SPACE,
    NEWLINE,
    OCTETS,
    POSIX_CLASSES,
    SPACE,
    UTF_CHARACTERS,
    VERTICAL_SPACE,
    WORD,
    CharacterSet,
    both_cases,
    octet_text,
    set_text,
)
from lvs_rawcheck.checks.patterns.source import END, Source

# UTF-8, one character: RFC 3629 section 4, laxly; decoding is strict.
_UTF_CHARACTER = re.compile(rb"[\x00-\x7f]|[\xc2-\xf4][\x80-\xbf]{1,3}")
_POSIX = re.compile(rb"\[:(\^?)([a-z]+):\]")
_POSIX_ALONE = re.compile(rb"\[([:.=])[^\]]*\1\]")
_OCTAL = re.compile(rb"\\0([0-7]{0,2})")
_BRACED_OCTAL = re.compile(rb"\\o\{([0-7]+)\}")
_HEXADECIMAL = re.compile(rb"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_CONTROL = re.compile(rb"\\c([@-\[\]-_?a-z])")
_CONTROL_BIT = 0x40
_CHARACTER_ESCAPES = {ord("a"): 7, ord("e"): 0x1B, ord("f"): 0x0C, ord("n"): 0x0A, ord("r"): 0x0D, ord("t"): 9}
_BACKSPACE = 8
_TYPES = {"d": DIGIT, "h": HORIZONTAL_SPACE, "s": SPACE, "v": VERTICAL_SPACE, "w": WORD}
# With utf and caseless: K is also U+212A, S also U+017F (Unicode CaseFolding.txt).
_FOLDED_FROM_BEYOND = b"kKsS"


class Sets:
    """The reader of whatever matches exactly one character."""

    def __init__(self, source: Source, dialect: Dialect) -> None:
        self._source = source
        self._dialect = dialect
        self.knows_no_newline = False
        r"""Whether a dot that is no newline, or \N, has been read."""
        self._all = UTF_CHARACTERS if dialect.utf else OCTETS

    def dot(self, flags: Flags) -> CharacterSet:
        """Return what a dot matches."""
        return self._all if flags.dotall else self.no_newline()

    def no_newline(self) -> CharacterSet:
        r"""Return what \N matches."""
        self.knows_no_newline = True
        return self._all - NEWLINE

    def inverted(self, characters: CharacterSet) -> CharacterSet:
        """Return all others."""
        return self._all - characters

    def fragment(self, characters: CharacterSet, begin: int, flags: Flags) -> Fragment:
        """Return what matches one character of the set."""
        self._judge_folding(characters, begin, flags)
        longest = 4 if self._dialect.utf and BEYOND in characters else 1
        # What matches nothing has no length either, as PCRE2 counts it.
        return Fragment(set_text(characters), 1, longest if characters else None)

    def _judge_folding(self, characters: CharacterSet, begin: int, flags: Flags) -> None:
        if not flags.caseless:
            return
        if self._dialect.ucp:
            self._source.refuse(begin, "caseless with ucp folds more than ASCII; leave one of them out")
        if self._dialect.utf and any(
            (letter in characters) != (BEYOND in characters) for letter in _FOLDED_FROM_BEYOND
        ):
            self._source.refuse(begin, "caseless with utf, k and s have a third case; leave one option out")

    # One character.

    def read_literal(self, flags: Flags) -> Fragment:
        """Read a character that stands for itself."""
        begin = self._source.place
        octet = self._source.take()
        return self.literal(self._whole_character(octet, begin), begin, flags)

    def _whole_character(self, octet: int, begin: int) -> int:
        """Return the code of the character that this octet begins: itself, or with utf the one that follows."""
        if octet < BEYOND or not self._dialect.utf:
            return octet
        pattern, offset = self._source.pattern, self._source.offset(begin)
        found = _UTF_CHARACTER.match(pattern, offset)
        try:
            character = ord((found[0] if found else b"\xff").decode())
        except UnicodeDecodeError:
            self._source.refuse(begin, "not UTF-8, which the option utf says")
        for _ in range(len(chr(character).encode()) - 1):
            self._source.take()
        return character

    def literal(self, character: int, begin: int, flags: Flags) -> Fragment:
        """Return what matches this character: an octet, or with utf a code point."""
        if character < BEYOND or not self._dialect.utf:
            single = frozenset({character})
            return self.fragment(both_cases(single) if flags.caseless else single, begin, flags)
        if flags.caseless:
            self._source.refuse(begin, "caseless with utf folds more than ASCII; leave one of them out")
        octets = chr(character).encode()
        return Fragment("".join(map(octet_text, octets)), len(octets), len(octets), single=False)

    def read_character_escape(self) -> int | None:
        """Read an escape that means one character, and return its code; None where none comes next."""
        source = self._source
        begin = source.place
        if self._dialect.alt_bsux and (source.at(rb"\x") or source.at(rb"\u") or source.at(rb"\U")):
            source.refuse(begin, r"means something else with alt_bsux; write the character, or its number as \o{...}")
        if octal := source.match(_OCTAL):
            return int(octal[1] or b"0", 8)
        if octal := source.match(_BRACED_OCTAL):
            return self._judged_code(int(octal[1], 8), begin)
        if hexadecimal := source.match(_HEXADECIMAL):
            return self._judged_code(int(hexadecimal[1] or hexadecimal[2], 16), begin)
        if control := source.match(_CONTROL):
            return control[1].upper()[0] ^ _CONTROL_BIT
        source.take()
        following = source.peek()
        if following == END or following > 255:
            source.refuse(begin, r"a backslash before nothing; write \\ for itself")
        if following in _CHARACTER_ESCAPES:
            source.take()
            return _CHARACTER_ESCAPES[following]
        if following < BEYOND and chr(following).isalnum():
            source.place = begin
            return None
        at = source.place
        return self._whole_character(source.take(), at)

    def _judged_code(self, code: int, begin: int) -> int:
        surrogate = 0xD800 <= code <= 0xDFFF
        if code > (0x10FFFF if self._dialect.utf else 0xFF) or surrogate:
            self._source.refuse(
                begin, "no character has that number" if self._dialect.utf else "no octet has that number"
            )
        return code

    def read_type_escape(self, flags: Flags) -> CharacterSet | None:
        r"""Read \d \h \s \v \w or one in capitals, and return its set; None where none comes next."""
        source = self._source
        begin = source.place
        for letter, characters in _TYPES.items():
            inverse = source.skip(f"\\{letter.upper()}".encode())
            if inverse or source.skip(f"\\{letter}".encode()):
                self._judge_type(letter, begin)
                return self.inverted(characters) if inverse else characters
        return None

    def _judge_type(self, letter: str, begin: int) -> None:
        if self._dialect.ucp and letter in "dsw":
            self._source.refuse(begin, "with ucp it goes by Unicode's properties; write a set like [0-9A-Za-z_]")
        if self._dialect.utf and letter in "hv":
            self._source.refuse(begin, r"with utf it has characters beyond ASCII; write a set like [ \t] or [\r\n]")

    # Sets in brackets.

    def read_set(self, flags: Flags) -> CharacterSet:
        """Read [...] and return all that it matches, both cases where the pattern is caseless."""
        source = self._source
        begin = source.place
        if source.match(_POSIX_ALONE):
            source.refuse(begin, "a POSIX class stands in a set; write it in two pairs of brackets")
        source.take()
        negative = source.skip(b"^")
        characters: CharacterSet = frozenset()
        first = source.place
        while (source.place == first and not self._dialect.allow_empty_class) or not source.at(b"]"):
            if source.peek() == END:
                source.place = begin + 1
                source.refuse(begin, r"opens a set that is never closed; write \[ for itself")
            characters |= self._read_members(flags)
        source.take()
        if flags.caseless:
            characters = both_cases(characters)
        return self.inverted(characters) if negative else characters

    def _read_members(self, flags: Flags) -> CharacterSet:
        source = self._source
        begin = source.place
        members = self._read_posix_class(flags) or self.read_type_escape(flags)
        if members is not None:
            if source.at(b"-") and not source.at(b"-]"):
                source.refuse(begin, r"no range begins with a set; write \- for a hyphen")
            return members
        low = self._read_member()
        if not source.at(b"-") or source.at(b"-]"):
            return frozenset({low})
        source.take()
        if source.at(b"[:") or (source.at(b"\\") and self._type_follows(flags)):
            source.refuse(begin, r"no range ends with a set; write \- for a hyphen")
        high = self._read_member()
        if high < low:
            source.refuse(begin, "the greater end comes first; turn the two round")
        return frozenset(range(low, high + 1))

    def _type_follows(self, flags: Flags) -> bool:
        place = self._source.place
        found = self.read_type_escape(flags)
        self._source.place = place
        return found is not None

    def _read_posix_class(self, flags: Flags) -> CharacterSet | None:
        source = self._source
        begin = source.place
        found = source.match(_POSIX)
        if found is None:
            if any(source.at(opening) for opening in (b"[:", b"[.", b"[=")):
                source.refuse(begin, r"no POSIX class; write \[ for itself")
            return None
        characters = POSIX_CLASSES.get(found[2].decode())
        if characters is None:
            source.refuse(begin, f"no such class; there are {' '.join(POSIX_CLASSES)}")
        if self._dialect.ucp:
            source.refuse(begin, "with ucp it goes by Unicode's properties; write a set like [0-9A-Za-z]")
        # Caseless, [:^upper:] is all but letters (PCRE2's own words), not all that has another case.
        if flags.caseless:
            characters = both_cases(characters)
        return self.inverted(characters) if found[1] else characters

    def _read_member(self) -> int:
        """Read one character of a set and return its code."""
        source = self._source
        begin = source.place
        if source.skip_nothing():
            source.refuse(begin, "an empty quotation in a set; leave it out")
        if source.skip(rb"\b"):
            return _BACKSPACE
        if not source.at(b"\\"):
            if source.peek() == END:
                source.refuse(begin, "the set is never closed")
            code = self._whole_character(source.take(), begin)
        else:
            escaped = self.read_character_escape()
            if escaped is None:
                source.place = begin + 2
                source.refuse(begin, r"no such escape in a set; write an octet as \x2f")
            code = escaped
        if self._dialect.utf and code >= BEYOND:
            source.refuse(begin, "a character beyond ASCII in a set; write alternatives (?:...|...)")
        return code
