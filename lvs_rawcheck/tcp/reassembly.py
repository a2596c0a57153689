# SPDX-License-Identifier: GPL-2.0-or-later
"""Octets that arrived early: kept until the gap before them closes (RFC 9293 3.10.7.4), reported by SACK.

Reading list: RFC 2018 (SACK). Invariants: `islands` is sorted, its members neither touch nor overlap, all lie
after the next expected octet; there are at most MAX_ISLANDS. Positions count octets of the stream from 0
without wrapping; only `connection` knows sequence numbers, and keeps what it adds within one window.
"""

from __future__ import annotations

MAX_ISLANDS = 64
"""More gaps than a window of full segments can have in earnest; a peer that sends single octets far apart
must not cost quadratic time. What is dropped is sent again."""


class Reassembly:
    """The receive side's early octets."""

    __slots__ = ("expected", "islands", "latest")

    def __init__(self) -> None:
        self.expected = 0
        """Position of the next octet in order."""
        self.islands: list[tuple[int, bytes]] = []
        """(position, octets) of what came early."""
        self.latest = 0
        """Position where the island that grew last begins: the first SACK block (RFC 2018 4)."""

    def add(self, position: int, octets: bytes) -> bytes:
        """Take octets that begin at `position`; return all that is now in order, b"" while a gap remains.

        What was there before wins over what overlaps it, so that octets once acknowledged never change.
        """
        end = position + len(octets)
        if position < self.expected:
            octets = octets[self.expected - position :]
            position = self.expected
        if position >= end:
            return b""
        if not self.islands and position == self.expected:
            self.expected = end
            return octets
        self._merge(position, octets)
        return self._take_in_order()

    def end_at(self, end: int) -> None:
        """Forget what lies at position `end` and behind it."""
        self.islands = [(begin, octets[: end - begin]) for begin, octets in self.islands if begin < end]

    def sack_blocks(self, limit: int = 3) -> list[tuple[int, int]]:
        """Return up to `limit` (begin, end) positions of islands, the one that grew last first."""
        blocks = [(position, position + len(octets)) for position, octets in self.islands]
        blocks.sort(key=lambda block: block[0] != self.latest)
        return blocks[:limit]

    def _merge(self, position: int, octets: bytes) -> None:
        end = position + len(octets)
        before = [island for island in self.islands if island[0] + len(island[1]) < position]
        after = [island for island in self.islands if island[0] > end]
        touching = self.islands[len(before) : len(self.islands) - len(after)]
        in_order = position == self.expected
        if not touching and not in_order and len(self.islands) >= MAX_ISLANDS:
            return
        merged = _union(position, octets, touching)
        self.latest = merged[0]
        self.islands = [*before, merged, *after]

    def _take_in_order(self) -> bytes:
        if not self.islands or self.islands[0][0] != self.expected:
            return b""
        _, octets = self.islands.pop(0)
        self.expected += len(octets)
        return octets


def _union(position: int, octets: bytes, touching: list[tuple[int, bytes]]) -> tuple[int, bytes]:
    """Return one island made of new octets and of those they touch, which win where they overlap."""
    pieces = [(position, octets), *touching]
    begin = min(piece[0] for piece in pieces)
    end = max(piece[0] + len(piece[1]) for piece in pieces)
    union = bytearray(end - begin)
    for piece_begin, piece in pieces:
        union[piece_begin - begin : piece_begin - begin + len(piece)] = piece
    return begin, bytes(union)
