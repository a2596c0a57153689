# SPDX-License-Identifier: GPL-2.0-or-later
"""A response as it arrives, in h11's events: a header, pieces of content, the end.

h11 reads, and only reads: it is told of a request like ours, so that it knows what a response may be. Bounds are
ours: the header's (`head.py`), and the small pieces in which all is handed on, so that h11's own bound, on the line
of a chunk or the trailers, holds however the octets came.
"""

from __future__ import annotations

import re

import h11

from lvs_rawcheck.checks.http.chunks import LINE_LIMIT, TOO_LONG, ChunkLines
from lvs_rawcheck.checks.http.head import HeadBuffer, tidy
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    FinalResponse = h11.Response | h11.InformationalResponse

SWITCHING_PROTOCOLS = 101  # the one interim response that is the last: RFC 9110 15.2.2
_PIECE_OCTETS = 2048
_INTERIM_MAX = 100  # interim responses: servers send one or two, 102 Processing one in 20 s (RFC 2518 10.1)
_TOO_LARGE = 431  # RFC 6585 5, h11's hint for it
_WORDS_CHARACTERS = 120
_CHUNKED = (b"transfer-encoding", b"chunked")  # as h11 gives it, which knows no other
_BYTEARRAY = re.compile(r"bytearray\(b(.*)\)", re.DOTALL)

# Upgrade: so that h11 takes a 101 for what it is. Read once: events are never changed.
_REQUESTS = {
    method: h11.Request(method=method, target="/", headers=[("Host", "-"), ("Upgrade", "-")])
    for method in ("GET", "HEAD")
}
_END_OF_REQUEST = h11.EndOfMessage()


class ResponseReader:
    """Reads one response to a request of this method, GET or HEAD.

    head: the header of the final response as it came, b"" until it is complete.
    """

    __slots__ = ("_buffer", "_chunk_lines", "_connection", "_interim_count", "head")

    def __init__(self, method: str) -> None:
        self.head = b""
        self._buffer = HeadBuffer()
        self._chunk_lines: ChunkLines | None = None
        self._interim_count = 0
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LINE_LIMIT)
        self._connection.send(_REQUESTS[method])
        self._connection.send(_END_OF_REQUEST)

    @property
    def head_octets(self) -> int:
        """Return how much of a header has come that is not complete."""
        return len(self._buffer)

    def read(self, octets: bytes) -> Iterator[h11.Event]:
        """Yield what the next octets bring, up to the end; interim responses are passed over.

        RemoteProtocolError: not HTTP.
        """
        for start in range(0, len(octets), _PIECE_OCTETS):
            piece = octets[start : start + _PIECE_OCTETS]
            if not self.head:
                found = self._read_head(piece)
                if found is None:
                    continue
                response, piece = found
                yield response
                yield from self._events()  # its end, where it has no content: what comes after that is nobody's
                if _CHUNKED in response.headers:
                    self._chunk_lines = ChunkLines()
            if self._chunk_lines is not None:
                piece = self._chunk_lines.tidy(piece)
            if piece:
                self._connection.receive_data(piece)
            yield from self._events()
            if self._chunk_lines is not None and self._chunk_lines.fault is not None:
                raise self._chunk_lines.fault

    def ends_here(self) -> bool:
        """Take note that nothing more will come; return whether the response is complete with that."""
        if not self.head:
            return False
        self._connection.receive_data(b"")
        try:
            return any(type(event) is h11.EndOfMessage for event in self._events())
        except RemoteProtocolError:
            return False

    def _read_head(self, octets: bytes) -> tuple[FinalResponse, bytes] | None:
        """Return the final response's header and what came after it, None until it is complete."""
        while (found := self._buffer.take(octets)) is not None:
            head, octets = found
            self._connection.receive_data(tidy(head))
            event = self._next_event()
            if type(event) is h11.Response or (
                type(event) is h11.InformationalResponse and event.status_code == SWITCHING_PROTOCOLS
            ):
                self.head = head
                return event, octets
            self._interim_count += 1
            if self._interim_count > _INTERIM_MAX:
                raise RemoteProtocolError(f"more than {_INTERIM_MAX} interim responses, and no final one")
        return None

    def _events(self) -> Iterator[h11.Event]:
        while (event := self._next_event()) is not None:
            yield event
            if type(event) is h11.EndOfMessage:
                return  # what comes after it is nobody's

    def _next_event(self) -> h11.Event | None:
        try:
            event = self._connection.next_event()
        except (h11.RemoteProtocolError, ValueError) as error:  # ValueError: a number of more digits than int() reads
            raise RemoteProtocolError(f"not HTTP: {_words_of(error)}") from error
        if isinstance(event, type) or type(event) is h11.ConnectionClosed:
            return None  # a class: NEED_DATA, PAUSED
        return event


def _words_of(error: h11.RemoteProtocolError | ValueError) -> str:
    """Return what h11 found wrong, short, and without the names of Python's types."""
    if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == _TOO_LARGE:
        return TOO_LONG
    return _BYTEARRAY.sub(r"\1", str(error))[:_WORDS_CHARACTERS]
