# SPDX-License-Identifier: GPL-2.0-or-later
"""The same cases through the kernel: frames on a cable, and a packet socket with the filter at its end."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import pytest

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.address_search import kernel_octets
from lvs_rawcheck.link.bpf import (
    ACCEPT_OCTETS,
    DROP_ALL,
    KERNEL_OCTETS_MOST,
    MATCH_LIMIT,
    RETURN,
    attach,
    reply_filter,
)
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.wire.checksum import internet_checksum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4
from lvs_rawcheck.wire.ip import PROTO_SCTP, PROTO_TCP, PROTO_UDP
from tests.link.filter_cases import (
    CASES_V4,
    CASES_V6,
    DATAGRAM_CASES_V4,
    DATAGRAM_CASES_V6,
    DIRECTOR_V4,
    DIRECTOR_V6,
    PORT,
    REAL_V4,
    REAL_V6,
    VIPS_V4,
    VIPS_V6,
    Case,
)
from tests.netns.topology import Network, wait_until

pytestmark = pytest.mark.netns

LAST = b"the last frame"
LAST_ETHERTYPE = 0x88B5  # IEEE 802: local experiments
DATAGRAMS = (PROTO_UDP, PROTO_SCTP)
EVERY_PROTOCOL = (PROTO_TCP, *DATAGRAMS)
SO_LOCK_FILTER = 44  # include/uapi/asm-generic/socket.h


def _received(network: Network, program: Sequence[tuple[int, int, int, int]], frames: list[bytes]) -> list[bytes]:
    """Return which packets of these whole frames, sent by one host, pass a filter on another."""
    sender, receiver = network.host("sender"), network.host("receiver")
    with receiver.entered():
        link = PacketLink(receiver.index(), receiver.mac_octets, program)
        everything = PacketLink(receiver.index(), receiver.mac_octets, ((RETURN, 0, 0, ACCEPT_OCTETS),))
    with sender.entered():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        raw.bind(("eth0", 0))
    header = receiver.mac_octets + sender.mac_octets
    for frame in [*frames, LAST_ETHERTYPE.to_bytes(2, "big") + LAST]:
        raw.send(frame if len(frame) > 12 and frame[:5] == b"\x02\0\0\0\0" else header + frame)

    def last_arrived() -> bool:
        frame = everything.receive()
        while frame is not None and frame.ethertype != LAST_ETHERTYPE:
            frame = everything.receive()
        return frame is not None

    wait_until(last_arrived, "the last frame arrives")
    found = []
    while (passed := link.receive()) is not None:
        found.append(passed.octets)
    link.close()
    everything.close()
    raw.close()
    return found


def _frames(cases: Sequence[Case]) -> list[bytes]:
    return [case.ethertype.to_bytes(2, "big") + case.octets for case in cases]


def test_the_kernel_agrees_on_ipv4(network: Network) -> None:
    program = reply_filter(DIRECTOR_V4, VIPS_V4, [REAL_V4], [PORT])
    assert _received(network, program, _frames(CASES_V4)) == [case.octets for case in CASES_V4 if case.passes]


def test_the_kernel_agrees_on_ipv6(network: Network) -> None:
    program = reply_filter(DIRECTOR_V6, VIPS_V6, [REAL_V6], [PORT])
    assert _received(network, program, _frames(CASES_V6)) == [case.octets for case in CASES_V6 if case.passes]


def test_the_kernel_agrees_on_datagrams_over_ipv4(network: Network) -> None:
    program = reply_filter(DIRECTOR_V4, VIPS_V4, [REAL_V4], [PORT], DATAGRAMS)
    passed = [case.octets for case in DATAGRAM_CASES_V4 if case.passes]
    assert _received(network, program, _frames(DATAGRAM_CASES_V4)) == passed


def test_the_kernel_agrees_on_datagrams_over_ipv6(network: Network) -> None:
    program = reply_filter(DIRECTOR_V6, VIPS_V6, [REAL_V6], [PORT], DATAGRAMS)
    passed = [case.octets for case in DATAGRAM_CASES_V6 if case.passes]
    assert _received(network, program, _frames(DATAGRAM_CASES_V6)) == passed


def test_vlan_frames_are_dropped_and_priority_tagged_ones_pass(network: Network) -> None:
    untagged = _frames(CASES_V4[:1])[0]
    tagged, priority = b"\x81\x00\x00\x0a" + untagged, b"\x81\x00\x60\x00" + untagged
    program = reply_filter(DIRECTOR_V4, VIPS_V4, [REAL_V4], [PORT])
    assert _received(network, program, [tagged, priority, untagged]) == [CASES_V4[0].octets] * 2


def test_frames_for_another_host_are_dropped(network: Network) -> None:
    untagged = _frames(CASES_V4[:1])[0]
    for_another = bytes.fromhex("0200000000ff 020000000100") + untagged
    program = reply_filter(DIRECTOR_V4, VIPS_V4, [REAL_V4], [PORT])
    assert _received(network, program, [for_another, untagged]) == [CASES_V4[0].octets]


def _with_checksum(packet: bytes) -> bytes:
    """Return an IPv4 packet with the checksum of its header: one without it may not even come to a packet socket."""
    checksum = internet_checksum(packet[:10] + bytes(2) + packet[12:20])
    return packet[:10] + checksum.to_bytes(2, "big") + packet[12:]


def test_the_kernel_tells_a_thousand_vips_from_their_neighbours(network: Network) -> None:
    segment = CASES_V4[0].octets
    vips = [VIPS_V4[1], *(bytes([10, number % 200, number % 251, 2 * number % 256]) for number in range(1000))]
    sources = [bytes([*vip[:3], vip[3] ^ last]) for vip in vips[:300] for last in (0, 1)]
    segments = [_with_checksum(segment[:12] + source + segment[16:]) for source in sources]
    wanted = [each for each in segments if each[12:16] in set(vips)]
    assert 0 < len(wanted) < len(segments)
    program = reply_filter(DIRECTOR_V4, vips, [REAL_V4], [PORT])
    frames = [ETHERTYPE_IPV4.to_bytes(2, "big") + each for each in segments]
    assert _received(network, program, frames) == wanted


@pytest.mark.parametrize(
    ("director_ip", "size"), [(DIRECTOR_V4, 4), (DIRECTOR_V6, 16)], ids=["many of IPv4", "many of IPv6"]
)
def test_the_longest_programs_fit_into_the_memory_of_linux_6_1(network: Network, director_ip: bytes, size: int) -> None:
    host = network.host("director")
    with suppress(FileNotFoundError):  # before Linux 6.8 it is not the namespace's own, and has that value
        host.sysctl("net.core.optmem_max", KERNEL_OCTETS_MOST)
    random = Random(5)
    addresses = [random.randbytes(size) for _ in range(3000)]
    ports = range(1, MATCH_LIMIT + 1)
    with host.entered():
        for number in (100, 1000, 3000):
            program = reply_filter(director_ip, addresses[:number], addresses[: number // 6], ports, EVERY_PROTOCOL)
            with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as sock:
                attach(sock, program)
    assert kernel_octets(program) > KERNEL_OCTETS_MOST / 2, "of the room that there is, most is used"


def test_what_keeps_the_kernel_from_attaching_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as locked:
        attach(locked, DROP_ALL)
        locked.setsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER, 1)
        with pytest.raises(LinkError, match=r"refused a filter of 1 instructions: .*\(a locked filter, or CAP_NET_RAW"):
            attach(locked, DROP_ALL)
