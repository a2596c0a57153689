# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends foreign frames as fast as it can: flooder.py OWN_MAC MAC SOURCE DESTINATION.

Tiny UDP (4 octets), UDP of 600 octets and TCP of 1,400 in turn. Prints READY once it sends; ends with its time or
by its parent's hand.
"""

from __future__ import annotations

import itertools
import socket
import struct
import sys
import time

LIFETIME = 120.0  # seconds, should nobody end it
BURST = 300  # frames from one look at the clock to the next
TCP, UDP = 6, 17


def ones_complement_sum(octets: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ip_packet(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    if ":" in source:
        addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + addresses + payload
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0) + addresses
    checksum = 0xFFFF - ones_complement_sum(header)
    return header[:10] + struct.pack("!H", checksum) + header[12:] + payload


def frames(own_mac: str, mac: str, source: str, destination: str) -> list[bytes]:
    """Return the three kinds; transport checksums are of no interest to whom they are not meant for."""
    ethertype = b"\x86\xdd" if ":" in source else b"\x08\x00"
    ethernet = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex(own_mac.replace(":", "")) + ethertype
    tiny = struct.pack("!HHHH", 40000, 9, 12, 0) + b"tiny"
    middling = struct.pack("!HHHH", 40000, 9, 608, 0) + bytes(600)
    large = struct.pack("!HHIIHHHH", 80, 50000, 1, 1, 0x5010, 65535, 0, 0) + bytes(1400)
    return [
        ethernet + ip_packet(source, destination, protocol, payload)
        for protocol, payload in ((UDP, tiny), (UDP, middling), (TCP, large))
    ]


def main() -> None:
    """Send until it is enough."""
    kinds = itertools.cycle(frames(*sys.argv[1:5]))
    deadline = time.monotonic() + LIFETIME
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind(("eth0", 0))
        print("READY", flush=True)
        while time.monotonic() < deadline:
            for _ in range(BURST):
                try:
                    sock.send(next(kinds))
                except OSError:
                    continue  # a full queue: as fast as it can


if __name__ == "__main__":
    main()
