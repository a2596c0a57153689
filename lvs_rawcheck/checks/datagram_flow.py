# SPDX-License-Identifier: GPL-2.0-or-later
"""One exchange of datagrams with one VIP at one real server's MAC: packets in, a verdict out; touches nothing.

Joins a `Carrier` with an `Exchange` and judges what surrounds them. The datagram is sent again and again until the
deadline, since it may be lost. An answer counts from the VIP only: from the real server's own address it is
remembered, since a right one may still come, and is the verdict at the deadline.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.steered import SteeredFlow, flow_key
from lvs_rawcheck.wire.address import format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Endpoint, Exchange
    from lvs_rawcheck.checks.carriers import Carrier
    from lvs_rawcheck.checks.reply_mac import ReplyMac
    from lvs_rawcheck.wire.ip import Packet

_DOUBT_SECONDS = 0.2  # a doubt that comes later is of no use: what is asked then has no time to be answered


class DatagramFlow(SteeredFlow):
    """An exchange with one endpoint, from its first datagram until it has left.

    companion: the flow of the exchange's companion, which runs at the same time; its answer proves the VIP where
    silence alone does not.
    """

    __slots__ = (
        "_carrier",
        "_companion",
        "_exchange",
        "_farewell",
        "_passed_in_silence",
        "_send_at",
        "_sent",
        "_wrong_address",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        carrier: Carrier,
        exchange: Exchange,
        reply_mac: ReplyMac,
        now: float,
        deadline: float,
        companion: DatagramFlow | None = None,
    ) -> None:
        key = flow_key(carrier.protocol, carrier.number)
        super().__init__(endpoint, key, carrier.peer_port, reply_mac, now, deadline)
        self._carrier = carrier
        self._exchange = exchange
        self._companion = companion
        self._sent = b""
        self._send_at: float | None = None
        self._farewell = b""
        self._wrong_address: bytes | None = None
        self._passed_in_silence = False

    @property
    def finished(self) -> bool:
        """Return whether verdict and farewell are both over."""
        return self.verdict is not None and not self._farewell

    @property
    def was_answered(self) -> bool:
        """Return whether the verdict is one that only an answer can bring about."""
        return super().was_answered and not self._passed_in_silence

    # What happens to it --------------------------------------------------------------------------------

    def steer(self, mac: bytes, now: float) -> None:
        """Send to this MAC from now on, and at once."""
        if mac == self.mac or self.verdict is not None:
            return
        self.mac = mac
        self._send_at = now
        if self.steered_at is None:
            self.steered_at = now
        self._plan_doubt(now, self._exchange.interval)

    def receive_packet(
        self, octets: bytes, packet: Packet, checksum_ready: bool, source_mac: bytes, now: float
    ) -> None:
        """Take in a packet that has our number; WireError: it is broken."""
        if self.mac is None or self.verdict is not None:
            return
        director_ip = self._carrier.director_ip
        if packet.source == director_ip and packet.destination == self.endpoint.vip:
            if self._sent and self._carrier.own_in(octets, packet, checksum_ready) == self._sent:
                self._decide_looped(source_mac, packet.ttl)
            return
        if packet.destination != director_ip:
            return
        payload = self._carrier.answer_in(octets, packet, checksum_ready)
        if payload is None:
            return
        if packet.source == self.endpoint.vip:
            self._receive_answer(payload, source_mac, now)
        elif source_mac == self.mac and self._exchange.datagram_received(payload) is not None:
            self._wrong_address = packet.source

    def receive_icmp_error(self, sentence: str, quoted_seq: int | None, source_mac: bytes) -> None:
        """Take in an ICMP error that quotes a datagram of ours."""
        if self._sent and self._hears(source_mac):
            self._decide(Verdict(Reason.UNREACHABLE, sentence))

    def packets_to_send(self, now: float) -> list[bytes]:
        """Return the datagram if it is due, or the farewell."""
        if self._farewell:
            farewell, self._farewell = self._farewell, b""
            return [self._carrier.packet(farewell)]
        if self.verdict is not None or self._send_at is None or now < self._send_at:
            return []
        self._send_at = now + self._exchange.interval
        self._sent = self._exchange.datagram_to_send()
        return [self._carrier.packet(self._sent)]

    def next_timer(self) -> float:
        """Return when `handle_timer` wants to be called: at the deadline at the latest."""
        timers = [self.deadline, self._send_at, self._doubt_at]
        return min(timer for timer in timers if timer is not None)

    def handle_timer(self, now: float) -> None:
        """Doubt the MAC when nothing was heard for a while, or end what has had its time."""
        if now >= self.deadline:
            self._decide(self._verdict_at_deadline())
        elif self._doubt_at is not None and now >= self._doubt_at:
            self._doubt_at = None
            self._doubt()
        elif self._send_at is not None and now >= self._send_at and self.deadline - now >= _DOUBT_SECONDS:
            self._doubt()

    # The verdict ---------------------------------------------------------------------------------------

    @property
    def _proven(self) -> bool:
        """Return whether the companion has shown that the VIP is there, at this MAC."""
        companion = self._companion
        if companion is None or companion.verdict is None:
            return False
        return companion.verdict.healthy and companion.mac == self.mac

    def _doubt(self) -> None:
        self.doubtful = self.doubtful or not self._proven

    def _receive_answer(self, payload: bytes, source_mac: bytes, now: float) -> None:
        verdict = self._exchange.datagram_received(payload)
        if verdict is None:
            return
        if not self._hears(source_mac):
            self._stray_mac = source_mac
            return
        self.phases.append(now)
        self._answered_from = source_mac if source_mac != self.mac else None
        self._decide(verdict)

    def _leave(self) -> None:
        if self.phases:
            self._farewell = self._exchange.farewell()

    def _verdict_at_deadline(self) -> Verdict:
        """Return what the deadline means: silence passes only where nothing speaks against it."""
        if self._wrong_address is not None:
            sender = format_address(self._wrong_address)
            return Verdict(
                Reason.WRONG_ADDRESS,
                f"the answer came from {sender}, not from the VIP: clients discard it; bind the service to the VIP",
            )
        silence = self._verdict_of_silence()
        passing = self._exchange.silence()
        if passing is None or silence.reason == Reason.WRONG_MAC:
            return silence
        if self._companion is None and silence.reason != Reason.NO_ANSWER:
            return silence
        if self._companion is None or self._proven:
            self._passed_in_silence = True
            return passing
        unproven = self._companion.verdict or self._companion._verdict_of_silence()
        if unproven.healthy:
            return silence  # it was there, at the MAC that the server had before
        return Verdict(unproven.reason, f"silence, and no proof that the VIP is there: {unproven.detail}")
