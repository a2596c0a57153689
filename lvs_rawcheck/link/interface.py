# SPDX-License-Identifier: GPL-2.0-or-later
"""What every link can do: the shape that a driver is written against.

Only type checkers read this module, so it may import `typing`, which a passing check must not load.
"""

from __future__ import annotations

from typing import Protocol

from lvs_rawcheck.link.packet import Frame


class Link(Protocol):
    """A non-blocking way to send and receive IP packets and ARP on one Ethernet segment.

    Whoever makes a link closes it; a link that wraps another closes that one too.
    """

    own_mac: bytes
    """6 octets: the source of every frame sent."""

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when `receive` has a frame."""

    def send(self, octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        """Send one packet; a full queue loses it silently, as a wire would."""

    def receive(self) -> Frame | None:
        """Return the next frame, None if there is none now."""

    def close(self) -> None:
        """Give the descriptor back; closing twice is harmless."""
