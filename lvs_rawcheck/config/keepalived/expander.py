# SPDX-License-Identifier: GPL-2.0-or-later
"""From physical lines to logical ones: conditions, definitions, sequences, includes, and the splitting at braces.

Follows read_line in keepalived's lib/parser.c. One physical line gives any number of logical ones, each of which is a
brace, or words without one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NoReturn

from lvs_rawcheck.config.findings import Findings
from lvs_rawcheck.config.keepalived.definitions import MAXBUF, OUTGROWN, Definition, Definitions, EndlessDefinition
from lvs_rawcheck.config.keepalived.files import include_pattern
from lvs_rawcheck.config.keepalived.lines import (
    ASSIGNMENT,
    CONDITION,
    INCLUDE,
    SEQUENCE,
    Line,
    Mark,
    Version,
    decomment,
)
from lvs_rawcheck.config.keepalived.sequences import Sequence, SequenceError, parse_sequence

LINES_MAX = 3_000_000
# A line has fewer octets than that, so it falls into fewer pieces, unless a definition makes it grow for ever.
PIECES_MAX = 4 * MAXBUF
_QUOTED_OR_BRACE = re.compile(rb'"[^"]*"|[{}]')
_CONDITION = re.compile(rb"@(\^?)([^ \t]*)([ \t]+|\Z)")
Include = Callable[[Line, str], None]


class EndOfReading(Exception):
    """Nothing more can be read: a finding says why."""


class Expander:
    """The state of one process's reading. config_id: which node this is read for; None: nobody said."""

    def __init__(self, config_id: str | None, version: Version, findings: Findings, include: Include) -> None:
        self._config_id = None if config_id is None else config_id.encode("utf-8", "surrogateescape")
        self._version = version
        self._findings = findings
        self._include = include
        self._definitions = Definitions(config_id, version)
        self._collecting: Definition | None = None
        self._sequences: list[Sequence] = []
        self._further: list[tuple[list[Line], int]] = []
        self._lines_left = LINES_MAX

    def is_plain(self, line: Line | None) -> bool:
        """Return whether a physical line means itself here."""
        return self._collecting is None and (line is None or line.is_literal)

    def expand(self, physical: Line | None) -> Iterator[Line]:
        """Yield the logical lines that a physical one means; None is a blank line."""
        pending = self._collected(physical)
        while pending is not None:
            line = self._meaning(pending)
            pending = None
            pieces = 0
            while line is not None:
                pieces += 1
                if pieces > PIECES_MAX:
                    self._endless(line)
                self._count(line)
                first, rest = split_at_brace(line)
                if first.text:
                    yield first
                line = None if rest is None else self._meaning(rest)
            pending = self._next_pending()

    def _count(self, line: Line) -> None:
        self._lines_left -= 1
        if self._lines_left < 0:
            self._findings.error(line.span, "expansion", f"this stands for more than {LINES_MAX} lines: too many")
            raise EndOfReading

    def _next_pending(self) -> Line | None:
        """Return the next line that a sequence or a definition of several lines still owes, None if none does."""
        while True:
            depth = self._further[-1][1] if self._further else 0
            if len(self._sequences) > depth:
                line = self._next_round()
            elif self._further:
                line = self._next_further()
            else:
                return None
            if line is not None and line.text:
                kept = self._collected(line)
                if kept is not None:
                    return kept

    def _next_round(self) -> Line | None:
        sequence = self._sequences[-1]
        self._count(sequence.text)
        try:
            assignment = next(sequence.assignments)
        except StopIteration:
            self._sequences.pop()
            return None
        for name, value in assignment:
            self._definitions.set(name, value, sequence.text.marks)
        return sequence.text

    def _next_further(self) -> Line:
        lines, _ = self._further[-1]
        line = lines.pop(0)
        if not lines:
            self._further.pop()
        return line

    def _collected(self, line: Line | None) -> Line | None:
        """Return the line, or None if it belongs to a definition of several lines, or is blank."""
        if self._collecting is None or line is None:
            self._end_definition()
            return line
        text = line.text
        line.file.touch(line.span.start, ASSIGNMENT, "it belongs to a definition")
        if text.endswith(b"\\"):
            text = text[:-1].rstrip(b" \t")
            if text:
                self._collecting.lines.append(text)
        else:
            # The flag is cleared before the line is added: a name and one line is a definition like any other.
            collecting = self._collecting
            self._end_definition()
            collecting.lines.append(text)
        return None

    def _end_definition(self) -> None:
        if self._collecting is not None and not self._collecting.lines:
            self._collecting.several_lines = False
        self._collecting = None

    def _meaning(self, line: Line) -> Line | None:
        """Return what is to be split at braces, None if the line has done its work."""
        again = True
        while again:
            again = False
            if line.text.startswith(b"@"):
                kept = self._condition(line)
                if kept is None:
                    return None
                line = kept
            if not line.text or self._defines(line) or self._begins_sequence(line):
                return None
            if line.text.startswith(b"~"):
                return line
            if b"$" in line.text:
                replaced = self._replaced(line)
                if replaced is line:
                    break
                if OUTGROWN in replaced.marks and OUTGROWN not in line.marks:
                    line = replaced
                    break
                line, _ = decomment(replaced, self._version)
                again = line.text.startswith(b"@") or b"$" in line.text
                if line.text.startswith(b"@"):
                    self._findings.error(
                        line.span, "mangled", "a condition comes out of a definition: keepalived garbles such a line"
                    )
        if not line.text:
            return None
        pattern = include_pattern(line.text)
        if pattern is None:
            return line
        line.file.touch(line.span.start, INCLUDE, "it includes other files")
        self._include(line, pattern)
        return None

    def _condition(self, line: Line) -> Line | None:
        """Return the rest of a line that begins with @id or @^id, None if it is not meant for this node."""
        match = _CONDITION.match(line.text)
        assert match is not None
        condition = match[0].rstrip().decode("utf-8", "backslashreplace")
        line.file.touch(line.span.start, CONDITION, f"it is read on some nodes only ({condition})")
        if self._config_id is None:
            self._findings.error(
                line.span, "condition", f"{condition}: which node is meant? The configuration's id has to be given"
            )
        if not match[3] or (match[2] == self._config_id) == bool(match[1]):
            return None
        return line.part(match.end(), len(line.text)).marked(
            Mark(CONDITION, f"it is read on some nodes only ({condition})")
        )

    def _defines(self, line: Line) -> bool:
        if not line.text.startswith(b"$"):
            return False
        definition = self._definitions.define(line)
        if definition is None:
            return False
        line.file.touch(line.span.start, ASSIGNMENT, "it makes a definition")
        if definition.several_lines:
            self._collecting = definition
        return True

    def _begins_sequence(self, line: Line) -> bool:
        if not line.text.startswith((b"~SEQ", b"~LST")):
            return False
        sentence = "it stands for several lines (~SEQ or ~LST)"
        line.file.touch(line.span.start, SEQUENCE, sentence)
        try:
            sequence = parse_sequence(line, self._definitions)
        except SequenceError as problem:
            self._findings.error(line.span, "sequence", str(problem))
        except EndlessDefinition:
            self._endless(line)
        else:
            sequence.text = sequence.text.marked(Mark(SEQUENCE, sentence))
            self._sequences.append(sequence)
        return True

    def _replaced(self, line: Line) -> Line:
        try:
            replaced, further = self._definitions.replace(line)
        except EndlessDefinition:
            self._endless(line)
        if replaced is not line:
            for mark in replaced.marks:
                line.file.touch(line.span.start, mark.kind, mark.sentence)
            if OUTGROWN in replaced.marks:
                self._findings.error(line.span, "long-line", OUTGROWN.sentence)
        for lines in further:
            self._further.append((lines, len(self._sequences)))
        return replaced

    def _endless(self, line: Line) -> NoReturn:
        self._findings.error(line.span, "expansion", "a definition never ends here: keepalived would not get past it")
        raise EndOfReading


def split_at_brace(line: Line) -> tuple[Line, Line | None]:
    """Return what comes before the first brace outside double quotes, or that brace; and the rest, if any.

    An open quote ends the search. A brace inside quotes does not count, one after a backslash does.
    """
    text = line.text
    if text[0:1] in (b"{", b"}"):
        return line.part(0, 1), _rest(line, 1)
    for match in _QUOTED_OR_BRACE.finditer(text, 0, text.rindex(b'"') if text.count(b'"') % 2 else len(text)):
        if match[0] in (b"{", b"}"):
            return line.trimmed(0, match.start()), _rest(line, match.start())
    return line, None


def _rest(line: Line, place: int) -> Line | None:
    rest = line.trimmed(place, len(line.text))
    return rest if rest.text else None
