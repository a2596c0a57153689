# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers of the real server's host that say what a test tells them, one connection after the other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from tests.netns.topology import Host

PORT = 4000
SECONDS = 20.0  # a server's patience: what goes wrong ends then
Manner = Callable[[socket.socket], None]


class Serving:
    """A server of the real server's host, on all its addresses: each connection is served in turn, by a manner."""

    def __init__(self, host: Host, manner: Manner) -> None:
        with host.entered():
            self._listener = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
        self._manner = manner
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Serving:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # accept returns
        self._thread.join(SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(SECONDS)
                try:
                    self._manner(connection)
                except OSError:
                    continue  # the check left


def answers(*replies: bytes) -> Manner:
    """Return a server that says the first reply, the others each after one more line, and then waits for the end."""

    def serve(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        for number, reply in enumerate(replies):
            if number:
                lines.readline()
            connection.sendall(reply)
        lines.read()

    return serve


def answers_and_closes(*replies: bytes) -> Manner:
    """Return a server that says the first reply, the others each after one more line, and closes after one more."""

    def serve(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        for reply in replies:
            connection.sendall(reply)
            lines.readline()

    return serve
