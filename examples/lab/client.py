# SPDX-License-Identifier: GPL-2.0-or-later
"""A client in a closed loop: the next request begins when the last one was answered or given up.

    client.py ADDRESS PORT LOG

Writes one line per request to LOG: `BEGUN ENDED SERVER PORT`, monotonic seconds, SERVER the name that the answer
holds, or `-` for a lost request, PORT the client's own. Runs until it is ended by a signal.
"""

from __future__ import annotations

import socket
import sys
import time

PATIENCE = 1.0  # seconds; Linux sends a second SYN after one second, so a lost SYN is a lost request
PAUSE = 0.05  # seconds between two requests
LOST = "-"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def ask(address: str, port: int) -> tuple[str, int]:
    """Return the body of the answer, LOST if there was none within PATIENCE seconds; and the port asked from."""
    deadline = time.monotonic() + PATIENCE
    answer = b""
    with socket.socket() as connection:
        try:
            connection.settimeout(PATIENCE)
            connection.connect((address, port))
            connection.sendall(REQUEST)
            while octets := connection.recv(4096):
                answer += octets
                connection.settimeout(max(0.001, deadline - time.monotonic()))
        except OSError:
            answer = b""
        own_port = connection.getsockname()[1]
    body = answer.partition(b"\r\n\r\n")[2].strip()
    return body.decode("ascii", "replace") or LOST, own_port


def main(address: str, port: str, path: str) -> None:
    """Ask for ever."""
    with open(path, "w", buffering=1, encoding="ascii") as log:
        while True:
            begun = time.monotonic()
            server, own_port = ask(address, int(port))
            log.write(f"{begun:.3f} {time.monotonic():.3f} {server} {own_port}\n")
            time.sleep(PAUSE)


if __name__ == "__main__":
    main(*sys.argv[1:])
