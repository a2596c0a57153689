# SPDX-License-Identifier: GPL-2.0-or-later
"""One conversation with one VIP at one real server's MAC: segments in, a verdict out; touches nothing.

Joins a `Connection` with a `Conversation` and judges what surrounds them: who answered (the source MAC), our
own frames coming back, ICMP errors, the deadline. A verdict once given is never changed by what happens while
leaving.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import GOODBYE_SECONDS, Reason, Verdict, timed_out
from lvs_rawcheck.checks.steered import SteeredFlow, flow_key
from lvs_rawcheck.tcp.connection import Connection
from lvs_rawcheck.tcp.events import Connected, DataReceived, PeerClosed, Refused, Reset
from lvs_rawcheck.tcp.isn import initial_sequence_number
from lvs_rawcheck.tcp.states import CLOSED, SENDING, SYN_SENT, TIME_WAIT
from lvs_rawcheck.tcp.timers import SYN_INTERVAL
from lvs_rawcheck.wire.ip import PROTO_TCP
from lvs_rawcheck.wire.tcp import ACK, RST, SYN, Segment
from lvs_rawcheck.wire.template import SegmentTemplate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Conversation, Endpoint
    from lvs_rawcheck.checks.reply_mac import ReplyMac
    from lvs_rawcheck.tcp.events import Event
    from lvs_rawcheck.wire.template import AddressPair


TCP_KEYS = flow_key(PROTO_TCP, 0)


class Flow(SteeredFlow):
    """A check of one endpoint, from its first SYN until it has left.

    isn_offset: this flow's share of its initial sequence numbers (`tcp.isn`). deadline: monotonic seconds,
    absolute.
    """

    __slots__ = (
        "_clean_close",
        "_conversation",
        "_isn_offset",
        "_mss",
        "_template",
        "connection",
        "source_port",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        addresses: AddressPair,
        source_port: int,
        conversation: Conversation,
        reply_mac: ReplyMac,
        isn_offset: int,
        mss: int,
        now: float,
        deadline: float,
    ) -> None:
        super().__init__(endpoint, TCP_KEYS + source_port, endpoint.port, reply_mac, now, deadline)
        self.source_port = source_port
        self.connection: Connection | None = None
        self._conversation = conversation
        self._isn_offset = isn_offset
        self._template = SegmentTemplate(addresses, source_port, endpoint.port)
        self._mss = mss
        self._clean_close = False

    def close_cleanly(self) -> None:
        """Leave by FIN, not by RST, once the verdict is given."""
        self._clean_close = True

    @property
    def finished(self) -> bool:
        """Return whether verdict and farewell are both over."""
        return self.verdict is not None and (self.connection is None or self.connection.state in (CLOSED, TIME_WAIT))

    @property
    def unanswered(self) -> bool:
        """Return whether our SYN has had no answer yet."""
        return self.connection is not None and self.connection.state == SYN_SENT

    # What happens to it --------------------------------------------------------------------------------

    def steer(self, mac: bytes, now: float) -> None:
        """Send to this MAC from now on; where nobody had answered at the old one, begin again."""
        if mac == self.mac or self.verdict is not None:
            return
        self.mac = mac
        if self.steered_at is None:
            self.steered_at = now
        if self.connection is None or self.connection.state == SYN_SENT:
            iss = initial_sequence_number(self._isn_offset, now)
            self.connection = Connection(self.source_port, self.endpoint.port, iss, self._mss)
            self.connection.open(now)
            self._plan_doubt(now, SYN_INTERVAL)

    def receive_segment(self, segment: Segment, source_mac: bytes, now: float) -> None:
        """Take in a segment from the VIP, port and checksum already matched."""
        if self.connection is None or self.mac is None:
            return
        if source_mac != self.mac and not self._reply_mac.allows(source_mac):
            self._note_stray(segment, source_mac)
            return
        self._answered_from = source_mac if source_mac != self.mac else None
        self.connection.receive_segment(segment, now)
        self._take_events(now)
        self._answered_from = None

    def receive_own(self, segment: Segment, source_mac: bytes, ttl: int) -> None:
        """Take in a segment of our own that came back: one hop older and from the real server, it was forwarded.

        Only one still in flight counts: who forges one does not know its sequence number.
        """
        if self.connection is not None and self.connection.has_in_flight(segment.seq):
            self._decide_looped(source_mac, ttl)

    def receive_icmp_error(self, sentence: str, quoted_seq: int | None, source_mac: bytes) -> None:
        """Take in an ICMP error that quotes a segment of ours: only one still in flight counts."""
        connection = self.connection
        if connection is None or quoted_seq is None or not self._hears(source_mac):
            return
        if connection.has_in_flight(quoted_seq):
            self._decide(self._conversation.settled() or Verdict(Reason.UNREACHABLE, sentence))

    def packets_to_send(self, now: float) -> list[bytes]:
        """Return the IP packets that are due, in order, all for `mac`."""
        if self.connection is None:
            return []
        return list(map(self._template.packet, self.connection.segments_to_send(now)))

    def next_timer(self) -> float:
        """Return when `handle_timer` wants to be called: at the deadline at the latest."""
        timer = self.connection.next_timer() if self.connection is not None else None
        if self._doubt_at is not None and self.unanswered and (timer is None or self._doubt_at < timer):
            timer = self._doubt_at
        return self.deadline if timer is None else min(timer, self.deadline)

    def handle_timer(self, now: float) -> None:
        """Retransmit, or end what has had its time."""
        if now >= self.deadline:
            self._expire()
        elif self.connection is not None:
            if self._doubt_at is not None and now >= self._doubt_at:
                self._doubt_at = None
                self.doubtful = self.doubtful or self.unanswered
            due = self.connection.next_timer()
            if due is not None and now >= due:
                self.doubtful = self.doubtful or self.unanswered
                self.connection.handle_timer(now)

    # The verdict ---------------------------------------------------------------------------------------

    def _take_events(self, now: float) -> None:
        connection = self.connection
        if connection is None:
            return
        while (event := connection.next_event()) is not None:
            if self.verdict is None:
                verdict = self._judge(event, now)
                if verdict is not None:
                    self._decide(verdict)
        if self.connected_at is None:
            return
        reached = self._conversation.phases_reached()
        if reached:
            self.phases += [now] * (len(reached) - len(self.phases))
        if self.verdict is None:
            octets = self._conversation.octets_to_send()
            if octets:
                connection.send(octets)
            if self._conversation.has_said_all and connection.state in SENDING:
                connection.close()
            if self._conversation.settled() is not None:
                self.deadline = min(self.deadline, now + GOODBYE_SECONDS)

    def _judge(self, event: Event, now: float) -> Verdict | None:
        if isinstance(event, Connected):
            self.connected_at = now
            return self._conversation.connected()
        if isinstance(event, DataReceived):
            return self._conversation.data_received(event.octets)
        if isinstance(event, PeerClosed):
            return self._conversation.peer_closed()
        if isinstance(event, Refused):
            return Verdict(Reason.REFUSED, "RST from the VIP: nothing listens on that port, or not on the VIP")
        if isinstance(event, Reset):
            return self._conversation.settled() or Verdict(
                Reason.CLOSED, "RST from the VIP in the middle of the conversation"
            )
        return None

    def _leave(self) -> None:
        connection = self.connection
        if connection is None or connection.state == CLOSED:
            return
        if not self._clean_close or self.connected_at is None:
            connection.abort()
        elif connection.state in SENDING:  # else our FIN is on its way already
            connection.close()

    def _expire(self) -> None:
        if self.verdict is None:
            self._decide(self._verdict_of_silence())
        if self.connection is not None and self.connection.state != CLOSED:
            self.connection.abort()

    def _verdict_of_silence(self) -> Verdict:
        """Return what the deadline means, by how far the conversation got."""
        return super()._verdict_of_silence() if self.connected_at is None else timed_out(self._conversation)

    def _note_stray(self, segment: Segment, source_mac: bytes) -> None:
        """Remember who else answered, if it was our SYN that they answered: any other could be anybody."""
        if not self.unanswered or self.connection is None:
            return
        answers = segment.flags & ACK and segment.flags & (SYN | RST)
        if answers and segment.ack == self.connection.iss + 1:
            self._stray_mac = source_mac
