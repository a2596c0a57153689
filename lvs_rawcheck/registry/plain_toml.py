# SPDX-License-Identifier: GPL-2.0-or-later
"""The TOML of service files as they are generated: a value a line, and nothing that could be read in two ways.

tomllib takes half of the processor time of a check that is a process of its own: it loads `re`, and that `enum`. What
is not as plain as here is left to it: strings with escapes, dates, comments behind values, all that is wrong. So what
comes out is what tomllib would say, or nothing.
"""

from __future__ import annotations

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_DIGITS = frozenset("0123456789")
_DIGITS_MOST = 15  # an integer, or a float without a loss
_WORDS = {"true": True, "false": False}


class _NotPlain(Exception):
    """It takes a whole parser."""


class _Document:
    """The tables of one file, as its lines are read."""

    def __init__(self) -> None:
        self.root: dict[str, object] = {}
        self._table = self.root
        self._arrays: dict[str, list[dict[str, object]]] = {}
        """The arrays of tables that can be added to, by their names as headers have them."""

    def begin_table(self, name: str) -> None:
        """Take in `[[name]]` or `[[outer.name]]`."""
        array = self._arrays.get(name)
        if array is None:
            outer, dot, key = name.rpartition(".")
            if dot and outer not in self._arrays:
                raise _NotPlain
            home = self._arrays[outer][-1] if dot else self.root
            array = []
            _put(home, key, array)
            self._arrays[name] = array
        for other in [each for each in self._arrays if each.startswith(f"{name}.")]:
            del self._arrays[other]  # those were of the table before
        self._table = {}
        array.append(self._table)

    def add(self, key: str, value: object) -> None:
        """Take in `key = value`."""
        _put(self._table, key, value)


def read_plain(text: str) -> dict[str, object] | None:
    """Return what tomllib.loads returns, None where that takes tomllib: the text is less plain, or wrong."""
    document = _Document()
    try:
        for line in text.split("\n"):
            _read_line(document, line)
    except _NotPlain:
        return None
    return document.root


def _read_line(document: _Document, line: str) -> None:
    if not line.isprintable():  # a tab, a carriage return, what TOML forbids
        raise _NotPlain
    if not line or line.startswith("#"):
        return
    if line.startswith("[[") and line.endswith("]]"):
        document.begin_table(line[2:-2])
        return
    key, _, value = line.partition(" = ")
    document.add(key, _value(value))


def _put(table: dict[str, object], key: str, value: object) -> None:
    if not key or not _BARE.issuperset(key) or key in table:
        raise _NotPlain
    table[key] = value


def _value(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if "\\" in text:
        raise _NotPlain
    if text[:1] == "[" and text[-1:] == "]":
        return _strings(text[1:-1])
    if text[:1] == '"':
        return _string(text)
    return _number(text)


def _string(text: str) -> str:
    if len(text) < 2 or text[-1] != '"' or '"' in text[1:-1]:
        raise _NotPlain
    return text[1:-1]


def _strings(text: str) -> list[str]:
    """Return those of a line: between the quotation marks they are and commas, by turns."""
    if not text:
        return []
    pieces = text.split('"')
    if len(pieces) % 2 == 0 or pieces[0] or pieces[-1] or any(each != ", " for each in pieces[2:-1:2]):
        raise _NotPlain
    return pieces[1::2]


def _number(text: str) -> int | float:
    whole, point, fraction = text.partition(".")
    digits = whole.removeprefix("-")
    if not digits or len(text) > _DIGITS_MOST or not _DIGITS.issuperset(digits + fraction):
        raise _NotPlain
    if (digits[0] == "0" and digits != "0") or (point and not fraction):
        raise _NotPlain
    return float(text) if point else int(text)
