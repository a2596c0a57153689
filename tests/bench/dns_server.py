# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server for benches: dns_server.py PORT ADDRESS... answers every question of one kind: this is its address.

RFC 1035 4.1: the header with QR, AA and one answer, the question as it came, and a pointer to its name. Prints READY
once all are bound; ends with its stdin.
"""

from __future__ import annotations

import selectors
import socket
import sys

_HEADER = bytes.fromhex("8580 0001 0001 0000 0000")
_ANSWER = bytes.fromhex("c00c 0001 0001 0000003c 0004 0a000001")  # A, IN, a minute, 10.0.0.1
_ID_OCTETS, _HEADER_OCTETS, _TYPE_AND_CLASS_OCTETS = 2, 12, 4


def _answer(query: bytes) -> bytes:
    end = query.index(b"\0", _HEADER_OCTETS) + 1 + _TYPE_AND_CLASS_OCTETS
    return query[:_ID_OCTETS] + _HEADER + query[_HEADER_OCTETS:end] + _ANSWER


def main() -> None:
    """Bind, say so, serve."""
    port, *addresses = sys.argv[1:]
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for address in addresses:
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((address, int(port)))
            selector.register(server, selectors.EVENT_READ)
        print("READY", flush=True)
        while True:
            for key, _ in selector.select():
                if not isinstance(key.fileobj, socket.socket):
                    return
                octets, peer = key.fileobj.recvfrom(512)
                key.fileobj.sendto(_answer(octets), peer)


if __name__ == "__main__":
    main()
