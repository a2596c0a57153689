# SPDX-License-Identifier: GPL-2.0-or-later
"""The content of a response as it passes: counted, hashed, and kept from its beginning up to a limit."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from hashlib import _Hash


class Body:
    """One response's content. limit: how many octets are kept. algorithms: hashlib's names.

    octets: how many there were so far. kept: the first of them. head: the header that came before them, as it came.
    """

    __slots__ = ("_hashes", "_limit", "head", "kept", "octets")

    def __init__(self, limit: int, algorithms: Iterable[str]) -> None:
        self.octets = 0
        self.kept = bytearray()
        self.head = b""
        self._limit = limit
        self._hashes = {algorithm: _new_hash(algorithm) for algorithm in algorithms}

    @property
    def is_whole(self) -> bool:
        """Return whether all octets so far were kept."""
        return self.octets == len(self.kept)

    def keep(self, octets: int) -> None:
        """Keep so many octets, or more; before any have come."""
        self._limit = max(self._limit, octets)

    def take(self, octets: bytes | bytearray) -> None:
        """Take in the next octets."""
        self.octets += len(octets)
        self.kept += octets[: self._limit - len(self.kept)]
        for each in self._hashes.values():
            each.update(octets)

    def digests(self) -> dict[str, str]:
        """Return the digests of the octets so far in hexadecimal, by algorithm."""
        return {algorithm: each.hexdigest() for algorithm, each in self._hashes.items()}


def _new_hash(algorithm: str) -> _Hash:
    import hashlib  # loads OpenSSL's: only for those who want a digest

    return hashlib.new(algorithm, usedforsecurity=False)
