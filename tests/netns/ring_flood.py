# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends frames from a ring in memory: ring_flood.py INTERFACE SECONDS FRAMES_A_SECOND, the frames on stdin.

Hundreds of thousands a second, which a system call a frame cannot: the kernel takes the whole ring at one call
(packet(7), PACKET_TX_RING; Documentation/networking/packet_mmap.rst). Reads frames, in hex, a line each, up to an empty
line. Prints READY once it sends, and how many it has sent at its end; ends with its time, or when stdin is closed.
"""

from __future__ import annotations

import mmap
import select
import socket
import struct
import sys
import time

SLOT_OCTETS = 256
SLOTS = 2048
_BLOCK_OCTETS = 65536
_DATA_AT = 32  # TPACKET_ALIGN(sizeof(struct tpacket2_hdr)), if_packet.h
_SOL_PACKET, _PACKET_VERSION, _PACKET_TX_RING = 263, 10, 13
_TPACKET_V2 = 1
_TP_STATUS_SEND_REQUEST = 1
_BATCHES_A_SECOND = 100


def read_frames() -> list[bytes]:
    """Return what is to be sent."""
    frames = []
    for line in iter(sys.stdin.readline, "\n"):
        frames.append(bytes.fromhex(line))
        assert len(frames[-1]) <= SLOT_OCTETS - _DATA_AT
    return frames


def open_ring(sock: socket.socket, frames: list[bytes]) -> mmap.mmap:
    """Return the ring, full of the frames, again and again."""
    sock.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
    size = SLOT_OCTETS * SLOTS
    request = struct.pack("IIII", _BLOCK_OCTETS, size // _BLOCK_OCTETS, SLOT_OCTETS, SLOTS)
    sock.setsockopt(_SOL_PACKET, _PACKET_TX_RING, request)
    ring = mmap.mmap(sock.fileno(), size)
    for slot in range(SLOTS):
        frame = frames[slot % len(frames)]
        begin = slot * SLOT_OCTETS
        struct.pack_into("II", ring, begin, 0, len(frame))
        ring[begin + _DATA_AT : begin + _DATA_AT + len(frame)] = frame
    return ring


def main() -> None:
    """Send until it is over."""
    interface, seconds, rate = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((interface, 0))
        ring = open_ring(sock, read_frames())
        states = memoryview(ring).cast("I")[:: SLOT_OCTETS // 4]
        batch = min(rate // _BATCHES_A_SECOND, SLOTS)
        wanted = memoryview(struct.pack("I", _TP_STATUS_SEND_REQUEST) * batch).cast("I")
        print("READY", flush=True)
        first = sent = 0
        began = now = time.monotonic()
        while now < began + seconds:
            end = min(first + batch, SLOTS)
            states[first:end] = wanted[: end - first]
            sock.send(b"")  # returns when all of them have left
            sent += end - first
            first = end % SLOTS
            ahead = sent / rate - (time.monotonic() - began)
            if select.select([sys.stdin], (), (), max(ahead, 0.0))[0]:
                break
            now = time.monotonic()
        print(sent, flush=True)


if __name__ == "__main__":
    main()
