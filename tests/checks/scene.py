# SPDX-License-Identifier: GPL-2.0-or-later
"""A flow alone on the stage: the test plays the server, the link and the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lvs_rawcheck.checks.base import Conversation, Endpoint, Reason, Verdict
from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.tcp.isn import TICKS_PER_SECOND
from lvs_rawcheck.wire.ip import parse_packet
from lvs_rawcheck.wire.tcp import SYN, Segment, parse_segment
from lvs_rawcheck.wire.template import AddressPair
from tests.checks.site import PORT, packed

REAL_MAC = bytes.fromhex("02000000000b")
OTHER_MAC = bytes.fromhex("02000000000c")
NEW_MAC = bytes.fromhex("02000000000d")
DIRECTOR_IP, VIP = packed("10.0.0.21"), packed("10.0.0.100")
SOURCE_PORT = 54321
ISN_OFFSET = 2**32 - 5  # sequence numbers wrap on the way
ISS_DISTANCE = TICKS_PER_SECOND
SERVER_ISS = 7_000_000


class Expecting(Conversation):
    """Expects a beginning, after having said something; an early end is `closed`."""

    def __init__(self, expected: bytes, says: bytes) -> None:
        self._expected = expected
        self._unsaid = says

    def connected(self) -> Verdict | None:
        return None if self._expected else Verdict(Reason.OK, "connected")

    def data_received(self, octets: bytes) -> Verdict | None:
        right = octets.startswith(self._expected)
        return Verdict(Reason.OK if right else Reason.PROTOCOL, repr(octets))

    def peer_closed(self) -> Verdict | None:
        return Verdict(Reason.CLOSED, "closed early")

    def octets_to_send(self) -> bytes:
        unsaid, self._unsaid = self._unsaid, b""
        return unsaid


def flags_of(segments: Sequence[Segment]) -> list[int]:
    """Return the flags of segments, PSH left out."""
    return [segment.flags & ~0x08 for segment in segments]


class Scene:
    """One flow that begins at 0.0; what it sends is parsed, checksums included."""

    def __init__(
        self,
        deadline: float,
        rule: str | bytes = "real-server",
        owners: Mapping[bytes, bytes] | None = None,
        expects: bytes = b"",
        says: bytes = b"",
        conversation: Conversation | None = None,
    ) -> None:
        self._addresses = AddressPair(DIRECTOR_IP, VIP)
        self._iss = 0
        self._now = 0.0
        self.flow = Flow(
            Endpoint(VIP, PORT),
            self._addresses,
            SOURCE_PORT,
            conversation or Expecting(expects, says),
            ReplyMac(rule, (owners or {}).get),
            ISN_OFFSET,
            1460,
            0.0,
            deadline,
        )

    @property
    def iss(self) -> int:
        """The sequence number of its latest connection's SYN."""
        assert self.flow.connection is not None
        return self.flow.connection.iss

    @property
    def reason(self) -> str | None:
        """The verdict's reason, None while there is none."""
        return self.flow.verdict.reason if self.flow.verdict is not None else None

    @property
    def detail(self) -> str:
        """The verdict's sentence."""
        assert self.flow.verdict is not None
        return self.flow.verdict.detail

    def steer(self) -> None:
        """Give it the real server's MAC, at 0.0."""
        self.flow.steer(REAL_MAC, 0.0)

    def sent(self) -> list[Segment]:
        """Return what it wants to send now."""
        segments = []
        for octets in self.flow.packets_to_send(self._now):
            packet = parse_packet(octets)
            assert (packet.source, packet.destination, packet.ttl) == (DIRECTOR_IP, VIP, 64)
            segments.append(parse_segment(octets, packet.payload_offset, packet.end, self._addresses.pseudo_sum))
        return segments

    def receive(
        self,
        flags: int,
        *,
        seq: int = 0,
        ack: int = 1,
        mac: bytes = REAL_MAC,
        payload: bytes = b"",
        now: float = 0.05,
    ) -> None:
        """Let a segment from the VIP arrive; seq and ack count from both ends' initial sequence numbers."""
        self._now = now
        number = (self.iss + ack) % 2**32 if self.flow.connection is not None else ack
        segment = Segment(PORT, SOURCE_PORT, SERVER_ISS + seq, number, flags, 65535, b"", payload)
        self.flow.receive_segment(segment, mac, now)

    def receive_own(self, mac: bytes, ttl: int, distance: int = 0) -> None:
        """Let a SYN of our own come back; distance: of its sequence number from the one we sent."""
        seq = (self.iss + distance) % 2**32 if self.flow.connection is not None else distance
        self.flow.receive_own(Segment(SOURCE_PORT, PORT, seq, 0, SYN, 64240), mac, ttl)

    def expire(self) -> None:
        """Let the deadline come."""
        self._now = self.flow.deadline
        self.flow.handle_timer(self._now)
