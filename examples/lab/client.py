# SPDX-License-Identifier: GPL-2.0-or-later
"""A client in a closed loop: the next request begins when the last one was answered or given up.

    client.py ADDRESS PORT LOG

Writes one line per request to LOG: `BEGUN ENDED SERVER`, monotonic seconds, SERVER the name that the answer
holds, or `-` for a lost request. Runs until it is ended by a signal.
"""

from __future__ import annotations

import socket
import sys
import time

PATIENCE = 1.0  # seconds; Linux sends a second SYN after one second, so a lost SYN is a lost request
PAUSE = 0.05  # seconds between two requests
LOST = "-"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def ask(address: str, port: int) -> str:
    """Return the body of the answer, LOST if there was none within PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    answer = b""
    try:
        with socket.create_connection((address, port), timeout=PATIENCE) as connection:
            connection.sendall(REQUEST)
            while True:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                octets = connection.recv(4096)
                if not octets:
                    break
                answer += octets
    except OSError:
        return LOST
    body = answer.partition(b"\r\n\r\n")[2].strip()
    return body.decode("ascii", "replace") or LOST


def main(address: str, port: str, path: str) -> None:
    """Ask for ever."""
    with open(path, "w", buffering=1, encoding="ascii") as log:
        while True:
            begun = time.monotonic()
            server = ask(address, int(port))
            log.write(f"{begun:.3f} {time.monotonic():.3f} {server}\n")
            time.sleep(PAUSE)


if __name__ == "__main__":
    main(*sys.argv[1:])
