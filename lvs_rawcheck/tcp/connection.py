# SPDX-License-Identifier: GPL-2.0-or-later
"""The client's end of one TCP connection, as a machine that touches nothing.

Reading list: RFC 9293 3.10 (event processing, in its order), RFC 5961 (forged RST, SYN and ACK), RFC 2018 (SACK, as
the receiver), RFC 6298 (retransmission), RFC 6528 (`isn`). Five verbs: `receive_segment`, `segments_to_send`,
`next_event`, `next_timer`, `handle_timer`; three of its owner: `open`, `send`, and `close` or `abort`.

Invariants: snd_una <= snd_nxt <= snd_una + what the peer's window allows; `_unacked` holds the octets from
snd_una on; rcv_nxt never goes back; events come in order and each octet of the stream is delivered once.

Departures, each because a check is one short exchange on one Ethernet segment: no window scaling, no timestamps,
no delayed acknowledgements (one octet late is one check late), no congestion window beyond the initial one of RFC 6928
(a request is smaller than that), SYNs at a fixed pace (`timers`), no end of its own: the owner's deadline rules.
"""

from __future__ import annotations

from lvs_rawcheck.errors import LocalProtocolError, WireError
from lvs_rawcheck.tcp import states
from lvs_rawcheck.tcp.events import Closed, Connected, DataReceived, Event, PeerClosed, Refused, Reset
from lvs_rawcheck.tcp.reassembly import Reassembly
from lvs_rawcheck.tcp.seq import Seq
from lvs_rawcheck.tcp.timers import SYN_INTERVAL, TIME_WAIT_SECONDS, RoundTrip
from lvs_rawcheck.wire.tcp import (
    ACK,
    FIN,
    PSH,
    RST,
    SACK_PERMITTED,
    SYN,
    Segment,
    mss_option,
    parse_options,
    sack_option,
)

MSS_DEFAULT = 536  # octets, RFC 9293 3.7.1: what a peer that names none takes
MSS_MIN = 48  # octets, as Linux (tcp_min_snd_mss): a peer must not make us send single octets
MAX_SND_WND = 65535  # octets: the largest window a peer can name without scaling (MAX.SND.WND of RFC 5961 5.2)
RCV_WND = 64240  # octets, 44 full segments: what a kernel offers without window scaling
INITIAL_WINDOW_SEGMENTS = 10  # RFC 6928 2
CHALLENGE_LIMIT = 10  # challenge ACKs a connection, RFC 5961 7: forged segments must not make us an amplifier
QUICK_SYN_LIMIT = 3  # SYNs sent at once after a challenge; from then on at the usual pace


class Connection:
    """One connection to one port, from `open` to CLOSED.

    mss: the largest segment we take, octets of data (the interface's MTU less the headers).
    """

    __slots__ = (
        "_ack_due",
        "_challenges",
        "_events",
        "_fin_wanted",
        "_offers_sack",
        "_outbox",
        "_peer_fin_at",
        "_quick_syns",
        "_received",
        "_recover",
        "_round_trip",
        "_timed",
        "_timer_at",
        "_unacked",
        "destination_port",
        "irs",
        "iss",
        "mss",
        "rcv_nxt",
        "send_mss",
        "snd_nxt",
        "snd_una",
        "snd_wl1",
        "snd_wl2",
        "snd_wnd",
        "source_port",
        "state",
    )

    def __init__(self, source_port: int, destination_port: int, iss: int, mss: int = MSS_DEFAULT) -> None:
        self.source_port = source_port
        self.destination_port = destination_port
        self.iss = Seq(iss)
        self.mss = mss
        self.state = states.CLOSED
        self.snd_una = self.iss
        self.snd_nxt = self.iss
        self.snd_wnd = 0
        self.snd_wl1 = self.snd_wl2 = self.iss
        self.irs = self.rcv_nxt = Seq(0)
        self.send_mss = MSS_DEFAULT
        self._unacked = b""
        self._fin_wanted = False
        self._recover = self.iss
        self._received: Reassembly | None = None
        self._peer_fin_at: int | None = None
        self._offers_sack = False
        self._ack_due = False
        self._challenges = 0
        self._quick_syns = 0
        self._outbox: list[Segment] = []
        self._events: list[Event] = []
        self._timer_at: float | None = None
        self._timed: tuple[Seq, float] | None = None
        self._round_trip = RoundTrip()

    # What the owner asks for ---------------------------------------------------------------------------

    def open(self, now: float) -> None:
        """Send a SYN (RFC 9293 3.10.1)."""
        self._move(states.OPEN)
        self.snd_nxt = self.iss + 1
        self._timed = (self.snd_nxt, now)
        self._send_syn(now)

    def send(self, octets: bytes) -> None:
        """Queue octets of the stream; LocalProtocolError once closed for sending (RFC 9293 3.10.2)."""
        if self.state not in (states.ESTABLISHED, states.CLOSE_WAIT):
            raise LocalProtocolError(f"send in {self.state}")
        self._unacked += octets

    def close(self) -> None:
        """Send FIN after all that is queued (RFC 9293 3.10.4)."""
        self._move(states.CLOSE)
        if self.state == states.CLOSED:
            self._stop()
        else:
            self._fin_wanted = True

    def abort(self) -> None:
        """Leave at once: RST/ACK to a peer that may know of us, nothing to one that may not (RFC 9293 3.10.5)."""
        owes_reset = self.state in states.RESET_ON_ABORT
        self._move(states.ABORT)
        if owes_reset:
            self._flush_ack()
            self._emit(RST | ACK, self.snd_nxt)
        self._stop()

    # The five verbs ------------------------------------------------------------------------------------

    def receive_segment(self, segment: Segment, now: float) -> None:
        """Take in one segment of this flow, its checksum already judged."""
        if self.state == states.SYN_SENT:
            self._receive_in_syn_sent(segment, now)
        elif self.state != states.CLOSED:
            self._receive_synchronised(segment, now)

    def segments_to_send(self, now: float) -> list[Segment]:
        """Return what is due now, in order."""
        if self._unacked or self._fin_wanted:
            self._send_new(now)
        if self._ack_due:
            self._flush_ack()
        if not self._outbox:
            return []
        segments, self._outbox = self._outbox, []
        return segments

    def next_event(self) -> Event | None:
        """Return the oldest event that was not yet taken."""
        return self._events.pop(0) if self._events else None

    def next_timer(self) -> float | None:
        """Return when `handle_timer` wants to be called, monotonic seconds."""
        return self._timer_at

    def handle_timer(self, now: float) -> None:
        """Do what time demands; too early a call does nothing."""
        if self._timer_at is None or now < self._timer_at:
            return
        if self.state == states.SYN_SENT:
            self._timed = None
            self._send_syn(now)
        elif self.state == states.TIME_WAIT:
            self._move(states.TIME_WAIT_OVER)
            self._stop()
        else:
            self._retransmit(now)

    # RFC 9293 3.10.7.3: SYN_SENT -----------------------------------------------------------------------

    def _receive_in_syn_sent(self, segment: Segment, now: float) -> None:
        flags = segment.flags
        acknowledges = flags & ACK and segment.ack == self.snd_nxt
        if flags & ACK and not acknowledges:
            if not flags & RST:
                self._answer_old_connection(segment, now)
        elif flags & RST:
            if acknowledges:
                self._move(states.RST_RECEIVED)
                self._stop()
                self._events.append(Refused())
        elif flags & SYN and acknowledges:
            self._establish(segment, now)

    def _answer_old_connection(self, segment: Segment, now: float) -> None:
        """The peer holds an older connection on these four numbers, in TIME_WAIT for instance, and challenged our SYN.

        The RST (3.10.7.3, first) ends that one; the SYN that follows at once meets a listener, 0.2 s earlier than
        the timer would.
        """
        self._outbox.append(Segment(self.source_port, self.destination_port, segment.ack, 0, RST, 0))
        if self._quick_syns < QUICK_SYN_LIMIT:
            self._quick_syns += 1
            self._timed = None
            self._send_syn(now)

    def _establish(self, segment: Segment, now: float) -> None:
        try:
            options = parse_options(segment.options)
        except WireError:
            return
        self._move(states.SYN_ACK_RECEIVED)
        self.irs = Seq(segment.seq)
        self.rcv_nxt = self.irs + 1
        self.send_mss = max(min(options.mss or MSS_DEFAULT, self.mss), MSS_MIN)
        self._offers_sack = options.sack_permitted
        self.snd_una = self.snd_nxt
        self._take_window(segment)
        self._measure(self.snd_una, now)
        self._timer_at = None
        self._ack_due = True
        self._events.append(Connected())
        self._receive_text(segment, self.rcv_nxt, now)

    # RFC 9293 3.10.7.4: the synchronised states ---------------------------------------------------------

    def _receive_synchronised(self, segment: Segment, now: float) -> None:
        flags = segment.flags
        if not self._in_window(segment):
            if not flags & RST:
                self._ack_due = True
        elif flags & RST:
            self._receive_rst(segment)
        elif flags & SYN:
            self._challenge()
        elif flags & ACK and self._receive_ack(segment, now) and self.state in states.RECEIVING:
            self._receive_text(segment, Seq(segment.seq), now)

    def _in_window(self, segment: Segment) -> bool:
        """Return whether a segment is acceptable (the table of 3.10.7.4, first; our window is never zero)."""
        first = self.rcv_nxt - segment.seq
        if -RCV_WND < first <= 0:
            return True
        length = len(segment.payload) + bool(segment.flags & SYN) + bool(segment.flags & FIN)
        return 0 < first < length

    def _receive_rst(self, segment: Segment) -> None:
        """RFC 5961 3.2: only the very next sequence number resets; another one in the window is asked about."""
        if segment.seq != self.rcv_nxt:
            self._challenge()
            return
        self._move(states.RST_RECEIVED)
        self._stop()
        self._events.append(Reset())

    def _receive_ack(self, segment: Segment, now: float) -> bool:
        """Take in the acknowledgement; return whether the rest of the segment may be believed (RFC 5961 5.2)."""
        ack = Seq(segment.ack)
        if ack > self.snd_nxt or self.snd_una - ack > MAX_SND_WND:
            self._challenge()
            return False
        if ack > self.snd_una:
            self._acknowledge(ack, now)
        if self.snd_wl1 < segment.seq or (self.snd_wl1 == segment.seq and self.snd_wl2 <= ack):
            self._take_window(segment)
        return True

    def _acknowledge(self, ack: Seq, now: float) -> None:
        octets = ack - self.snd_una
        fin_acked = octets > len(self._unacked)
        self._unacked = self._unacked[octets:]
        self.snd_una = ack
        self._measure(ack, now)
        if ack == self.snd_nxt:
            self._timer_at = None
        elif ack < self._recover:
            self._send_oldest(now)  # a second hole of the same loss: waiting for the timer again would double it
        else:
            self._timer_at = now + self._round_trip.rto
        if fin_acked:
            self._fin_acknowledged(now)

    def _fin_acknowledged(self, now: float) -> None:
        self._fin_wanted = False
        self._move(states.FIN_ACKED)
        self._finish_if_closed(now)

    def _receive_text(self, segment: Segment, seq: Seq, now: float) -> None:
        """Take in text and FIN (3.10.7.4, seventh and eighth); seq: of the first octet of text."""
        octets = segment.payload
        fin = segment.flags & FIN
        if not octets and not fin:
            return
        received = self._received = self._received or Reassembly()
        position = received.expected + (seq - self.rcv_nxt)
        if fin and self._peer_fin_at is None:
            self._peer_fin_at = position + len(octets)
        limit = received.expected + RCV_WND
        if self._peer_fin_at is not None:
            limit = min(limit, self._peer_fin_at)  # what comes behind a FIN is no part of the stream
        before = received.expected
        in_order = received.add(position, octets[: max(limit - position, 0)])
        self.rcv_nxt = self.rcv_nxt + (received.expected - before)
        self._ack_due = True
        if in_order:
            self._events.append(DataReceived(in_order))
        if self._peer_fin_at is not None and received.expected >= self._peer_fin_at:
            self._receive_fin(now)

    def _receive_fin(self, now: float) -> None:
        self.rcv_nxt = self.rcv_nxt + 1
        self._move(states.FIN_RECEIVED)
        self._events.append(PeerClosed())
        self._finish_if_closed(now)

    def _finish_if_closed(self, now: float) -> None:
        if self.state == states.TIME_WAIT:
            self._timer_at = now + TIME_WAIT_SECONDS
            self._events.append(Closed())
        elif self.state == states.CLOSED:
            self._stop()
            self._events.append(Closed())

    # What goes out -------------------------------------------------------------------------------------

    def _send_syn(self, now: float) -> None:
        options = mss_option(self.mss) + SACK_PERMITTED
        self._outbox.append(Segment(self.source_port, self.destination_port, self.iss, 0, SYN, RCV_WND, options))
        self._timer_at = now + SYN_INTERVAL

    def _send_new(self, now: float) -> None:
        """Send what window and initial window allow of the octets not yet sent, then the FIN."""
        in_flight = self.snd_nxt - self.snd_una
        allowed = min(self.snd_wnd, INITIAL_WINDOW_SEGMENTS * self.send_mss)
        while in_flight < len(self._unacked):
            octets = self._unacked[in_flight : min(in_flight + self.send_mss, allowed)]
            if not octets:
                break
            self._emit(ACK | PSH if in_flight + len(octets) == len(self._unacked) else ACK, self.snd_nxt, octets)
            self._sent(len(octets), now)
            in_flight += len(octets)
        if self._fin_wanted and in_flight == len(self._unacked):
            self._emit(FIN | ACK, self.snd_nxt)
            self._sent(1, now)
        elif self._timer_at is None:
            self._timer_at = now + self._round_trip.rto  # a closed window: probe it (RFC 9293 3.8.6.1)

    def _sent(self, octets: int, now: float) -> None:
        self.snd_nxt = self.snd_nxt + octets
        if self._timed is None:
            self._timed = (self.snd_nxt, now)
        if self._timer_at is None:
            self._timer_at = now + self._round_trip.rto

    def _retransmit(self, now: float) -> None:
        self._round_trip.back_off()
        self._recover = self.snd_nxt
        self._send_oldest(now)

    def _send_oldest(self, now: float) -> None:
        """Send the first unacknowledged segment again; into a closed window one octet, as its probe."""
        self._timed = None
        in_flight = self.snd_nxt - self.snd_una
        if in_flight:
            octets = self._unacked[: min(self.send_mss, in_flight)]
        else:
            octets = self._unacked[:1]
            self.snd_nxt = self.snd_nxt + len(octets)
        flags = ACK | PSH if octets else ACK
        fin_was_sent = in_flight > len(self._unacked)
        if fin_was_sent and len(octets) == len(self._unacked):
            flags |= FIN
        self._emit(flags, self.snd_una, octets)
        self._timer_at = now + self._round_trip.rto

    def _challenge(self) -> None:
        if self._challenges < CHALLENGE_LIMIT:
            self._challenges += 1
            self._ack_due = True

    def _flush_ack(self) -> None:
        if self._ack_due:
            self._emit(ACK, self.snd_nxt)

    def _emit(self, flags: int, seq: Seq, octets: bytes = b"") -> None:
        """Queue a segment that acknowledges all we have, with SACK blocks for what came early."""
        self._ack_due = False
        options = b""
        if self._offers_sack and self._received is not None and self._received.islands:
            base = self.rcv_nxt + -self._received.expected
            options = sack_option([(base + left, base + right) for left, right in self._received.sack_blocks()])
        self._outbox.append(
            Segment(self.source_port, self.destination_port, seq, self.rcv_nxt, flags, RCV_WND, options, octets)
        )

    # Small change --------------------------------------------------------------------------------------

    def _move(self, event: str) -> None:
        self.state = states.next_state(self.state, event)

    def _stop(self) -> None:
        """Nothing is owed any more: no timer, no octets."""
        self._timer_at = None
        self._unacked = b""
        self._fin_wanted = False
        self._ack_due = False

    def _take_window(self, segment: Segment) -> None:
        self.snd_wnd = segment.window
        self.snd_wl1 = Seq(segment.seq)
        self.snd_wl2 = Seq(segment.ack)

    def _measure(self, ack: Seq, now: float) -> None:
        if self._timed is not None and ack >= self._timed[0]:
            self._round_trip.measure(now - self._timed[1])
            self._timed = None
