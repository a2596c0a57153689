# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of characters, and how Python's `re` writes them.

A character is an octet, 0..255. Where a pattern is read as UTF-8 it is ASCII, 0..127, or BEYOND, which stands for all
other characters together: Python sees octets only, and a set that tells those apart is refused by the reader.

The sets follow pcre2pattern(3) "Generic character types" and "POSIX character classes" in the C locale, which is
what keepalived's tables are (pcre2_compile with no tables of its own), and perlrecharclass under /d rules, which
hold as long as neither pattern nor text is marked as Unicode: ldirectord reads octets.
"""

from __future__ import annotations

import string
from collections.abc import Iterable

CharacterSet = frozenset[int]

BEYOND = 128
"""With UTF-8: every character that is not ASCII."""

OCTETS: CharacterSet = frozenset(range(256))
UTF_CHARACTERS: CharacterSet = frozenset(range(129))

# One character of UTF-8 that is not ASCII: RFC 3629 section 4.
NON_ASCII = (
    r"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    r"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)


def _of(characters: str) -> CharacterSet:
    return frozenset(characters.encode("ascii"))


NEWLINE = _of("\n")
DIGIT = _of(string.digits)
WORD = _of(string.ascii_letters + string.digits + "_")
SPACE = _of("\t\n\v\f\r ")
HORIZONTAL_SPACE = _of("\t ") | {0xA0}
VERTICAL_SPACE = _of("\n\v\f\r") | {0x85}

POSIX_CLASSES: dict[str, CharacterSet] = {
    "alnum": _of(string.ascii_letters + string.digits),
    "alpha": _of(string.ascii_letters),
    "ascii": frozenset(range(128)),
    "blank": _of("\t "),
    "cntrl": frozenset(range(32)) | {127},
    "digit": DIGIT,
    "graph": frozenset(range(33, 127)),
    "lower": _of(string.ascii_lowercase),
    "print": frozenset(range(32, 127)),
    "punct": _of(string.punctuation),
    "space": SPACE,
    "upper": _of(string.ascii_uppercase),
    "word": WORD,
    "xdigit": _of(string.hexdigits),
}

# What `re` repeats faster than any set: no more than a look for a newline, or a leap to the end.
_DOTS = {OCTETS - NEWLINE: ".", OCTETS: "(?s:.)"}

_UPPER = POSIX_CLASSES["upper"]
_LOWER = POSIX_CLASSES["lower"]
_CASE_BIT = 0x20


def both_cases(characters: CharacterSet) -> CharacterSet:
    """Return the set with the other case of each of its letters: ASCII only, as in the C locale."""
    return characters | {character ^ _CASE_BIT for character in characters if character in _UPPER | _LOWER}


def _ranges(characters: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for character in sorted(characters):
        if found and found[-1][1] == character - 1:
            found[-1] = (found[-1][0], character)
        else:
            found.append((character, character))
    return found


def octet_text(octet: int) -> str:
    """Return how a pattern of Python's writes one octet, in a set and outside: itself, or `\\x2e`."""
    character = chr(octet)
    return character if character.isascii() and character.isalnum() else f"\\x{octet:02x}"


def _octets_text(octets: CharacterSet) -> str:
    """Return a pattern that matches exactly one octet of the set; one that never matches where it is empty."""
    if octets in _DOTS:
        return _DOTS[octets]
    if len(octets) == 1:
        return octet_text(min(octets))
    if not octets:
        return "(?:(?!))"
    spans = (octet_text(a) + (f"-{octet_text(b)}" if b > a else "") for a, b in _ranges(octets))
    return f"[{''.join(spans)}]"


def set_text(characters: CharacterSet) -> str:
    """Return a pattern of Python's that matches one character of the set and can be repeated as it stands."""
    if BEYOND not in characters or max(characters) > BEYOND:
        return _octets_text(characters)
    return f"(?:{_octets_text(characters - {BEYOND})}|{NON_ASCII})"
