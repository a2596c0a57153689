# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration as the logical lines that keepalived's child processes get.

Since 2.2.0 the parent reads the files and writes a copy without comments; the children read the copy. So a line is
freed of comments twice, and an include that is no plain line of its own is followed twice: by the parent into the
copy, and by the children once more (lib/parser.c, write_conf_copy and read_conf_copy).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from lvs_rawcheck.config.findings import Findings
from lvs_rawcheck.config.keepalived.expander import Expander, Include, split_at_brace
from lvs_rawcheck.config.keepalived.files import Files, FileStack, include_pattern
from lvs_rawcheck.config.keepalived.lines import CONDITION, Line, Version, decomment, may_hold_comment
from lvs_rawcheck.config.tree import SourceFile

COPIED_SINCE: Version = (2, 2, 0)
# At the beginning of a line of the copy they are marks of the parent's: a file begins, a file ends.
_COMMENT_SIGNS = b"#!"


class Reading:
    """One reading of a configuration."""

    def __init__(self, files: Files, config_id: str | None, findings: Findings) -> None:
        self._files = files
        self._config_id = config_id
        self._findings = findings
        self._version = files.version

    def lines(self, main: SourceFile) -> Iterator[Line]:
        """Yield the logical lines. May raise EndOfReading, with a finding that says why."""
        if self._version < COPIED_SINCE:
            yield from self._read_directly(main)
        else:
            yield from self._read_copy(main)

    def _read_directly(self, main: SourceFile) -> Iterator[Line]:
        stack = FileStack(self._files)
        stack.push([main], None)

        def include(line: Line, pattern: str) -> None:
            self._push(stack, line, pattern.replace('"', ""))

        yield from _logical(stack.lines(), self._expander(include))

    def _read_copy(self, main: SourceFile) -> Iterator[Line]:
        direct = FileStack(self._files)

        def include(line: Line, pattern: str) -> None:
            self._findings.warn(
                line.span,
                "double-include",
                "what is included here is read twice, since the line is not a plain include",
            )
            self._push(direct, line, pattern)

        def physical() -> Iterator[Line | None]:
            for line in self._copy(main):
                yield line
                yield from direct.lines()

        yield from _logical(physical(), self._expander(include))

    def _copy(self, main: SourceFile) -> Iterator[Line | None]:
        """Yield the lines of the parent's copy, comments taken off a second time."""
        stack = FileStack(self._files)
        stack.push([main], None)

        def include(line: Line, pattern: str) -> None:
            self._push(stack, line, pattern)

        parent = self._expander(include)
        for line in stack.lines():
            if parent.is_plain(line):
                yield line
            elif line is None:
                yield None
            else:
                yield self._copied(line)
                deque(parent.expand(line), 0)

    def _copied(self, line: Line) -> Line | None:
        """Return what the children get of a line."""
        if include_pattern(line.text) is not None:
            return None
        if may_hold_comment(line.text) is None:
            return line
        if line.text[0] in _COMMENT_SIGNS:
            self._findings.error(
                line.span,
                "escaped-comment",
                "an escaped comment sign begins the line: keepalived misreads its copy",
            )
            return None
        again, _ = decomment(line, self._version)
        return again if again.text else None

    def _push(self, stack: FileStack, line: Line, pattern: str) -> None:
        marks = tuple(mark for mark in line.marks if mark.kind == CONDITION)
        stack.push(self._files.matching(pattern, line), line, marks)

    def _expander(self, include: Include) -> Expander:
        return Expander(self._config_id, self._version, self._findings, include)


def _logical(physical: Iterator[Line | None], expander: Expander) -> Iterator[Line]:
    """Yield the logical lines of physical ones: the common ones without much ado."""
    for line in physical:
        if not expander.is_plain(line):
            yield from expander.expand(line)
        elif line is not None:
            text = line.text
            if text == b"}" or (b"{" not in text and b"}" not in text):
                yield line
                continue
            first, rest = split_at_brace(line)
            if first.text:
                yield first
            if rest is not None:
                yield from expander.expand(rest) if len(rest.text) > 1 else (rest,)
