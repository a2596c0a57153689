# SPDX-License-Identifier: GPL-2.0-or-later
"""Which ICMP errors are about our packets, and what they mean, by protocol and sender."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.diagnose.error_heard import error_heard
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.recording import RecordedFrame
from lvs_rawcheck.link.tracer import RECEIVED, SENT
from lvs_rawcheck.wire.address import IPV4_OCTETS, parse_address
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet
from lvs_rawcheck.wire.icmp import IcmpMessage, echo_request, icmp_to_octets
from lvs_rawcheck.wire.icmpv6 import icmpv6_to_octets
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP, build_packet

DIRECTOR, REAL, VIP = (parse_address(text) for text in ("10.0.0.21", "10.0.0.42", "10.0.0.100"))
DIRECTOR6, REAL6, VIP6 = (parse_address(text) for text in ("2001:db8::21", "2001:db8::42", "2001:db8::100"))
MAC = bytes.fromhex("020000000200")
PORT = 53
PORTS = (50000).to_bytes(2, "big") + PORT.to_bytes(2, "big")


def heard(sender: bytes, kind: tuple[int, int], quoted: bytes, direction: str = RECEIVED) -> RecordedFrame:
    """Return a frame with an ICMP error of this type and code about a packet."""
    message = IcmpMessage(*kind, bytes(4), quoted)
    if len(sender) == IPV4_OCTETS:
        packet = build_packet(sender, DIRECTOR, PROTO_ICMP, icmp_to_octets(message))
        return RecordedFrame(direction, Ethernet(MAC, MAC, ETHERTYPE_IPV4, packet).to_octets(), 0.0)
    packet = build_packet(sender, DIRECTOR6, PROTO_ICMPV6, icmpv6_to_octets(message, sender, DIRECTOR6))
    return RecordedFrame(direction, Ethernet(MAC, MAC, ETHERTYPE_IPV6, packet).to_octets(), 0.0)


def asked(protocol: int = PROTO_UDP, vip: bytes = VIP, ports: bytes = PORTS) -> bytes:
    """Return a packet of ours to the VIP."""
    director_ip = DIRECTOR if len(vip) == IPV4_OCTETS else DIRECTOR6
    return build_packet(director_ip, vip, protocol, ports + bytes(16))


def answer(frames: list[RecordedFrame], protocol: int = PROTO_UDP, vip: bytes = VIP) -> Answer:
    return error_heard(frames, protocol, Endpoint(vip, PORT))


@pytest.mark.parametrize(
    ("sender", "kind", "protocol", "meaning"),
    [
        (VIP, (3, 3), PROTO_UDP, Answer.REFUSED),
        (VIP, (3, 2), PROTO_UDP, Answer.REFUSED),
        (VIP, (3, 13), PROTO_UDP, Answer.REJECTED),
        (VIP, (3, 3), PROTO_TCP, Answer.REJECTED),  # TCP refuses by RST: this is a firewall's
        (REAL, (3, 3), PROTO_UDP, Answer.UNREACHABLE),
        (REAL, (3, 1), PROTO_TCP, Answer.UNREACHABLE),
    ],
)
def test_what_an_error_means(sender: bytes, kind: tuple[int, int], protocol: int, meaning: Answer) -> None:
    assert answer([heard(sender, kind, asked(protocol))], protocol) == meaning


@pytest.mark.parametrize(
    ("sender", "kind", "meaning"),
    [
        (VIP6, (1, 4), Answer.REFUSED),
        (VIP6, (4, 1), Answer.REFUSED),
        (VIP6, (1, 1), Answer.REJECTED),
        (REAL6, (1, 3), Answer.UNREACHABLE),
    ],
)
def test_what_an_error_means_in_ipv6(sender: bytes, kind: tuple[int, int], meaning: Answer) -> None:
    assert answer([heard(sender, kind, asked(vip=VIP6))], vip=VIP6) == meaning


def test_an_error_about_an_echo_is_about_a_ping() -> None:
    echo = build_packet(DIRECTOR, VIP, PROTO_ICMP, icmp_to_octets(echo_request(1, 1, bytes(8))))
    for protocol in (PROTO_ICMP, PROTO_ICMPV6):  # of either version: the packet says which
        assert answer([heard(VIP, (3, 13), echo)], protocol) == Answer.REJECTED
    assert answer([heard(VIP, (3, 13), echo)], PROTO_UDP) == Answer.NOT_ASKED


def test_other_errors_are_not_about_the_check() -> None:
    others = [
        heard(VIP, (3, 3), asked(), SENT),
        heard(VIP, (3, 3), asked(PROTO_TCP)),
        heard(REAL, (3, 3), build_packet(DIRECTOR, REAL, PROTO_UDP, PORTS + bytes(16))),
        heard(VIP, (3, 3), asked(ports=PORTS[:2] + bytes([0, 9]))),
        heard(VIP, (3, 3), asked()[:10]),
        RecordedFrame(RECEIVED, b"short", 0.0),
    ]
    assert answer(others) == Answer.NOT_ASKED
    assert answer([*others, heard(VIP, (3, 3), asked())]) == Answer.REFUSED
