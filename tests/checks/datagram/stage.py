# SPDX-License-Identifier: GPL-2.0-or-later
"""A flow of datagrams alone on the stage: the test plays the server, the link and the clock."""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.checks.base import Endpoint, Exchange, Reason, Verdict
from lvs_rawcheck.checks.carriers import UdpCarrier
from lvs_rawcheck.checks.datagram_flow import DatagramFlow
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ip import PROTO_UDP, build_packet, parse_packet
from lvs_rawcheck.wire.udp import Datagram, parse_datagram
from tests.checks.site import PORT, packed

REAL_MAC = bytes.fromhex("02000000000b")
OTHER_MAC = bytes.fromhex("02000000000c")
DIRECTOR_IP, VIP, REAL_IP, STRANGER_IP = map(packed, ("10.0.0.21", "10.0.0.100", "10.0.0.42", "10.0.0.99"))
SOURCE_PORT = 54321


class Asks(Exchange):
    """Says `ask`; takes `answer` for right, anything else that begins with `a` for wrong, the rest for no answer."""

    kind = "asks"
    interval = 0.5

    def __init__(self, silence: Verdict | None = None, farewell: bytes = b"") -> None:
        self._silence = silence
        self._farewell = farewell

    def datagram_to_send(self) -> bytes:
        return b"ask"

    def datagram_received(self, octets: bytes) -> Verdict | None:
        if not octets.startswith(b"a"):
            return None
        return Verdict(Reason.OK if octets == b"answer" else Reason.RESPONSE, octets.decode())

    def silence(self) -> Verdict | None:
        return self._silence

    def farewell(self) -> bytes:
        return self._farewell


class DatagramScene:
    """One flow over UDP that begins at 0.0; what it sends is parsed, checksums included."""

    def __init__(
        self,
        deadline: float,
        exchange: Exchange | None = None,
        rule: str | bytes = "real-server",
        owners: Mapping[bytes, bytes] | None = None,
        companion: DatagramFlow | None = None,
        source_port: int = SOURCE_PORT,
    ) -> None:
        endpoint = Endpoint(VIP, PORT)
        self._source_port = source_port
        self._carrier = UdpCarrier(DIRECTOR_IP, endpoint, source_port)
        reply_mac = ReplyMac(rule, (owners or {}).get)
        self.flow = DatagramFlow(endpoint, self._carrier, exchange or Asks(), reply_mac, 0.0, deadline, companion)

    @property
    def reason(self) -> str | None:
        """The verdict's reason, None while there is none."""
        return self.flow.verdict.reason if self.flow.verdict is not None else None

    @property
    def detail(self) -> str:
        """The verdict's sentence."""
        assert self.flow.verdict is not None
        return self.flow.verdict.detail

    def sent(self, now: float) -> list[bytes]:
        """Return the payloads that it wants to send now."""
        payloads = []
        for octets in self.flow.packets_to_send(now):
            packet = parse_packet(octets)
            assert (packet.source, packet.destination, packet.ttl) == (DIRECTOR_IP, VIP, 64)
            datagram = parse_datagram(octets, packet, pseudo_header_sum(packet.source, packet.destination, PROTO_UDP))
            assert (datagram.source_port, datagram.destination_port) == (self._source_port, PORT)
            payloads.append(datagram.payload)
        return payloads

    def begin(self) -> None:
        """Give it the real server's MAC at 0.0, and let it send."""
        self.flow.steer(REAL_MAC, 0.0)
        assert self.sent(0.0) == [b"ask"]

    def receive(
        self,
        payload: bytes = b"answer",
        *,
        mac: bytes = REAL_MAC,
        source: bytes = VIP,
        port: int = PORT,
        now: float = 0.1,
    ) -> None:
        """Let a datagram for our port arrive."""
        datagram = Datagram(port, self._source_port, payload)
        self._take(datagram, source, DIRECTOR_IP, 64, mac, now)

    def receive_own(self, mac: bytes, ttl: int, payload: bytes = b"ask") -> None:
        """Let a datagram of our own come back."""
        self._take(Datagram(self._source_port, PORT, payload), DIRECTOR_IP, VIP, ttl, mac, 0.1)

    def _take(self, datagram: Datagram, source: bytes, destination: bytes, ttl: int, mac: bytes, now: float) -> None:
        payload = datagram.to_octets(pseudo_header_sum(source, destination, PROTO_UDP))
        octets = build_packet(source, destination, PROTO_UDP, payload, ttl)
        self.flow.receive_packet(octets, parse_packet(octets), True, mac, now)

    def expire(self) -> None:
        """Let the deadline come."""
        self.flow.handle_timer(self.flow.deadline)
