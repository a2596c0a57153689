# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP server that is as simple as one can be, and shares nothing with the client but the segment's class.

It says one stream, hears one, and closes before or after the client. It holds every octet heard under its
position, acknowledges each segment, and whenever something was acknowledged, or time has passed, sends all
that its fixed window allows again (go back N). Positions count from 0 at the SYN: octets begin at 1.
"""

from __future__ import annotations

from lvs_rawcheck.wire.tcp import ACK, FIN, RST, SYN, Segment

AGAIN_AFTER = 0.25  # seconds
SEGMENTS_AT_ONCE = 6


def unwrapped(number: int, base: int) -> int:
    """Return the signed distance from `base`, for distances under 2**31."""
    distance = (number - base) % 2**32
    return distance - 2**32 if distance >= 2**31 else distance


class ReferenceServer:
    """One server for one connection.

    says: its stream. closes_first: whether its FIN follows at once, or only the client's. chunk: octets a
    segment. windows: what it announces, in turn, over and over; it takes octets beyond them, but counts them.
    """

    def __init__(self, iss: int, says: bytes, closes_first: bool, chunk: int, windows: list[int]) -> None:
        self.iss = iss
        self.irs: int | None = None
        self.heard: dict[int, int] = {}
        self.says = says
        self.closes_first = closes_first
        self.chunk = chunk
        self.windows = windows
        self.fin_heard_at: int | None = None
        self.acked = 0
        self.was_reset = False
        self.beyond_window = 0
        self.next_at: float | None = None
        self._announced = 0
        self._right_edge = 0
        self._owes_ack = False
        self._progress = False
        self._next_expected = 1

    @property
    def stream(self) -> bytes:
        """What was heard without a gap."""
        return bytes(self.heard[n] for n in range(1, self._next_expected))

    @property
    def heard_all(self) -> bool:
        """Whether the client's FIN was reached."""
        return self.fin_heard_at is not None and self._next_expected == self.fin_heard_at

    def receive(self, segment: Segment) -> None:
        if segment.flags & RST:
            self.was_reset = True
            return
        if segment.flags & SYN:
            self.irs = segment.seq
            self._owes_ack = self._progress = True
            return
        assert self.irs is not None, "a client begins with SYN"
        acked = unwrapped(segment.ack, self.iss)
        if acked > self.acked:
            self.acked = acked
            self._progress = True
        self._hear(segment, unwrapped(segment.seq, self.irs))

    def _hear(self, segment: Segment, begin: int) -> None:
        end = begin + len(segment.payload)
        heard_all_before = self.heard_all
        self.beyond_window = max(self.beyond_window, end - self._right_edge if segment.payload else 0)
        for position, octet in enumerate(segment.payload, begin):
            assert self.heard.setdefault(position, octet) == octet, "an octet changed when it was sent again"
        if segment.flags & FIN:
            assert self.fin_heard_at in (None, end), "the FIN moved"
            self.fin_heard_at = end
        while self._next_expected in self.heard:
            self._next_expected += 1
        self._owes_ack = self._owes_ack or bool(segment.payload or segment.flags & FIN)
        self._progress = self._progress or self.heard_all != heard_all_before

    def send(self, now: float) -> list[Segment]:
        """Return what goes out now."""
        if self.irs is None:
            return []
        if not self._progress and (self.next_at is None or now < self.next_at):
            return self._ack_owed()
        self._progress = False
        segments = self._all_unacknowledged() or self._ack_owed()
        self.next_at = now + AGAIN_AFTER if self.acked < self._last_number() else None
        return segments

    def _ack_owed(self) -> list[Segment]:
        if not self._owes_ack:
            return []
        return [self._segment(ACK, max(self.acked, 1))]

    def _all_unacknowledged(self) -> list[Segment]:
        if self.acked == 0:
            return [self._segment(SYN | ACK, 0)]
        segments = []
        for begin in range(self.acked, len(self.says) + 1, self.chunk)[:SEGMENTS_AT_ONCE]:
            segments.append(self._segment(ACK, begin, self.says[begin - 1 : begin - 1 + self.chunk]))
        if self.acked == len(self.says) + 1 and self._may_close():
            segments.append(self._segment(ACK | FIN, self.acked))
        elif segments and self._may_close():
            last = segments[-1]
            if unwrapped(last.seq, self.iss) + len(last.payload) == len(self.says) + 1:
                last.flags |= FIN
        return segments

    def _may_close(self) -> bool:
        return self.closes_first or self.heard_all

    def _last_number(self) -> int:
        return len(self.says) + 1 + self._may_close()

    def _segment(self, flags: int, position: int, octets: bytes = b"") -> Segment:
        assert self.irs is not None
        self._owes_ack = False
        expected = self._next_expected
        window = self.windows[self._announced % len(self.windows)]
        self._announced += 1
        self._right_edge = max(self._right_edge, expected + window)
        ack = self.irs + expected + self.heard_all
        return Segment(
            80, 40000, (self.iss + position) % 2**32, ack % 2**32, flags, window, b"\x02\x04\x02\x00", octets
        )
