# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of a foreign pattern, as the translator reads it: octet by octet, quotations taken out first."""

from __future__ import annotations

import re
from typing import NoReturn

from lvs_rawcheck.errors import UsageError

END = -1
"""What `peek` says where the pattern is over."""

_QUOTED = 256
_NOTHING = 512
_QUOTATION = re.compile(rb"\\Q(.*?)(?:\\E|\Z)|\\E", re.DOTALL)
_PLAIN = re.compile(rb"\\(?![QE]).|.", re.DOTALL)
# An octet that no syntax begins with or contains: it stands in for quoted octets.
_NO_SYNTAX = 0xFF


class Source:
    """A pattern and a place in it.

    An octet between \\Q and \\E is never syntax; \\Q\\E and a stray \\E stand for nothing, yet part what they stand
    between (`\\x4\\E1` is not `\\x41`). So each is a token of its own kind.
    """

    def __init__(self, pattern: bytes, dialect_name: str, *, quotation: bool) -> None:
        self.pattern = pattern
        self._dialect_name = dialect_name
        self._tokens: list[int] = []
        self._offsets: list[int] = []
        self._read_tokens(quotation)
        self._syntax = bytes(token if token < _QUOTED else _NO_SYNTAX for token in self._tokens)
        self.place = 0

    def _read_tokens(self, quotation: bool) -> None:
        offset = 0
        while offset < len(self.pattern):
            quoted = _QUOTATION.match(self.pattern, offset) if quotation else None
            if quoted is None:
                plain = _PLAIN.match(self.pattern, offset)
                assert plain is not None
                tokens = list(plain[0])
                begin, offset = offset, plain.end()
            else:
                tokens = [_QUOTED + octet for octet in quoted[1] or b""] or [_NOTHING]
                begin, offset = (quoted.start(1) if quoted[1] else offset), quoted.end()
            self._tokens += tokens
            self._offsets += range(begin, begin + len(tokens))

    def offset(self, place: int) -> int:
        """Return where in the pattern's octets a place is."""
        return self._offsets[place] if place < len(self._offsets) else len(self.pattern)

    def syntax_at(self, place: int) -> bytes:
        """Return the octet at a place, or one that is no syntax where it is quoted."""
        return self._syntax[place : place + 1]

    def peek(self) -> int:
        """Return the next octet where it can be syntax, END at the end, and above 255 where it is quoted."""
        return self._tokens[self.place] if self.place < len(self._tokens) else END

    def take(self) -> int:
        """Return the next octet, quoted or not, and go past it; the caller knows that there is one."""
        token = self._tokens[self.place]
        self.place += 1
        return token % _QUOTED

    def at(self, syntax: bytes) -> bool:
        """Return whether these octets, unquoted, come next."""
        return self._syntax.startswith(syntax, self.place)

    def skip(self, syntax: bytes) -> bool:
        """Go past these octets if they come next; return whether they did."""
        found = self.at(syntax)
        if found:
            self.place += len(syntax)
        return found

    def skip_nothing(self) -> bool:
        """Go past an empty quotation if one comes next; return whether one did."""
        found = self.peek() == _NOTHING
        if found:
            self.place += 1
        return found

    def match(self, syntax: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Go past what this expression of ours matches next, and return it."""
        found = syntax.match(self._syntax, self.place)
        if found:
            self.place = found.end()
        return found

    def quoted_between(self, begin: int, end: int) -> bool:
        """Return whether any octet between two places is quoted."""
        return any(token >= _QUOTED for token in self._tokens[begin:end])

    def refuse(self, begin: int, why: str) -> NoReturn:
        """Raise UsageError for what stands between `begin` and the current place, or at `begin`."""
        first = self.offset(begin)
        last = self._offsets[self.place - 1] + 1 if begin < self.place <= len(self._offsets) else first + 1
        construct = self.pattern[first:last].decode("latin-1")
        shown = "".join(letter if " " <= letter <= "~" else f"\\x{ord(letter):02x}" for letter in construct[:40])
        where = f"at offset {first}" if shown else "at its end"
        raise UsageError(f"{self._dialect_name} pattern, {where}{f', {shown}' if shown else ''}: {why}")
