# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines between the chunks of a content, put right as those of a header are (`head.py`), before h11 reads them.

A line may end in LF alone, and a blank may stand between a chunk's size and its extensions (RFC 9112 2.2, 7.1.1):
clients pass over both, h11 over neither. Extensions mean nothing to anybody (7.1.1), and are left out. Where a chunk
does not end where its size says, clients disagree about what comes next.
"""

from __future__ import annotations

import re

from lvs_rawcheck.checks.base import shown
from lvs_rawcheck.errors import RemoteProtocolError

LINE_LIMIT = 4096  # octets, of a chunk's line or all the trailers: h11 may take a time that grows with its square
TOO_LONG = f"the line of a chunk, or trailers, of more than {LINE_LIMIT} octets"

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})[ \t]*(?:;.*)?", re.DOTALL)  # 20 digits, as h11
_CR = b"\r"


class ChunkLines:
    """Takes a content in chunks as it comes, and gives it back with lines as they should be.

    fault: what is wrong behind the octets that were given back, once something is.
    """

    __slots__ = ("_data_octets", "_line", "_read_line", "fault")

    def __init__(self) -> None:
        self.fault: RemoteProtocolError | None = None
        self._data_octets = 0
        """How much is still to come of a chunk's data."""
        self._line = b""
        """What has come of the present line."""
        self._read_line = self._read_size

    def tidy(self, octets: bytes) -> bytes:
        """Return what can be handed on, now that these octets have come: up to a fault."""
        tidied: list[bytes] = []
        try:
            self._tidy(octets, tidied)
        except RemoteProtocolError as error:
            self.fault = error
        return b"".join(tidied)

    def _tidy(self, octets: bytes, tidied: list[bytes]) -> None:
        while octets:
            if self._data_octets:
                tidied.append(octets[: self._data_octets])
                octets = octets[self._data_octets :]
                self._data_octets -= len(tidied[-1])
                continue
            line, newline, octets = octets.partition(b"\n")
            self._line += line
            if len(self._line) > LINE_LIMIT:
                raise RemoteProtocolError(TOO_LONG)
            if newline:
                line, self._line = self._line.removesuffix(_CR), b""
                tidied.append(self._read_line(line) + b"\r\n")
            elif self._read_line == self._read_end and self._line != _CR:
                self._read_end(self._line)

    def _read_size(self, line: bytes) -> bytes:
        found = _SIZE.fullmatch(line)
        if found is None:
            raise RemoteProtocolError(f"not HTTP: illegal chunk header: {shown(line)}")
        self._data_octets = int(found[1], 16)
        self._read_line = self._read_end if self._data_octets else self._read_trailer
        return found[1]

    def _read_end(self, line: bytes) -> bytes:
        if line:
            raise RemoteProtocolError(f"not HTTP: a chunk goes on after its end: {shown(line)}")
        self._read_line = self._read_size
        return b""

    def _read_trailer(self, line: bytes) -> bytes:
        return line
