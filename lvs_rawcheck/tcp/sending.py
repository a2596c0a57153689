# SPDX-License-Identifier: GPL-2.0-or-later
"""The send side: octets queued, sent and acknowledged, the peer's window, and what must be sent again.

Reading list: RFC 9293 3.7 and 3.8 (segmentation, retransmission, window, probes), RFC 5961 5 (forged ACKs),
RFC 6298 (timer), RFC 6582 3.2 (what a partial acknowledgement says).

Invariants: snd_una <= snd_nxt; `queue` holds the octets from snd_una on, sent or not; the timer runs while
anything sent is unacknowledged or a closed window holds octets back.

Departures: no congestion window beyond the initial one of RFC 6928 (a request is smaller than that), no fast
retransmit, no Nagle and no avoidance of small segments into a small window (3.8.6.2.1): a request is one or
two segments, and an octet held back is a check held back.
"""

from __future__ import annotations

from lvs_rawcheck.tcp.seq import Seq
from lvs_rawcheck.tcp.timers import RoundTrip
from lvs_rawcheck.wire.tcp import ACK, FIN, PSH

MSS_DEFAULT = 536  # octets, RFC 9293 3.7.1: what a peer that names none takes
MAX_SND_WND = 65535  # octets: no larger window has a name without scaling (MAX.SND.WND of RFC 5961 5.2)
INITIAL_WINDOW_SEGMENTS = 10  # RFC 6928 2

Piece = tuple[int, Seq, bytes]
"""What is to go out: flags, sequence number, octets."""


class Sending:
    """One direction of one connection, ours to the peer; `now` is in seconds of the monotonic clock."""

    __slots__ = (
        "_again",
        "_recover",
        "_round_trip",
        "_timed",
        "fin_wanted",
        "mss",
        "queue",
        "snd_nxt",
        "snd_una",
        "snd_wl1",
        "snd_wl2",
        "snd_wnd",
        "timer_at",
    )

    def __init__(self, iss: Seq) -> None:
        self.snd_una = iss
        """The oldest sequence number without acknowledgement."""
        self.snd_nxt = iss
        """The next one to be sent."""
        self.snd_wnd = 0
        """What the peer takes from snd_una on, octets: said in its segment snd_wl1, acknowledging snd_wl2."""
        self.snd_wl1 = self.snd_wl2 = iss
        self.mss = MSS_DEFAULT
        """The largest segment the peer takes, octets of data and options."""
        self.queue = bytearray()
        self.fin_wanted = False
        """Whether a FIN follows the queue; until it was acknowledged."""
        self.timer_at: float | None = None
        """When `handle_timer` wants to be called."""
        self._again = False
        """Whether the oldest segment is to be sent again."""
        self._recover: Seq | None = None
        """What was sent when the timer last expired: acknowledgements before it tell of further losses."""
        self._timed: tuple[Seq, float] | None = None
        """The segment being timed: the acknowledgement that ends it, and when it was sent."""
        self._round_trip = RoundTrip()

    def send_syn(self, now: float) -> None:
        """Note that the SYN went out, for the first time: it takes one sequence number."""
        self.snd_nxt = self.snd_una + 1
        self._timed = (self.snd_nxt, now)

    def repeat_syn(self) -> None:
        """Note that the SYN went out again: its answer says nothing of the round trip (Karn, RFC 6298 3)."""
        self._timed = None

    def establish(self, irs: Seq, window: int, now: float) -> None:
        """Take in the acknowledgement of the SYN, with the peer's sequence number and window."""
        self.snd_una = self.snd_wl2 = self.snd_nxt
        self.snd_wl1 = irs
        self.snd_wnd = window
        if self._timed is not None:
            self._measure(now)

    def due(self, now: float, room: int) -> list[Piece]:
        """Return what may go out, in order, of a queue or a FIN not yet acknowledged.

        room: octets of data a segment may carry, 1..mss: mss less the options.
        """
        pieces: list[Piece] = []
        if self._again:
            self._again = False
            pieces.append(self._oldest(room))
        in_flight = self.snd_nxt - self.snd_una
        allowed = min(self.snd_wnd, INITIAL_WINDOW_SEGMENTS * self.mss)
        while in_flight < len(self.queue) and in_flight < allowed:
            octets = bytes(self.queue[in_flight : min(in_flight + room, allowed)])
            in_flight += len(octets)
            flags = ACK | PSH if in_flight == len(self.queue) else ACK
            pieces.append(self._new(flags, octets, len(octets), now))
        if self.fin_wanted and in_flight == len(self.queue):
            pieces.append(self._new(FIN | ACK, b"", 1, now))
        if self.timer_at is None:
            self.timer_at = now + self._round_trip.rto
        return pieces

    def handle_timer(self, now: float) -> None:
        """Once the timer has expired, have the oldest segment sent again (RFC 6298 5), then wait longer."""
        if self.timer_at is None or now < self.timer_at:
            return
        self._round_trip.back_off()
        self._recover = self.snd_nxt
        self._send_again(now)

    def believes(self, ack: Seq) -> bool:
        """Return whether an acknowledgement is one that the peer could send (RFC 5961 5.2)."""
        return -MAX_SND_WND <= ack - self.snd_una <= self.snd_nxt - self.snd_una

    def acknowledge(self, ack: Seq, now: float) -> bool:
        """Take in a new acknowledgement (snd_una < ack <= snd_nxt); return whether it reaches our FIN."""
        octets = ack - self.snd_una
        reaches_fin = octets > len(self.queue)
        del self.queue[:octets]
        self.snd_una = ack
        if self._timed is not None and ack >= self._timed[0]:
            self._measure(now)
        if self._recover is not None and ack >= self._recover:
            self._recover = None
        if ack == self.snd_nxt:
            self.timer_at = None
            self._again = False
        elif self._recover is not None:
            self._send_again(now)  # a second hole of the same loss: another wait for the timer would double it
        else:
            self.timer_at = now + self._round_trip.rto
        if reaches_fin:
            self.fin_wanted = False
        return reaches_fin

    def take_window(self, seq: Seq, ack: Seq, window: int, now: float) -> None:
        """Take in a window unless an older segment brings it late (RFC 9293 3.10.7.4, fifth).

        A departure, as in Linux (tcp_may_update_window): an acknowledgement that is new makes a segment new,
        though it be text sent again, whose sequence number is old. By the RFC's test the former window would
        then count from the new snd_una on, beyond what the peer announced.
        """
        if ack == self.snd_wl2 and seq < self.snd_wl1:
            return
        if window and not self.snd_wnd and self.snd_nxt != self.snd_una:
            self._send_again(now)  # a window that opens behind a probe has most likely swallowed it
        self.snd_wnd = window
        self.snd_wl1 = seq
        self.snd_wl2 = ack

    def stop(self) -> None:
        """Nothing is owed any more: no timer, no octets."""
        self.queue.clear()
        self.fin_wanted = False
        self.timer_at = None

    def _new(self, flags: int, octets: bytes, length: int, now: float) -> Piece:
        """Return what goes out for the first time, `length` sequence numbers of it, and time it."""
        seq = self.snd_nxt
        self.snd_nxt = seq + length
        if self._timed is None:
            self._timed = (self.snd_nxt, now)
        return flags, seq, octets

    def _send_again(self, now: float) -> None:
        self._timed = None  # Karn: RFC 6298 3
        self._again = True
        self.timer_at = now + self._round_trip.rto

    def _oldest(self, room: int) -> Piece:
        """Return the first unacknowledged segment; of a queue that a closed window holds back, one octet.

        That octet is the probe of RFC 9293 3.8.6.1: its acknowledgement names the window anew.
        """
        in_flight = self.snd_nxt - self.snd_una
        fin_was_sent = in_flight > len(self.queue)
        octets = bytes(self.queue[: min(room, in_flight) or 1])
        if not in_flight:
            self.snd_nxt = self.snd_nxt + len(octets)
        flags = ACK | PSH if octets else ACK
        if fin_was_sent and len(octets) == len(self.queue):
            flags |= FIN
        return flags, self.snd_una, octets

    def _measure(self, now: float) -> None:
        if self._timed is not None:
            self._round_trip.measure(now - self._timed[1])
            self._timed = None
