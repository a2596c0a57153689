# SPDX-License-Identifier: GPL-2.0-or-later
"""The client's end of one TCP connection, as a machine that touches nothing.

Reading list: RFC 9293 3.10 (event processing, in its order), RFC 5961 (forged RST, SYN and ACK), RFC 2018
(SACK, as the receiver); `sending` and `reassembly` for the two directions of the stream, `isn` for the first
number. Five verbs: `receive_segment`, `segments_to_send`, `next_event`, `next_timer`, `handle_timer`; its
owner's are `open`, `send`, and `close` or `abort`.

Invariants: rcv_nxt never goes back; events come in order and each octet of the stream is delivered once;
nothing is sent in CLOSED, but for the RST of an abort.

Departures, each because a check is one short exchange on one Ethernet segment: no window scaling, no
timestamps, no delayed acknowledgements (one octet late is one check late), SYNs at a fixed pace (`timers`), a
FIN that comes again does not prolong TIME_WAIT, no end of its own: the owner's deadline rules.
"""

from __future__ import annotations

from lvs_rawcheck.errors import LocalProtocolError, WireError
from lvs_rawcheck.tcp import states
from lvs_rawcheck.tcp.events import Closed, Connected, DataReceived, Event, PeerClosed, Refused, Reset
from lvs_rawcheck.tcp.reassembly import Reassembly
from lvs_rawcheck.tcp.sending import MSS_DEFAULT, Sending
from lvs_rawcheck.tcp.seq import Seq
from lvs_rawcheck.tcp.states import next_state
from lvs_rawcheck.tcp.timers import SYN_INTERVAL, TIME_WAIT_SECONDS
from lvs_rawcheck.wire.tcp import (
    ACK,
    FIN,
    RST,
    SACK_PERMITTED,
    SYN,
    Segment,
    mss_option,
    parse_options,
    sack_option,
)

MSS_MIN = 48  # octets, as Linux (tcp_min_snd_mss): a peer must not make us send single octets
RCV_WND = 64240  # octets, 44 full segments: what a kernel offers without window scaling
# Challenge ACKs a connection, and as many RSTs: forged segments must not make us an amplifier (RFC 5961 7).
CHALLENGE_LIMIT = 10
QUICK_SYN_LIMIT = 3  # SYNs sent at once after a challenge; from then on at the usual pace


class Connection:
    """One connection to one port, from `open` to CLOSED.

    mss: the largest segment we take, octets of data (the interface's MTU less the headers).
    """

    __slots__ = (
        "_ack_due",
        "_challenges",
        "_events",
        "_offers_sack",
        "_outbox",
        "_peer_fin_at",
        "_quick_syns",
        "_received",
        "_resets",
        "_sending",
        "_timer_at",
        "destination_port",
        "irs",
        "iss",
        "mss",
        "rcv_nxt",
        "source_port",
        "state",
    )

    def __init__(self, source_port: int, destination_port: int, iss: int, mss: int = MSS_DEFAULT) -> None:
        self.source_port = source_port
        self.destination_port = destination_port
        self.iss = Seq(iss)
        self.mss = mss
        self.state = states.CLOSED
        self.irs = self.rcv_nxt = _UNKNOWN
        self._sending = Sending(self.iss)
        self._received: Reassembly | None = None
        """The peer's stream, from its first octet to its FIN."""
        self._peer_fin_at: int | None = None
        """Position of the peer's FIN in its stream, once one came."""
        self._offers_sack = False
        self._ack_due = False
        self._challenges = 0
        self._quick_syns = 0
        self._resets = 0
        self._outbox: list[Segment] = []
        self._events: list[Event] = []
        self._timer_at: float | None = None
        """When the next SYN is due, or TIME_WAIT is over; in other states the timer is the send side's."""

    # What the owner asks for ---------------------------------------------------------------------------

    def open(self, now: float) -> None:
        """Send a SYN (RFC 9293 3.10.1); a connection opens once."""
        if self._sending.snd_nxt != self.iss:
            raise LocalProtocolError(f"open in {self.state}, a second time")
        self.state = next_state(self.state, states.OPEN)
        self._sending.send_syn(now)
        self._send_syn(now)

    def send(self, octets: bytes) -> None:
        """Queue octets of the stream (RFC 9293 3.10.2), from Connected on until `close`."""
        if self.state not in states.SENDING:
            raise LocalProtocolError(f"send in {self.state}")
        self._sending.queue += octets

    def close(self) -> None:
        """Send FIN after all that is queued (RFC 9293 3.10.4)."""
        self.state = next_state(self.state, states.CLOSE)
        if self.state == states.CLOSED:
            self._stop()
        else:
            self._sending.fin_wanted = True

    def abort(self) -> None:
        """Leave at once (RFC 9293 3.10.5): RST/ACK to a peer that may know of us, nothing to any other.

        Before it the acknowledgement of a SYN/ACK alone, since without it the peer was never connected; text is
        acknowledged by the RST.
        """
        owes_reset = self.state in states.RESET_ON_ABORT
        owes_ack = self._ack_due and self.rcv_nxt == self.irs + 1
        self.state = next_state(self.state, states.ABORT)
        self._stop()
        if owes_reset:
            if owes_ack:
                self._emit(ACK, self._sending.snd_nxt)
            self._emit(RST | ACK, self._sending.snd_nxt)

    # An ICMP error must quote a sequence number that is on its way, snd_una .. snd_nxt - 1, or it is forged
    # or late (RFC 5927 4.1).

    @property
    def snd_una(self) -> Seq:
        """The oldest sequence number of ours without acknowledgement."""
        return self._sending.snd_una

    @property
    def snd_nxt(self) -> Seq:
        """The next sequence number that we shall send."""
        return self._sending.snd_nxt

    def has_in_flight(self, seq: int) -> bool:
        """Return whether a segment of ours that begins at `seq` may be on its way.

        What an ICMP error quotes must be, or the error is forged or late (RFC 5927 4.1).
        """
        return self._sending.snd_una <= seq < self._sending.snd_nxt

    # The five verbs ------------------------------------------------------------------------------------

    def receive_segment(self, segment: Segment, now: float) -> None:
        """Take in one segment of this flow, its checksum already judged."""
        if self.state == states.SYN_SENT:
            self._receive_in_syn_sent(segment, now)
        elif self.state != states.CLOSED:
            self._receive_synchronised(segment, now)

    def segments_to_send(self, now: float) -> list[Segment]:
        """Return what is due now, in order."""
        sending = self._sending
        if sending.queue or sending.fin_wanted:
            room = sending.mss - len(self._sack_option())
            for flags, seq, octets in sending.due(now, room):
                self._emit(flags, seq, octets)
        if self._ack_due:
            self._emit(ACK, sending.snd_nxt)
        segments, self._outbox = self._outbox, []
        return segments

    def next_event(self) -> Event | None:
        """Return the oldest event that was not yet taken."""
        return self._events.pop(0) if self._events else None

    def next_timer(self) -> float | None:
        """Return when `handle_timer` wants to be called, monotonic seconds."""
        return self._sending.timer_at if self._timer_at is None else self._timer_at

    def handle_timer(self, now: float) -> None:
        """Do what time demands; too early a call does nothing."""
        if self._timer_at is None:
            self._sending.handle_timer(now)
        elif now < self._timer_at:
            return
        elif self.state == states.SYN_SENT:
            self._repeat_syn(now)
        else:
            self.state = next_state(self.state, states.TIME_WAIT_OVER)
            self._stop()

    # RFC 9293 3.10.7.3: SYN_SENT -----------------------------------------------------------------------

    def _receive_in_syn_sent(self, segment: Segment, now: float) -> None:
        flags = segment.flags
        acknowledges = flags & ACK and segment.ack == self._sending.snd_nxt
        if flags & ACK and not acknowledges:
            if not flags & RST:
                self._answer_old_connection(segment, now)
        elif flags & RST:
            if acknowledges:
                self.state = next_state(self.state, states.RST_RECEIVED)
                self._stop()
                self._events.append(Refused())
        elif flags & SYN and acknowledges:
            self._establish(segment, now)

    def _answer_old_connection(self, segment: Segment, now: float) -> None:
        """The peer holds an older connection on these four numbers, in TIME_WAIT perhaps, and asks about it.

        The RST (3.10.7.3, first) ends that one; the SYN that follows at once meets a listener, 0.2 s earlier
        than the timer would. After CHALLENGE_LIMIT of them whoever asks is no such peer, and gets no answer.
        """
        if self._resets == CHALLENGE_LIMIT:
            return
        self._resets += 1
        self._outbox.append(Segment(self.source_port, self.destination_port, segment.ack, 0, RST, 0))
        if self._quick_syns < QUICK_SYN_LIMIT:
            self._quick_syns += 1
            self._repeat_syn(now)

    def _establish(self, segment: Segment, now: float) -> None:
        try:
            options = parse_options(segment.options)
        except WireError:
            return
        self.state = next_state(self.state, states.SYN_ACK_RECEIVED)
        self.irs = Seq(segment.seq)
        self.rcv_nxt = self.irs + 1
        self._sending.establish(self.irs, segment.window, now)
        self._sending.mss = max(min(options.mss or MSS_DEFAULT, self.mss), MSS_MIN)
        self._offers_sack = options.sack_permitted
        self._timer_at = None
        self._ack_due = True
        self._events.append(Connected())
        if segment.payload or segment.flags & FIN:
            self._receive_text(segment, self.rcv_nxt, now)

    # RFC 9293 3.10.7.4: the synchronised states ---------------------------------------------------------

    def _receive_synchronised(self, segment: Segment, now: float) -> None:
        flags = segment.flags
        if not self._in_window(segment):
            self._answer_unacceptable(segment)
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

    def _answer_unacceptable(self, segment: Segment) -> None:
        """Acknowledge what comes a second time: our acknowledgement may be lost (3.10.7.4, first).

        A bare ACK from elsewhere may itself be an answer to ours: without a limit, two ends that disagree
        would answer each other for ever.
        """
        if segment.flags & RST:
            return
        if segment.payload or segment.flags & (SYN | FIN):
            self._ack_due = True
        else:
            self._challenge()

    def _receive_rst(self, segment: Segment) -> None:
        """RFC 5961 3.2: only the very next sequence number resets, another in the window is asked about."""
        if segment.seq != self.rcv_nxt:
            self._challenge()
            return
        if self.state != states.TIME_WAIT:  # where all was said and done before
            self._events.append(Reset())
        self.state = next_state(self.state, states.RST_RECEIVED)
        self._stop()

    def _receive_ack(self, segment: Segment, now: float) -> bool:
        """Take in acknowledgement and window; return whether the rest may be believed (RFC 5961 5.2)."""
        sending = self._sending
        ack = Seq(segment.ack)
        if not sending.believes(ack):
            self._challenge()
            return False
        if ack > sending.snd_una and sending.acknowledge(ack, now):
            self.state = next_state(self.state, states.FIN_ACKED)
            self._finish_if_closed(now)
        if ack == sending.snd_una:
            sending.take_window(Seq(segment.seq), ack, segment.window, now)
        return True

    def _receive_text(self, segment: Segment, seq: Seq, now: float) -> None:
        """Take in text and FIN (3.10.7.4, seventh and eighth); seq: of the first octet of text."""
        if not segment.payload and not segment.flags & FIN:
            return
        received = self._received = self._received or Reassembly()
        before = received.expected
        position = before + (seq - self.rcv_nxt)
        window_end = before + RCV_WND
        fin_at = position + len(segment.payload)
        if segment.flags & FIN and self._peer_fin_at is None and fin_at < window_end:
            self._peer_fin_at = fin_at
            received.end_at(fin_at)  # what comes behind a FIN is no part of the stream
        end = window_end if self._peer_fin_at is None else self._peer_fin_at
        in_order = received.add(position, segment.payload[: max(end - position, 0)])
        self.rcv_nxt = self.rcv_nxt + (received.expected - before)
        self._ack_due = True
        if in_order:
            self._events.append(DataReceived(in_order))
        if received.expected == self._peer_fin_at:
            self._receive_fin(now)

    def _receive_fin(self, now: float) -> None:
        self.rcv_nxt = self.rcv_nxt + 1
        self.state = next_state(self.state, states.FIN_RECEIVED)
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

    def _repeat_syn(self, now: float) -> None:
        self._sending.repeat_syn()
        self._send_syn(now)

    def _send_syn(self, now: float) -> None:
        options = _syn_options.get(self.mss)
        if options is None:
            options = _syn_options[self.mss] = mss_option(self.mss) + SACK_PERMITTED
        self._outbox.append(Segment(self.source_port, self.destination_port, self.iss, 0, SYN, RCV_WND, options))
        self._timer_at = now + SYN_INTERVAL

    def _challenge(self) -> None:
        if self._challenges < CHALLENGE_LIMIT:
            self._challenges += 1
            self._ack_due = True

    def _sack_option(self) -> bytes:
        """Return the option that names what came early, b"" when nothing did or the peer does not know it."""
        received = self._received
        if received is None or not received.islands or not self._offers_sack:
            return b""
        first = self.rcv_nxt + -received.expected
        return sack_option([(first + begin, first + end) for begin, end in received.sack_blocks()])

    def _emit(self, flags: int, seq: Seq, octets: bytes = b"") -> None:
        """Queue a segment that acknowledges all we have."""
        self._ack_due = False
        options = self._sack_option() if self._received is not None else b""
        self._outbox.append(
            Segment(self.source_port, self.destination_port, seq, self.rcv_nxt, flags, RCV_WND, options, octets)
        )

    # Small change --------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Nothing is owed any more: no timer, no octets, no acknowledgement."""
        self._sending.stop()
        self._timer_at = None
        self._ack_due = False
        self._outbox.clear()


_UNKNOWN = Seq(0)  # the peer's numbers before its SYN came
_syn_options: dict[int, bytes] = {}  # by the mss that they announce: as many as interfaces have sizes
