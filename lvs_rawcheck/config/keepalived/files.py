# SPDX-License-Identifier: GPL-2.0-or-later
"""Files, and those that they include, as the physical lines that keepalived gets out of them.

Follows open_glob_file, check_glob_file and the fgets loop of read_line in keepalived's lib/parser.c. A relative name is
looked up in the directory of the file that includes it, since keepalived changes into that.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping

from lvs_rawcheck.config.disk import Unusable, read_regular_file
from lvs_rawcheck.config.findings import Findings
from lvs_rawcheck.config.keepalived.braces import TooManyAlternatives, alternatives
from lvs_rawcheck.config.keepalived.definitions import MAXBUF
from lvs_rawcheck.config.keepalived.lines import (
    BLANKS,
    LONG_LINE,
    Line,
    Mark,
    Version,
    closes_its_quotes,
    decomment,
    is_literal,
)
from lvs_rawcheck.config.keepalived.words import UNCLOSED_QUOTE
from lvs_rawcheck.config.tree import SourceFile, to_text
from lvs_rawcheck.errors import ConfigSyntaxError

NESTING_MAX = 100
FILES_MAX = 20_000
# Older ones cut a long line into pieces; from here on they drop it, and one that holds a NUL (lib/parser.c).
LONG_LINES_DROPPED: Version = (2, 4, 0)
_LINE_MAX = MAXBUF - 1  # octets with the newline: what fgets fills
_INCLUDE = re.compile(rb"include[rmwba]?[ \t\n\v\f\r][ \t]*")
# All of it, and nothing that a backslash at its end could begin.
_COMMENT_LINE = re.compile(rb"[ \t]*[#!](?:[^\0]*[^\0\\\r])?\r*")
_WILDCARDS = re.compile(r"[*?\[]")


def include_pattern(text: bytes) -> str | None:
    """Return what a line includes, None if it is no include line."""
    match = _INCLUDE.match(text)
    return None if match is None else to_text(text[match.end() :])


class Files:
    """The files of one configuration, each read once. overlay: octets to take instead of what a path holds."""

    def __init__(self, findings: Findings, version: Version, overlay: Mapping[str, bytes]) -> None:
        self.findings = findings
        self.version = version
        self.by_path: dict[str, SourceFile] = {}
        self._overlay = {os.path.realpath(path): octets for path, octets in overlay.items()}
        self.opened = 0

    def open_main(self, path: str) -> SourceFile:
        """Return the file that everything begins with; raises ConfigSyntaxError if keepalived would not read it."""
        try:
            return self._open(path)
        except Unusable as problem:
            raise ConfigSyntaxError(path, 0, 0, str(problem)) from None

    def matching(self, pattern: str, line: Line) -> list[SourceFile]:
        """Return the files that an include line means, in keepalived's order; what is wrong with others is noted."""
        found: list[SourceFile] = []
        try:
            names = list(alternatives(pattern))
        except TooManyAlternatives as problem:
            self.findings.error(line.span, "include", str(problem))
            return []
        for name in names:
            for path in self._paths(name, line):
                try:
                    found.append(self._open(path))
                except Unusable as problem:
                    self.findings.warn(line.span, "include", f"{path!r} is skipped: {problem}")
        return found

    def _paths(self, name: str, line: Line) -> list[str]:
        base = os.path.join(line.file.directory, name)
        if "\0" in name:
            self.findings.warn(line.span, "include", "nothing is included: a NUL stands in the name")
            return []
        if _WILDCARDS.search(name) is None:
            return (
                [base] if os.path.lexists(base) or os.path.realpath(base) in self._overlay else self._none(name, line)
            )
        pattern = os.path.join(glob.escape(line.file.directory), name.replace("[^", "[!"))
        return sorted(glob.glob(pattern)) or self._none(name, line)

    def _none(self, name: str, line: Line) -> list[str]:
        text = f"there is no {name!r} to include: keepalived goes on without it"
        if name.startswith('"'):
            text += " (the quotes are taken for a part of the name)"
        self.findings.warn(line.span, "missing-include", text)
        return []

    def _open(self, path: str) -> SourceFile:
        if "\0" in path:
            raise Unusable("a NUL stands in its name")
        real = os.path.realpath(path)
        self.opened += 1
        known = self.by_path.get(real)
        if known is None:
            directory = os.path.realpath(os.path.dirname(os.path.abspath(path)))
            octets = self._overlay.get(real)
            known = SourceFile(real, directory, _read(path) if octets is None else octets)
            self.by_path[real] = known
        return known


def _read(path: str) -> bytes:
    """Return the octets of a regular file without x bit; raises Unusable."""
    file = read_regular_file(path)
    if file.is_executable:
        raise Unusable("it is executable, and keepalived reads no executable file")
    return file.octets


class _Opened:
    """The files of one include line, read one after the other."""

    __slots__ = ("current", "lines")

    def __init__(self, current: SourceFile, lines: Iterator[Line | None]) -> None:
        self.current = current
        self.lines = lines


class FileStack:
    """The physical lines of files that are open inside one another, comments taken off; None for a blank line."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._open: list[_Opened] = []

    def __bool__(self) -> bool:
        return bool(self._open)

    def push(self, files: list[SourceFile], line: Line | None, marks: tuple[Mark, ...] = ()) -> None:
        """Read these next, one after the other, then go on where we are. line: the one that includes them."""
        if line is not None:
            files = [file for file in files if self._may_open(file, line)]
        if files:
            opened = _Opened(files[0], iter(()))
            opened.lines = self._lines_of_all(opened, files, marks)
            self._open.append(opened)

    def _may_open(self, file: SourceFile, line: Line) -> bool:
        findings = self._files.findings
        if any(file is opened.current for opened in self._open):
            findings.error(line.span, "include", f"{file.path!r} includes itself, at last: keepalived would not end")
            return False
        if len(self._open) >= NESTING_MAX or self._files.opened > FILES_MAX:
            findings.error(line.span, "include", "too many files include one another: reading ends here")
            return False
        return True

    def lines(self) -> Iterator[Line | None]:
        """Yield the lines, also of what is pushed meanwhile, until no file is open."""
        while self._open:
            opened = self._open[-1]
            for line in opened.lines:
                yield line
                if self._open[-1] is not opened:
                    break
            else:
                self._open.pop()

    def _lines_of_all(self, opened: _Opened, files: list[SourceFile], marks: tuple[Mark, ...]) -> Iterator[Line | None]:
        for file in files:
            opened.current = file
            yield from self._lines_of(file, marks)

    def _lines_of(self, file: SourceFile, marks: tuple[Mark, ...]) -> Iterator[Line | None]:
        start = 0
        raws = file.octets.split(b"\n")
        if not raws[-1]:
            raws.pop()
        for raw in raws:
            if len(raw) < _LINE_MAX and is_literal(raw) and closes_its_quotes(raw):
                raw_end = raw.rstrip(b"\r")
                text = raw_end.lstrip(BLANKS)
                if text:
                    line = Line(text.rstrip(BLANKS), file, start + len(raw_end) - len(text), marks)
                    line.is_literal = True
                    yield line
                else:
                    yield None
            elif _COMMENT_LINE.fullmatch(raw) is not None and len(raw) < _LINE_MAX:
                yield None
            else:
                yield from self._unusual_line(file, raw, start, marks)
            start += len(raw) + 1

    def _unusual_line(self, file: SourceFile, raw: bytes, start: int, marks: tuple[Mark, ...]) -> Iterator[Line | None]:
        findings = self._files.findings
        drops = self._files.version >= LONG_LINES_DROPPED
        if len(raw) >= _LINE_MAX:
            what = "drops it" if drops else "cuts it and reads the rest as another line"
            file.touch(start, LONG_LINE, f"the line is longer than {_LINE_MAX - 1} octets")
            mark = Mark(LONG_LINE, f"the line is longer than {_LINE_MAX - 1} octets")
            marks = (*marks, mark)
            findings.error(
                Line(raw, file, start).span, "long-line", f"the line has {len(raw)} octets: keepalived {what}"
            )
            if drops:
                return
        for first in range(0, len(raw) + 1, _LINE_MAX):
            piece = raw[first : first + _LINE_MAX]
            if b"\0" in piece:
                nul = piece.index(b"\0")
                place = Line(b"\0", file, start + first + nul).span
                findings.error(place, "nul", "a NUL octet: what follows it in the line is lost")
                if drops:
                    continue
                piece = piece[:nul]
            line, sound = decomment(Line(piece.rstrip(b"\r"), file, start + first, marks), self._files.version)
            if not sound:
                findings.error(Line(piece, file, start + first).stripped().span, "quote", UNCLOSED_QUOTE)
            if line.text:
                line.is_literal = is_literal(line.text)
                yield line
            else:
                yield None
