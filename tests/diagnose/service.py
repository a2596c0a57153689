# SPDX-License-Identifier: GPL-2.0-or-later
"""A service that answers in a way of its own: service.py ADDRESS PORT HABIT. Prints READY; ends with its stdin.

status:N   a web server whose answer has this status
datagram   sends each UDP datagram back, from whatever address the kernel chooses
garbage    answers each UDP datagram, but not as it was asked
deaf       takes UDP datagrams and says nothing
"""

from __future__ import annotations

import selectors
import socket
import sys

_ANSWERS = {"datagram": b"", "garbage": b"what?"}
_REQUEST_OCTETS = 65536


def web_server(address: tuple[str, int], family: int, status: str) -> tuple[socket.socket, bytes]:
    """Return the listening socket of a web server, and its answer."""
    body = f"status {status}\n".encode()
    head = f"HTTP/1.1 {status} as told\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return socket.create_server(address, family=family), head.encode() + body


def answer_web(listener: socket.socket, response: bytes) -> None:
    """Answer one connection, whatever it asks."""
    connection, _ = listener.accept()
    with connection:
        try:
            connection.settimeout(1.0)
            if connection.recv(_REQUEST_OCTETS):
                connection.sendall(response)
        except OSError:
            return  # it left


def main() -> None:
    """Listen, say so, serve until stdin ends."""
    host, port, habit = sys.argv[1:]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    name, _, status = habit.partition(":")
    response = b""
    if name == "status":
        service, response = web_server((host, int(port)), family, status)
    else:
        service = socket.socket(family, socket.SOCK_DGRAM)
        service.bind((host, int(port)))
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    selector.register(service, selectors.EVENT_READ)
    print("READY", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                return
            if name == "status":
                answer_web(service, response)
                continue
            datagram, sender = service.recvfrom(_REQUEST_OCTETS)
            if name in _ANSWERS:
                service.sendto(_ANSWERS[name] or datagram, sender)


if __name__ == "__main__":
    main()
