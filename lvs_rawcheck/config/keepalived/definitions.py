# SPDX-License-Identifier: GPL-2.0-or-later
"""Definitions: `$NAME=text`, and `$NAME` or `${NAME}` where they are used.

Follows check_definition, find_definition and replace_param in keepalived's lib/parser.c. A definition is a macro, put
in where it is used; it may name others, and change between two uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lvs_rawcheck.config.keepalived.lines import BLANKS, DEFINITION, LONG_LINE, UNKNOWABLE, Line, Mark, Version

MAXBUF = 1024  # octets of a line with its terminating NUL, lib/parser.h
_ENVIRONMENT_SINCE: Version = (2, 4, 0)
_NAME = rb"[A-Za-z_][A-Za-z0-9_]*"
_ASSIGNMENT = re.compile(rb"\$(" + _NAME + rb")=[ \t]*")
_USE = re.compile(rb"\$(?:\{(" + _NAME + rb")([ 0-9]*)\}|(" + _NAME + rb")(?=[ \t,)]|\Z))", re.DOTALL)
_ENVIRONMENT_USE = re.compile(rb"\$\{_ENV +[^}]*\}")
# Each replacement either makes the line longer (it ends at MAXBUF) or shorter; only one that names itself goes on.
_REPLACEMENTS_MAX = 4 * MAXBUF
# Lines in which definitions are put in, all together: real configurations stay far below.
REPLACED_OCTETS_MAX = 64 << 20
OUTGROWN = Mark(LONG_LINE, f"a definition would make it longer than {MAXBUF - 1} octets, and is not put in")


class EndlessDefinition(Exception):
    """A definition that stands for itself, or lines that never end because of one: keepalived gets no further."""


class Definition:
    """One definition. lines: its text, one line or more; several_lines: it was written with backslashes at line ends.

    function: what finds the text of a built-in one, None for a written one. marks: of the line that made it.
    """

    __slots__ = ("function", "lines", "marks", "several_lines")

    def __init__(
        self, lines: list[bytes], marks: tuple[Mark, ...] = (), function: Callable[[Line], bytes] | None = None
    ) -> None:
        self.lines = lines
        self.several_lines = False
        self.marks = marks
        self.function = function


class Definitions:
    """All definitions at one moment of a reading."""

    __slots__ = ("_known", "_octets_left", "_version")

    def __init__(self, config_id: str | None, version: Version) -> None:
        self._version = version
        self._octets_left = REPLACED_OCTETS_MAX
        self._known: dict[bytes, Definition] = {
            b"_PWD": Definition([], function=lambda line: line.file.directory.encode("utf-8", "surrogateescape")),
            b"_INSTANCE": Definition([(config_id or "").encode("utf-8", "surrogateescape")]),
            b"_RANDOM": Definition([b"0"], (Mark(UNKNOWABLE, "a random number stands in the line"),)),
            b"_HASH": Definition([b"#"]),
            b"_BANG": Definition([b"!"]),
        }

    def set(self, name: bytes, text: bytes, marks: tuple[Mark, ...] = ()) -> None:
        """Define a name, or define it anew."""
        self._known[name] = Definition([text], marks)

    def define(self, line: Line) -> Definition | None:
        """Return the definition that a line makes, None if it makes none."""
        match = _ASSIGNMENT.match(line.text)
        if match is None:
            return None
        text = line.text[match.end() :]
        several = text.endswith(b"\\")
        definition = Definition([text], line.marks)
        if several:
            first = text[:-1].rstrip(BLANKS)
            definition.lines = [first] if first else []
            definition.several_lines = True
        self._known[match[1]] = definition
        return definition

    def replace(self, line: Line) -> tuple[Line, list[list[Line]]]:
        """Return the line with all definitions put in, and for each one of several lines the further ones.

        The last of them is what comes next, the first what comes last. Raises EndlessDefinition.
        """
        further: list[list[Line]] = []
        place = 0
        for _ in range(_REPLACEMENTS_MAX):
            match = self._next_use(line.text, place)
            if match is None:
                return line, further
            definition = self._find(match, line.text)
            if definition is None:
                place = match.start() + 1
                continue
            place = match.start()
            text, rest = self._text(definition, line)
            if len(line.text) + len(text) - len(match[0]) >= MAXBUF:
                return (line if OUTGROWN in line.marks else line.marked(OUTGROWN)), further
            reference = line.part(match.start(), match.end())
            name = (match[1] or match[3] or b"_ENV").decode()
            marks = (Mark(DEFINITION, f"it uses the definition {name}"), *definition.marks)
            if rest:
                further.append([reference.standing_for(each).marked(*line.marks, *marks) for each in rest])
            self._octets_left -= len(line.text)
            if self._octets_left < 0:
                raise EndlessDefinition
            line = line.replaced(match.start(), match.end(), text, marks)
            if text.lstrip(BLANKS).startswith(b"~"):
                return line, further
        raise EndlessDefinition

    def _next_use(self, text: bytes, place: int) -> re.Match[bytes] | None:
        found = _USE.search(text, place)
        if self._version >= _ENVIRONMENT_SINCE:
            environment = _ENVIRONMENT_USE.search(text, place)
            if environment and (found is None or environment.start() < found.start()):
                return environment
        return found

    def _find(self, match: re.Match[bytes], text: bytes) -> Definition | None:
        if match.re is _ENVIRONMENT_USE:
            return Definition([b""], (Mark(UNKNOWABLE, "it depends on keepalived's environment"),))
        name = match[1] or match[3]
        definition = self._known.get(name)
        if definition is None or (definition.several_lines and match.end() != len(text)):
            return None
        parameters = (match[2] or b"").strip(b" ")
        if parameters and (name != b"_RANDOM" or match[2].endswith(b" ")):
            return None
        return definition

    @staticmethod
    def _text(definition: Definition, line: Line) -> tuple[bytes, list[bytes]]:
        if definition.function is not None:
            return definition.function(line), []
        if not definition.lines:
            return b"", []
        return definition.lines[0], definition.lines[1:]
