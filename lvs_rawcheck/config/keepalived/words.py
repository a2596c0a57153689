# SPDX-License-Identifier: GPL-2.0-or-later
"""The two tokenisers of keepalived's lib/parser.c: for values (alloc_strvec_r), and for scripts and patterns
(alloc_strvec_quoted_escaped)."""

from __future__ import annotations

import re
from functools import lru_cache

from lvs_rawcheck.config.tree import to_text

# A double quote begins and ends a word wherever it stands; there are no escapes. An open one loses the rest.
_WORD = re.compile(rb'"([^"]*)"|[^ \t\f\n\r\v"]+')
UNCLOSED_QUOTE = "a double quote is left open: the rest of the line is lost"
_SCRIPT_BLANKS = " \t\f\n\r\v"
_PLAIN = {
    "": re.compile(r"[^ \t\f\n\r\v'\"\\]+"),
    '"': re.compile(r'[^"\\]+'),
    "'": re.compile(r"[^'\\]+"),
}
_NAMED = {"a": "\a", "b": "\b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_HEX = re.compile(r"x([0-9a-fA-F]+)")
_OCTAL = re.compile(r"[0-7]{1,3}")


def words_of(text: bytes) -> list[str]:
    """Return the words of a line; what follows a quote that never closes is lost."""
    return list(_words(text))


@lru_cache(maxsize=4096)  # a site's lines are much the same from server to server
def _words(text: bytes) -> tuple[str, ...]:
    if b'"' not in text:
        return tuple([to_text(word) for word in text.split()])
    return tuple([to_text(text[first:last]) for first, last in _ranges(text)])


def _ranges(text: bytes) -> list[tuple[int, int]]:
    """Return for each word where its content begins and ends, without the quotes around it."""
    found = []
    end = len(text)
    if text.count(b'"') % 2:
        end = text.rindex(b'"')
    for match in _WORD.finditer(text, 0, end):
        quotes = 0 if match[1] is None else 1
        found.append((match.start() + quotes, match.end() - quotes))
    return found


def script_words(text: str) -> list[str] | None:
    """Return the words of a script's or pattern's line, quotes and escapes resolved; None if it cannot be read."""
    words: list[str] = []
    place = 0
    while True:
        while place < len(text) and text[place] in _SCRIPT_BLANKS:
            place += 1
        if place == len(text):
            return words
        read = _script_word(text, place)
        if read is None:
            return None
        word, place = read
        words.append(word)


def _script_word(text: str, place: int) -> tuple[str, int] | None:
    """Return the word that begins at a place and where it ends; None if a quote or an escape lacks its end."""
    parts: list[str] = []
    quote = ""
    while place < len(text):
        if match := _PLAIN[quote].match(text, place):
            parts.append(match[0])
            place = match.end()
            continue
        character = text[place]
        place += 1
        if character == "\\":
            if place == len(text):
                return None
            unescaped, place = _escape(text, place)
            parts.append(unescaped)
        elif quote:
            quote = ""
        elif character in "'\"":
            quote = character
        else:
            return "".join(parts), place
    return None if quote else ("".join(parts), place)


def _escape(text: str, place: int) -> tuple[str, int]:
    """Return the character that the escape after a backslash means, and where it ends."""
    if match := _HEX.match(text, place):
        return _octet(int(match[1], 16)), match.end()
    if text[place] == "c" and place + 1 < len(text):
        return chr(ord(text[place + 1]) & 0x1F), place + 2
    if match := _OCTAL.match(text, place):
        return _octet(int(match[0], 8)), match.end()
    return _NAMED.get(text[place], text[place]), place + 1


def _octet(number: int) -> str:
    """Return one octet as text, the number cut to 8 bits as a C char cuts it."""
    return to_text(bytes((number & 0xFF,)))
