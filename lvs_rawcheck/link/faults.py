# SPDX-License-Identifier: GPL-2.0-or-later
"""FaultyLink: a link that loses, doubles and reorders frames in both directions, by given chances."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from random import Random

    from lvs_rawcheck.link.interface import Link
    from lvs_rawcheck.link.packet import Frame


class FaultyLink:
    """Wraps a link, which it closes.

    random: where chance comes from; the same seed and the same frames give the same faults. loss,
    duplicate, reorder: chances from 0 to 1, for each frame each way. A reordered frame is held back until
    the next one in its direction has passed, or until `receive` is called again: one that nothing follows
    is as good as lost, as on a wire that delays it.
    """

    def __init__(
        self, link: Link, random: Random, loss: float = 0.0, duplicate: float = 0.0, reorder: float = 0.0
    ) -> None:
        self.own_mac = link.own_mac
        self._link = link
        self._random = random
        self._loss = loss
        self._duplicate = duplicate
        self._reorder = reorder
        self._held_back: tuple[bytes, bytes, int] | None = None
        self._arriving: list[Frame] = []
        self._late: Frame | None = None

    def fileno(self) -> int:
        """Return the wrapped link's descriptor. A frame that was held back does not make it readable."""
        return self._link.fileno()

    def close(self) -> None:
        """Close the wrapped link."""
        self._link.close()

    def send(self, octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        """Send a packet, perhaps: once, twice, after the next one, or not at all."""
        if self._happens(self._loss):
            return
        if self._held_back is None and self._happens(self._reorder):
            self._held_back = octets, destination_mac, ethertype
            return
        for _ in range(2 if self._happens(self._duplicate) else 1):
            self._link.send(octets, destination_mac, ethertype)
        if self._held_back is not None:
            self._link.send(*self._held_back)
            self._held_back = None

    def receive(self) -> Frame | None:
        """Return the next frame that the faults let through, None if there is none now."""
        while not self._arriving:
            frame = self._link.receive()
            if frame is None:
                return self._take_late()
            self._admit(frame)
        return self._arriving.pop(0)

    def _admit(self, frame: Frame) -> None:
        if self._happens(self._loss):
            return
        if self._late is None and self._happens(self._reorder):
            self._late = frame
            return
        self._arriving += [frame, frame] if self._happens(self._duplicate) else [frame]
        if self._late is not None:
            self._arriving.append(self._late)
            self._late = None

    def _take_late(self) -> Frame | None:
        late, self._late = self._late, None
        return late

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance
