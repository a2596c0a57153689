# SPDX-License-Identifier: GPL-2.0-or-later
"""A real server on strings: a host without addresses, whose every frame the test writes itself.

It answers ARP for the real server's address, and hears what the director sends to the VIP at its MAC.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket, parse_arp
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, Ethernet, parse_ethernet
from lvs_rawcheck.wire.ip import PROTO_TCP, parse_packet
from lvs_rawcheck.wire.tcp import FIN, SYN, Segment, parse_segment
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.cli.site import DIRECTOR_IP, PORT, REAL_IP, VIP
from tests.netns.topology import Host

_ETH_P_ALL = 0x0003
_OUTGOING = 4
_SEQUENCE = 0x1_0000_0000
_WINDOW = 64240

Answerer = Callable[["Puppet", ArpPacket], None]


def sequence_length(segment: Segment) -> int:
    """Return how many sequence numbers a segment takes up (RFC 9293 3.4)."""
    return len(segment.payload) + bool(segment.flags & SYN) + bool(segment.flags & FIN)


def answer_truly(puppet: Puppet, request: ArpPacket) -> None:
    """Answer who has the real server's address."""
    puppet.send_arp(REPLY, puppet.mac, request)


class Puppet:
    """Owns one packet socket in the host's namespace. Use as a context manager."""

    def __init__(self, host: Host, answer_arp: Answerer = answer_truly) -> None:
        self.mac = host.mac_octets
        self.iss = 1_000_000
        self._answer_arp = answer_arp
        self._director_mac = b""
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind(("eth0", _ETH_P_ALL))
        self._socket.setblocking(False)

    def __enter__(self) -> Puppet:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def next_segment(self, timeout: float = 5.0, wanted: int = 0) -> Segment:
        """Return the director's next segment to the VIP; wanted: the flags that it must have."""
        deadline = time.monotonic() + timeout
        while True:
            segment = self._receive(deadline - time.monotonic())
            if segment is not None and segment.flags & wanted == wanted:
                return segment

    def silent_for(self, seconds: float) -> bool:
        """Return whether no segment comes in this time."""
        try:
            self.next_segment(seconds)
        except AssertionError:
            return True
        return False

    def _receive(self, seconds: float) -> Segment | None:
        ready = select.select([self._socket], [], [], max(seconds, 0))[0]
        assert ready, "no segment in time"
        octets, address = self._socket.recvfrom(65536)
        try:
            return None if address[2] == _OUTGOING else self._read(parse_ethernet(octets))
        except WireError:
            return None

    def _read(self, frame: Ethernet) -> Segment | None:
        if frame.ethertype == ETHERTYPE_ARP:
            request = parse_arp(frame.payload)
            if request.operation == REQUEST and request.target_ip == parse_address(REAL_IP):
                self._director_mac = frame.source
                self._answer_arp(self, request)
        elif frame.ethertype == ETHERTYPE_IPV4 and frame.destination == self.mac:
            packet = parse_packet(frame.payload)
            if packet.protocol == PROTO_TCP and packet.destination == parse_address(VIP):
                return parse_segment(frame.payload, packet.payload_offset, packet.end, None)
        return None

    def send_arp(self, operation: int, mac: bytes, request: ArpPacket) -> None:
        """Say that `mac` has the address that was asked for."""
        packet = ArpPacket(operation, mac, request.target_ip, request.sender_mac, request.sender_ip)
        self.send_frame(ETHERTYPE_ARP, packet.to_octets())

    def send_frame(self, ethertype: int, octets: bytes) -> None:
        """Send a packet to the director, who has asked already."""
        self._socket.send(Ethernet(self._director_mac, self.mac, ethertype, octets).to_octets())

    def answer(self, to: Segment, flags: int, seq: int = 0, ack: int | None = None, payload: bytes = b"") -> None:
        """Answer a segment as the VIP. seq: counted from our SYN. ack: absolute; None: all of that segment."""
        self.send_frame(ETHERTYPE_IPV4, self.packet(to, flags, seq, ack, payload))

    def packet(self, to: Segment, flags: int, seq: int = 0, ack: int | None = None, payload: bytes = b"") -> bytes:
        """Return the answer's IP packet."""
        port = to.source_port
        template = SegmentTemplate(AddressPair(parse_address(VIP), parse_address(DIRECTOR_IP)), int(PORT), port)
        acknowledged = (to.seq + sequence_length(to) if ack is None else ack) % _SEQUENCE
        number = (self.iss + seq) % _SEQUENCE
        return template.packet(Segment(int(PORT), port, number, acknowledged, flags, _WINDOW, b"", payload))
