# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the man pages of debian/man, which keep to a few macros of mdoc(7), as what they tell: items and examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
MAN_FOLDER = CHECKOUT / "debian" / "man"
_WORD = re.compile(r'"[^"]*"|\S+')
_ESCAPES = {r"\e": "\\", r"\&": "", r"\(dq": '"', r"\(aq": "'"}
_ESCAPE = re.compile(r"\\e|\\&|\\\(..")
_INNER_MACROS = frozenset({"Ar", "Cm", "Fl", "Li", "Ns", "No", "Op", "Pa", "Ql", "Xr"})


@dataclass(frozen=True)
class Item:
    """One `.It`: an option, a key, a file. place: its section, subsection included; text: what is said of it."""

    place: tuple[str, str]
    names: tuple[str, ...]
    value: str | None
    takes_list: bool
    text: str
    default: str | None
    range: str | None


class ManPage:
    """One page, by the name of its file, such as `lvs-rawcheck.8`."""

    def __init__(self, file_name: str) -> None:
        self.path = MAN_FOLDER / file_name
        self.lines = self.path.read_text().splitlines()

    @property
    def name(self) -> str:
        """Return the page's name, without its section."""
        return self.path.name.rpartition(".")[0]

    def sections(self) -> list[str]:
        """Return the headings, in order."""
        return [line.removeprefix(".Sh ") for line in self.lines if line.startswith(".Sh ")]

    def section(self, heading: str) -> list[str]:
        """Return the lines of a section, none where there is none."""
        if heading not in self.sections():
            return []
        begin = self.lines.index(f".Sh {heading}") + 1
        rest = self.lines[begin:]
        end = next((number for number, line in enumerate(rest) if line.startswith(".Sh ")), len(rest))
        return rest[:end]

    def words_of(self, heading: str) -> str:
        """Return a section as one text."""
        return _text(self.section(heading))

    def items(self) -> Iterator[Item]:
        """Yield all items that have a name."""
        place, head, body = ("", ""), "", list[str]()
        for line in (*self.lines, ".Sh END"):
            if head and line.startswith((".It", ".El", ".Sh", ".Ss")):
                yield _item(place, head, body)
                head = ""
            if line.startswith(".Sh "):
                place = (line.removeprefix(".Sh "), "")
            elif line.startswith(".Ss "):
                place = (place[0], line.removeprefix(".Ss "))
            elif line.startswith(".It "):
                head, body = line, []
            elif head:
                body.append(line)

    def references(self) -> list[tuple[str, str]]:
        """Return name and section of each page that is named."""
        return [(found[1], found[2]) for found in re.finditer(r"^\.Xr (\S+) (\d)", "\n".join(self.lines), re.MULTILINE)]

    def displays(self, heading: str) -> list[str]:
        """Return the literal displays of a section."""
        text = "\n".join(self.section(heading))
        return [_unescaped(found[1]) for found in re.finditer(r"^\.Bd -literal.*\n([^\0]*?)^\.Ed", text, re.MULTILINE)]


def all_pages() -> list[ManPage]:
    """Return all pages."""
    return [ManPage(path.name) for path in sorted(MAN_FOLDER.iterdir())]


def _item(place: tuple[str, str], head: str, body: list[str]) -> Item:
    words = [word.strip('"') for word in _WORD.findall(head)][1:]
    names, value = [], None
    for macro, word in pairwise(words):
        if macro == "Fl":
            names.append(f"-{_unescaped(word)}")
        elif macro in ("Cm", "Pa"):
            names.append(word)
        elif macro == "Ar" and value is None:
            value = word
    told = {key: rest for line in body for key, colon, rest in [line.partition(": ")] if colon}
    text = _text(body)
    return Item(place, tuple(names), value, "(list)" in words, text, told.get("Default"), told.get("Range"))


def _text(lines: list[str]) -> str:
    """Return lines without their macros."""
    words = []
    for line in lines:
        if line.startswith("."):
            words += [word.strip('"') for word in _WORD.findall(line)[1:] if word not in _INNER_MACROS]
        else:
            words.append(line)
    return _unescaped(" ".join(words))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], text)
