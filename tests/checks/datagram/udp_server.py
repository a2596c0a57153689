# SPDX-License-Identifier: GPL-2.0-or-later
"""A UDP server with habits: udp_server.py ADDRESS PORT HABIT. Prints READY once it is bound; ends with its stdin.

echo      sends back what it gets, from the address that the kernel chooses
silent    takes all, says nothing
"""

from __future__ import annotations

import selectors
import socket
import sys


def main() -> None:
    """Bind, say so, serve."""
    address, port, habit = sys.argv[1:]
    server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, int(port)))
    print("READY", flush=True)
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    return
                octets, peer = server.recvfrom(65536)
                if habit == "echo":
                    server.sendto(octets, peer)


if __name__ == "__main__":
    main()
