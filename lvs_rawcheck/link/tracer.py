# SPDX-License-Identifier: GPL-2.0-or-later
"""Tracer: shows every frame that passes a link, whole, as a capture would."""

from __future__ import annotations

from lvs_rawcheck.clock import now
from lvs_rawcheck.wire.ethernet import Ethernet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.link.interface import Link
    from lvs_rawcheck.link.packet import Frame

SENT = ">"
RECEIVED = "<"


class Tracer:
    """Wraps a link, which it closes, and calls on_frame(direction, ethernet_octets, now) for each frame.

    direction: SENT or RECEIVED. ethernet_octets: the complete frame with its header rebuilt, since a packet
    socket shows none; one that was received is shown as sent to own_mac. now: monotonic seconds.
    """

    def __init__(self, link: Link, on_frame: Callable[[str, bytes, float], None]) -> None:
        self.own_mac = link.own_mac
        self._link = link
        self._on_frame = on_frame

    def fileno(self) -> int:
        """Return the wrapped link's descriptor."""
        return self._link.fileno()

    def close(self) -> None:
        """Close the wrapped link."""
        self._link.close()

    def send(self, octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        """Send a packet, then show it."""
        self._link.send(octets, destination_mac, ethertype)
        self._on_frame(SENT, Ethernet(destination_mac, self.own_mac, ethertype, octets).to_octets(), now())

    def receive(self) -> Frame | None:
        """Return the next frame, having shown it."""
        frame = self._link.receive()
        if frame is not None:
            whole = Ethernet(self.own_mac, frame.source_mac, frame.ethertype, frame.octets)
            self._on_frame(RECEIVED, whole.to_octets(), now())
        return frame
