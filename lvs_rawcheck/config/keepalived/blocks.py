# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements and blocks, as one of keepalived's processes sees them.

Follows process_stream and alloc_value_block in keepalived's lib/parser.c: every process reads all lines, skips the
blocks that concern another one by counting braces, and knows the words of its own. So a block behind an unknown word is
taken for a part of the block around it, whose end is then the unknown block's `}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from sys import intern

from lvs_rawcheck.config.findings import Findings
from lvs_rawcheck.config.keepalived.directives import Directive, Table
from lvs_rawcheck.config.keepalived.lines import Line, closes_its_quotes
from lvs_rawcheck.config.keepalived.words import UNCLOSED_QUOTE, words_of
from lvs_rawcheck.config.tree import Span

OPENING = "{"
CLOSING = "}"
_NO_BLOCK = -1  # a keyword is skipped, and whether a block follows is not known yet
# Returns why keepalived skips a block altogether, None if it reads it.
Admission = Callable[["Block"], str | None]


class Statement:
    """One line of words. words: the keyword first; inside a block of values, the first value."""

    __slots__ = ("line", "words")

    def __init__(self, line: Line, words: list[str]) -> None:
        self.line = line
        self.words = words

    @property
    def keyword(self) -> str:
        """Return the first word."""
        return self.words[0]

    @property
    def arguments(self) -> list[str]:
        """Return the words after the first."""
        return self.words[1:]

    @property
    def span(self) -> Span:
        """Return where it stands, for a block its first line only."""
        return self.line.span

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' '.join(self.words)!r} at {self.span}>"


class Block(Statement):
    """A statement with a block. children: what stands inside; opening, closing: the lines of its braces.

    unknown: statements inside that keepalived does not know, and ignores. skipped: why keepalived reads none of it.
    """

    __slots__ = ("children", "closing", "opening", "skipped", "unknown")

    def __init__(self, line: Line, words: list[str]) -> None:
        super().__init__(line, words)
        self.children: list[Statement] = []
        self.unknown: list[Statement] = []
        self.opening: Line | None = None
        self.closing: Line | None = None
        self.skipped: str | None = None

    def all(self, keyword: str) -> list[Statement]:
        """Return the statements inside that begin with a word."""
        return [child for child in self.children if child.words[0] == keyword]

    def blocks(self, keyword: str) -> Iterator[Block]:
        """Yield the blocks inside that begin with a word and that keepalived reads."""
        for child in self.children:
            if isinstance(child, Block) and child.skipped is None and child.words[0] == keyword:
                yield child

    @property
    def whole_span(self) -> Span | None:
        """Return the stretch from its keyword to its closing brace; None if that is not one stretch of one file."""
        if self.closing is None or self.opening is None:
            return None
        first, last = self.line.span, self.closing.span
        same_file = first.file is last.file is self.opening.file
        if not same_file or not first.start <= self.opening.span.start <= last.start:
            return None
        return Span(first.file, first.start, last.end)


class _Frame:
    """A block that is open. words: what is known in it, None if it holds values."""

    __slots__ = ("block", "wants_opening", "words")

    def __init__(self, block: Block, words: Table | None) -> None:
        self.block = block
        self.words = words
        self.wants_opening = True


class Process:
    """One of keepalived's processes, reading. root: all words of the outermost level; own: those that concern it."""

    def __init__(
        self, root: Table, own: Table, main: Line, findings: Findings, admissions: dict[str, Admission] | None = None
    ) -> None:
        self._own = own
        self._findings = findings
        self._admissions = admissions or {}
        self.root = Block(main, [""])
        self._frames = [_Frame(self.root, root)]
        self._frames[0].wants_opening = False
        self.skipping = 0
        """How many braces are open in what it skips; while there are some, a line without any is nothing to it."""
        self.unknown: list[Statement] = []
        self._after_unknown: Statement | None = None

    def feed(self, line: Line) -> None:
        """Read one logical line."""
        skip = self.skipping
        if skip > 0:
            text = line.text
            if text == b"{":
                self.skipping += 1
                return
            if text == b"}" and skip > 1:
                self.skipping -= 1
                return
        words = words_of(line.text)
        if not words:
            return
        if self._frames[-1].words is None and not skip:
            self._value_line(line, words)
        elif not skip or not self._skipped(line, words):
            self._keyword_line(line, words)

    def end(self) -> list[Block]:
        """Return the blocks that are still open at the end of the text, the innermost first."""
        return [frame.block for frame in reversed(self._frames[1:])]

    def _skipped(self, line: Line, words: list[str]) -> bool:
        """Return whether the line belongs to what is skipped."""
        frame = self._frames[-1]
        if self.skipping == _NO_BLOCK:
            if words[0] == OPENING:
                self.skipping = 1
                frame.wants_opening = False
                frame.block.opening = line
                return True
            self.skipping = 0
            return False
        for word in words:
            if word == OPENING:
                self.skipping += 1
            elif word == CLOSING:
                self.skipping -= 1
                if not self.skipping:
                    break
        if not self.skipping and len(self._frames) > 1:
            self._close(line)
        return True

    def _close(self, line: Line) -> None:
        self._frames.pop().block.closing = line

    def _keyword_line(self, line: Line, words: list[str]) -> None:
        frame = self._frames[-1]
        keyword = words[0]
        if frame.wants_opening:
            frame.wants_opening = False
            if keyword == OPENING:
                frame.block.opening = line
                return
            self._findings.error(frame.block.span, "brace", f"{frame.block.keyword} has no '{{' after it")
        elif keyword == OPENING:
            self._unexpected_opening(line)
            return
        self._after_unknown = None
        if keyword == CLOSING and len(self._frames) > 1:
            self._close(line)
            return
        if not closes_its_quotes(line.text):
            self._findings.error(line.span, "quote", UNCLOSED_QUOTE)
        assert frame.words is not None
        if keyword not in frame.words:
            self._unknown(frame, Statement(line, words))
            return
        self._known(frame, line, words, frame.words[keyword])

    def _known(self, frame: _Frame, line: Line, words: list[str], directive: Directive | None) -> None:
        words[0] = keyword = intern(words[0])
        if len(self._frames) == 1 and keyword not in self._own:
            self.skipping = _NO_BLOCK
            return
        if directive is None:
            frame.block.children.append(Statement(line, words))
            return
        block = Block(line, words)
        frame.block.children.append(block)
        admission = self._admissions.get(keyword)
        if admission is not None and (why := admission(block)) is not None:
            block.skipped = why
            self._findings.error(block.span, "skipped", why)
            self.skipping = _NO_BLOCK
        self._frames.append(_Frame(block, None if directive.values else directive.words))

    def _value_line(self, line: Line, words: list[str]) -> None:
        frame = self._frames[-1]
        block = frame.block
        if frame.wants_opening:
            frame.wants_opening = False
            if words[0] == OPENING:
                block.opening = line
                return
            self._findings.error(block.span, "brace", f"{block.keyword} has no '{{' after it")
        if words[-1] == CLOSING:
            words.pop()
            self._close(line)
        if words:
            block.children.append(Statement(line, words))

    def _unknown(self, frame: _Frame, statement: Statement) -> None:
        frame.block.unknown.append(statement)
        self.unknown.append(statement)
        if statement.keyword == CLOSING:
            self._findings.error(statement.span, "brace", "a '}' too many")
            return
        self._after_unknown = statement
        self._findings.warn(
            statement.span, "unknown-keyword", f"keepalived does not know {statement.keyword!r} here, and ignores it"
        )

    def _unexpected_opening(self, line: Line) -> None:
        unknown = self._after_unknown
        self._after_unknown = None
        if unknown is None:
            self._findings.error(line.span, "brace", "a '{' that belongs to nothing")
            return
        around = self._frames[-1].block.keyword
        sentence = (
            f"keepalived does not know {unknown.keyword!r} here, and takes its block for a part of what is around it"
        )
        if around:
            sentence += f": its '}}' ends {around!r}"
        self._findings.error(unknown.span, "unknown-block", sentence)
