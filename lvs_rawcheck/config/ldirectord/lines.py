# SPDX-License-Identifier: GPL-2.0-or-later
"""Physical lines, and which block each belongs to: the two loops of read_config, ldirectord lines 1331 to 1411.

A block begins with `virtual=` in column 0 and goes on while lines are comments, or begin with four blanks (a tab stands
for four) and have something behind them. The first other line ends it, a blank one too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lvs_rawcheck.config.tree import SourceFile, Span

_VIRTUAL = re.compile(rb"virtual(6)?\s*=\s*(.*)")
_COMMENT = re.compile(rb"\s*#")
_BLANK = re.compile(rb"\s*")
_IN_BLOCK = re.compile(rb" {4,}(.+)")
_NAME = re.compile(rb"\s*[\w-]*\s*=\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. raw: without its newline; command: what is left for ldirectord's patterns."""

    file: SourceFile
    start: int
    raw: bytes
    command: bytes
    cut: int | None = None
    """Where in raw a comment was cut off, None if none was."""

    @property
    def span(self) -> Span:
        """Return the line without its end, \\r\\n or \\n."""
        return Span(self.file, self.start, self.start + len(self.raw.removesuffix(b"\r")))

    @property
    def text_span(self) -> Span:
        """Return the line without the blanks around it."""
        return self._trimmed(len(self.raw) - len(self.raw.lstrip()))

    @property
    def value_span(self) -> Span:
        """Return what follows the `=`, or the whole text where there is none."""
        match = _NAME.match(self.raw)
        return self.text_span if match is None or match.end() == len(self.raw) else self._trimmed(match.end())

    def _trimmed(self, first: int) -> Span:
        end = len(self.raw.rstrip())
        return Span(self.file, self.start + min(first, end), self.start + end)


@dataclass(slots=True)
class Block:
    """A virtual server's lines. family: 4 or 6; text: what follows its `=`."""

    opening: Line
    family: int
    text: bytes
    lines: list[Line] = field(default_factory=list)
    end: int = 0
    """Octet behind the last directive, or behind indented comments right behind that."""
    ends_the_file: bool = False
    """Whether no line at all follows the opening one."""

    @property
    def span(self) -> Span:
        """Return where it stands."""
        return Span(self.opening.file, self.opening.start, self.end)


def parse_lines(file: SourceFile) -> Iterator[Line | Block]:
    """Yield the blocks, whole, and the lines outside of them that are neither blank nor comments."""
    block: Block | None = None
    behind_a_directive = False
    for start, raw in _physical_lines(file):
        if block is not None:
            block.ends_the_file = False
            if _COMMENT.match(raw) is not None:
                behind_a_directive = behind_a_directive and not raw.startswith(b"#")
                if behind_a_directive:
                    block.end = Line(file, start, raw, b"").span.end
                continue
            line = _line_of_block(file, start, raw)
            if line is not None:
                block.lines.append(line)
                block.end = line.span.end
                behind_a_directive = True
                continue
            yield block
            block = None
        line = Line(file, start, raw, raw)
        opening = _VIRTUAL.match(raw)
        if opening is not None:
            block = Block(line, 4 if opening[1] is None else 6, opening[2], end=line.span.end, ends_the_file=True)
            behind_a_directive = True
        elif _BLANK.fullmatch(raw) is None and _COMMENT.match(raw) is None:
            yield line
    if block is not None:
        yield block


def _physical_lines(file: SourceFile) -> Iterator[tuple[int, bytes]]:
    raws = file.octets.split(b"\n")
    if not raws[-1]:
        raws.pop()
    start = 0
    for raw in raws:
        yield start, raw
        start += len(raw) + 1


def _line_of_block(file: SourceFile, start: int, raw: bytes) -> Line | None:
    """Return a line as the inner loop sees it, None if it ends the block."""
    cut = raw.find(b"#")
    kept = raw if cut < 0 else raw[:cut]
    match = _IN_BLOCK.match(kept.replace(b"\t", b"    "))
    return None if match is None else Line(file, start, raw, match[1], None if cut < 0 else cut)
