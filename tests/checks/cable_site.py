# SPDX-License-Identifier: GPL-2.0-or-later
"""A driver at one end of a cable; the test is the segment at the other end, and the kernel's neighbour table.

Guards are real sockets, so the director's address is the loopback's; nothing is ever sent there.
"""

from __future__ import annotations

from collections.abc import Callable

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Conversation, Endpoint
from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.checks.steering import Steering
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.memory import memory_cable
from lvs_rawcheck.link.packet import Frame
from lvs_rawcheck.link.rtnetlink import Interface, Neighbour
from lvs_rawcheck.neighbor.resolver import Resolver
from lvs_rawcheck.wire.address import IPV4_OCTETS
from lvs_rawcheck.wire.arp import REPLY, ArpPacket
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmpv6 import (
    NEIGHBOUR_HOP_LIMIT,
    OVERRIDE,
    SOLICITED,
    icmpv6_to_octets,
    neighbour_advertisement,
)
from lvs_rawcheck.wire.ip import PROTO_ICMPV6, PROTO_TCP, build_packet, parse_packet
from lvs_rawcheck.wire.tcp import ACK, RST, SYN, Segment, parse_segment
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.checks.site import PORT, V4, V6, Family, packed

DIRECTOR_MAC, REAL_MAC, NEW_MAC, OTHER_MAC = (bytes.fromhex(f"02000000000{digit}") for digit in "abcd")
LOOPBACK = {V4: packed("127.0.0.1"), V6: packed("::1")}
SERVER_ISS = 1_000_000
_UP_AND_RUNNING = 0x41  # IFF_UP, IFF_RUNNING
_ETHERNET = 1
STALE, PERMANENT = 0x04, 0x80  # neighbour.h


class CableSite:
    """Use as a context manager. entry: what the kernel holds for the real server; by default the right MAC."""

    def __init__(self, family: Family, rule: str | bytes = "real-server", ports: int = 100) -> None:
        self.family = family
        self.director_ip = LOOPBACK[family]
        self.real_ip, self.vip = packed(family.real), packed(family.vip)
        self.entry: Neighbour | None = Neighbour(self.real_ip, REAL_MAC, STALE)
        self.nudges = 0
        self.link, self.far_end = memory_cable(DIRECTOR_MAC, REAL_MAC)
        interface = Interface(1, "cable0", DIRECTOR_MAC, 1500, _UP_AND_RUNNING, _ETHERNET, None)
        self.path = Path(interface, self.director_ip, 1)
        self.guards = GuardPool(self.director_ip, ports)
        self.driver = Driver(self.link, self.path, self.guards)
        self.steering = Steering(self.real_ip, lambda: self.entry, self._nudge, self._resolver)
        self._reply_mac = ReplyMac(rule, lambda mac: None)
        self.ethertype = ETHERTYPE_IPV4 if len(self.vip) == IPV4_OCTETS else ETHERTYPE_IPV6

    def __enter__(self) -> CableSite:
        return self

    def __exit__(self, *_: object) -> None:
        self.guards.close()
        self.link.close()
        self.far_end.close()

    def _nudge(self) -> None:
        self.nudges += 1

    def _resolver(self) -> Resolver:
        return Resolver(self.real_ip, self.director_ip, DIRECTOR_MAC)

    def learn(self, mac: bytes, state: int = STALE) -> None:
        """Let the kernel have this entry from now on."""
        self.entry = Neighbour(self.real_ip, mac, state)

    def start(
        self,
        timeout: float = 5.0,
        vip: bytes | None = None,
        conversation: Callable[[], Conversation] = TcpConversation,
        done: Callable[[Flow], None] = lambda flow: None,
    ) -> Flow:
        """Begin one check."""
        endpoint = Endpoint(vip or self.vip, PORT)
        deadline = clock.now() + timeout
        return self.driver.start(endpoint, self.steering, conversation(), self._reply_mac, deadline, done)

    def arrived(self) -> list[Frame]:
        """Return the frames that reached the far end, and have not been returned before."""
        frames = []
        while (frame := self.far_end.receive()) is not None:
            frames.append(frame)
        return frames

    def segments(self) -> list[Segment]:
        """Return the TCP segments among them."""
        return [segment for frame in self.arrived() if (segment := read_segment(frame)) is not None]

    def send_segment(self, segment: Segment, mac: bytes = REAL_MAC, vip: bytes | None = None) -> None:
        """Send a segment from the VIP to the director."""
        self.send(self.segment_packet(segment, vip), mac, self.ethertype)

    def segment_packet(self, segment: Segment, vip: bytes | None = None) -> bytes:
        """Return the IP packet of a segment from the VIP to the director."""
        addresses = AddressPair(vip or self.vip, self.director_ip)
        return SegmentTemplate(addresses, segment.source_port, segment.destination_port).packet(segment)

    def own_packet(self, segment: Segment, ttl: int) -> bytes:
        """Return the IP packet of a segment from the director to the VIP, as one that forwards it sends it back."""
        addresses = AddressPair(self.director_ip, self.vip, ttl)
        return SegmentTemplate(addresses, segment.source_port, segment.destination_port).packet(segment)

    def send(self, octets: bytes, mac: bytes, ethertype: int) -> None:
        """Send a frame from this MAC."""
        self.far_end.own_mac = mac
        self.far_end.send(octets, DIRECTOR_MAC, ethertype)

    def neighbour_answer(self, mac: bytes = REAL_MAC) -> tuple[bytes, int]:
        """Return packet and ethertype of the real server's answer to our question."""
        if self.family is V4:
            packet = ArpPacket(REPLY, mac, self.real_ip, DIRECTOR_MAC, self.director_ip)
            return packet.to_octets(), ETHERTYPE_ARP
        message = neighbour_advertisement(self.real_ip, mac, SOLICITED | OVERRIDE).to_message()
        payload = icmpv6_to_octets(message, self.real_ip, self.director_ip)
        packet_octets = build_packet(self.real_ip, self.director_ip, PROTO_ICMPV6, payload, NEIGHBOUR_HOP_LIMIT)
        return packet_octets, ETHERTYPE_IPV6

    def serve(self, flags: int = SYN | ACK, mac: bytes = REAL_MAC) -> int:
        """Answer each SYN that has arrived; return how many there were."""
        count = 0
        for frame in self.arrived():
            segment = read_segment(frame)
            if segment is not None and segment.flags == SYN:
                self.send_segment(answer_to(segment, flags), mac, parse_packet(frame.octets).destination)
                count += 1
        return count


def read_segment(frame: Frame) -> Segment | None:
    """Return the TCP segment in a frame, None if there is none."""
    if frame.ethertype == ETHERTYPE_ARP:
        return None
    packet = parse_packet(frame.octets)
    if packet.protocol != PROTO_TCP:
        return None
    pseudo_sum = AddressPair(packet.source, packet.destination).pseudo_sum
    return parse_segment(frame.octets, packet.payload_offset, packet.end, pseudo_sum)


def answer_to(syn: Segment, flags: int = SYN | ACK) -> Segment:
    """Return the answer to a SYN: SYN | ACK, or RST | ACK."""
    seq = 0 if flags & RST else SERVER_ISS
    return Segment(syn.destination_port, syn.source_port, seq, (syn.seq + 1) % 2**32, flags, 65535)
