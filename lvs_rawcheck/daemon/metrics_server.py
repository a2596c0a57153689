# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics over HTTP, on loopback or at a Unix socket: as much of a web server as Prometheus needs.

Reading list: RFC 1945 (HTTP/1.0): one request a connection, the end of the stream ends the answer (7.2.2).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from lvs_rawcheck.daemon.counters import Counters
from lvs_rawcheck.daemon.listening import listen_at, listen_on_loopback, parse_loopback
from lvs_rawcheck.daemon.server import Client, Poller, Server
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.errors import LinkError

CLIENTS_MOST = 8
_PATH = "/metrics"
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def listen_for_metrics(text: str, group: int | None = None) -> socket.socket:
    """Return a listening socket: `ADDRESS:PORT` of loopback, or a path. UsageError, LinkError."""
    return listen_at(text, group) if text.startswith("/") else listen_on_loopback(parse_loopback(text))


def maker_of_pages(states: Callable[[], Iterable[CheckState]], counters: Counters) -> Callable[[], Iterable[bytes]]:
    """Return what makes all metrics of these, page by page; LinkError: the library is not installed."""
    try:
        from lvs_rawcheck.daemon.metrics import metrics_pages
    except ImportError as error:
        raise LinkError(f"metrics need a library that is not installed: {error}") from error
    return lambda: metrics_pages(states(), counters)


class MetricsServer(Server):
    """Answers `GET /metrics`. pages: makes the metrics, page by page; called once for each answer."""

    def __init__(self, listener: socket.socket, poller: Poller, pages: Callable[[], Iterable[bytes]]) -> None:
        super().__init__(listener, poller, CLIENTS_MOST)
        self._pages = pages

    def busy(self) -> bytes:
        """Return what one client too many hears."""
        return _head("503 Service Unavailable")

    def is_complete(self, request: bytearray) -> bool:
        """Return whether the header has ended; lines may end without CR (RFC 1945 appendix B)."""
        return b"\r\n\r\n" in request or b"\n\n" in request

    def answer(self, client: Client, now: float) -> None:
        """Answer with all metrics, or an error."""
        client.say(self._answer_to(bytes(client.request)))

    def _answer_to(self, request: bytes) -> Iterator[bytes]:
        if not self.is_complete(bytearray(request)):
            return iter((_head("400 Bad Request"),))
        words = request.split(b"\n", 1)[0].decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/"):
            return iter((_head("400 Bad Request"),))
        method, target, _ = words
        if method not in ("GET", "HEAD"):
            return iter((_head("405 Method Not Allowed", "Allow: GET, HEAD"),))
        if target.partition("?")[0] != _PATH:
            return iter((_head("404 Not Found"),))
        head = _head("200 OK", f"Content-Type: {_CONTENT_TYPE}")
        return chain((head,), self._pages() if method == "GET" else ())


def _head(status: str, *fields: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.0 {status}", *fields, "Connection: close", "")).encode()
