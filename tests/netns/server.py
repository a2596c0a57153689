# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel TCP server with habits: server.py ADDRESS PORT HABIT.

Prints READY once it listens; ends with its stdin.

hold      accepts, says nothing, closes when the peer does
close     accepts and closes at once: this end keeps TIME_WAIT
banner    speaks first, as SMTP does, then holds
echo      sends back what it gets
send:N    sends N octets, then closes
never     listens and leaves every connection in its queue
"""

from __future__ import annotations

import selectors
import socket
import sys

BANNER = b"220 real server ready\r\n"
_BACKLOG = 4096
_CHUNK = 65536


class Server:
    """One listening socket and the connections it accepted, in one loop."""

    def __init__(self, address: str, port: int, habit: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._habit = habit
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server((address, port), family=family, backlog=_BACKLOG)
        self._listener.setblocking(False)
        if habit != "never":
            self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until stdin ends."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._continue(key.fileobj, key.data)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # reset while it waited
        if self._habit == "close":
            connection.close()
            return
        connection.setblocking(False)
        pending = self._first_words()
        events = selectors.EVENT_WRITE if pending else selectors.EVENT_READ
        self._selector.register(connection, events, pending)

    def _first_words(self) -> bytes:
        if self._habit == "banner":
            return BANNER
        name, _, octets = self._habit.partition(":")
        return b"x" * int(octets) if name == "send" else b""

    def _continue(self, connection: socket.socket, pending: bytes) -> None:
        try:
            if pending:
                self._write(connection, pending)
            else:
                self._read(connection)
        except BlockingIOError:
            return
        except OSError:
            self._close(connection)

    def _write(self, connection: socket.socket, pending: bytes) -> None:
        rest = pending[connection.send(pending) :]
        if not rest and self._habit.startswith("send"):
            self._close(connection)
        else:
            events = selectors.EVENT_WRITE if rest else selectors.EVENT_READ
            self._selector.modify(connection, events, rest)

    def _read(self, connection: socket.socket) -> None:
        octets = connection.recv(_CHUNK)
        if not octets:
            self._close(connection)
        elif self._habit == "echo":
            self._selector.modify(connection, selectors.EVENT_WRITE, octets)

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()


def main() -> None:
    """Listen, say so, serve."""
    server = Server(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    print("READY", flush=True)
    server.serve()


if __name__ == "__main__":
    main()
