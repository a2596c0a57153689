# SPDX-License-Identifier: GPL-2.0-or-later
"""Floods a host with foreign frames: flood.py ADDRESS SECONDS OCTETS. Prints READY first; ends with its stdin too.

OCTETS: of UDP payload. At most SECONDS long, whatever happens.
"""

from __future__ import annotations

import select
import socket
import sys
import time

_BURST = 200


def main() -> None:
    """Send until the time is over."""
    destination = (sys.argv[1], 9)
    deadline = time.monotonic() + float(sys.argv[2])
    payload = bytes(int(sys.argv[3]))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    print("READY", flush=True)
    while time.monotonic() < deadline and not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(_BURST):
            sender.sendto(payload, destination)


if __name__ == "__main__":
    main()
