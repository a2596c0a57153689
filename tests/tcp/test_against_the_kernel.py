# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's TCP as the server: a real server's namespace that holds the VIP, over a packet socket and a guard."""

from __future__ import annotations

import hashlib
import select
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from ipaddress import ip_address
from random import Random

import pytest

from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.faults import FaultyLink
from lvs_rawcheck.link.guard import Guard
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.tcp.connection import Connection
from lvs_rawcheck.tcp.events import Closed, Connected, PeerClosed, Refused
from lvs_rawcheck.tcp.states import CLOSED, ESTABLISHED, TIME_WAIT
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.ip import PROTO_TCP, parse_packet
from lvs_rawcheck.wire.tcp import ACK, RST, SYN, Segment, parse_segment
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.netns.roles import director as make_director
from tests.netns.roles import real_server
from tests.netns.server import BANNER
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network
from tests.tcp.owner import Owner, after_the_peer, at_once

pytestmark = pytest.mark.netns

FAMILIES = [("10.0.0.21", "10.0.0.100"), ("2001:db8::21", "2001:db8::100")]
PORT = 80
MSS = {4: 1460, 16: 1440}
ISS = 2**32 - 1000
MEBIBYTE = 1 << 20
SECONDS = 30.0
FAULTY_SECONDS = 90.0
FAULTY_SECONDS_LONG = 500.0

Serve = Callable[[str], AbstractContextManager["Path"]]


class Path:
    """The way from a standby director to the VIP at the real server's MAC; `link` is what may be made faulty."""

    def __init__(self, director: Host, real: Host, own_ip: str, vip: str) -> None:
        self.source, self.vip = ip_address(own_ip).packed, ip_address(vip).packed
        self.real_mac = real.mac_octets
        self.sent_flags: list[int] = []
        with director.entered():
            self.guard = Guard(self.source)
            program = reply_filter(self.source, [self.vip], [], [self.guard.port])
            self.link: PacketLink | FaultyLink = PacketLink(director.index(), director.mac_octets, program)
        self.ethertype = ETHERTYPE_IPV4 if len(self.source) == 4 else ETHERTYPE_IPV6
        self.template = SegmentTemplate(AddressPair(self.source, self.vip), self.guard.port, PORT)

    def connection(self, iss: int = ISS) -> Connection:
        return Connection(self.guard.port, PORT, iss, MSS[len(self.source)])

    def send(self, segments: list[Segment]) -> None:
        for segment in segments:
            self.sent_flags.append(segment.flags)
            self.link.send(self.template.packet(segment), self.real_mac, self.ethertype)

    def arrived(self) -> Iterator[Segment]:
        while (frame := self.link.receive()) is not None:
            packet = parse_packet(frame.octets)
            if packet.source != self.vip:
                continue  # an ICMP error perhaps
            pseudo = pseudo_header_sum(packet.source, packet.destination, PROTO_TCP)
            judged = pseudo if frame.checksum_ready else None
            yield parse_segment(frame.octets, packet.payload_offset, packet.end, judged)

    def close(self) -> None:
        self.link.close()
        self.guard.close()


def converse(path: Path, owner: Owner, until: tuple[str, ...], seconds: float) -> None:
    """Run the owner's connection until it is in one of the states; AssertionError after so many seconds."""
    connection = owner.connection
    deadline = time.monotonic() + seconds
    connection.open(time.monotonic())
    while True:
        owner.hear()
        now = time.monotonic()
        path.send(connection.segments_to_send(now))
        if connection.state in until:
            return
        assert now < deadline, f"{connection.state} after {seconds} s, {len(owner.heard)} octets heard"
        timer = connection.next_timer()
        wait = (deadline if timer is None else min(timer, deadline)) - now
        select.select([path.link], [], [], max(wait, 0.0))
        for segment in path.arrived():
            connection.receive_segment(segment, time.monotonic())
        connection.handle_timer(time.monotonic())


@pytest.fixture(params=FAMILIES, ids=["IPv4", "IPv6"])
def serve(network: Network, request: pytest.FixtureRequest) -> Serve:
    """A function: given a server's habit, the path to it, in a context."""
    own_ip, vip = request.param
    director = make_director(network, "standby", ["10.0.0.21/24", "2001:db8::21/64"])
    real = real_server(network, "real", ["10.0.0.42/24", "2001:db8::42/64"], [v for _, v in FAMILIES])

    @contextmanager
    def serving(habit: str) -> Iterator[Path]:
        if habit:
            tcp_server(real, vip, PORT, habit)
        path = Path(director, real, own_ip, vip)
        try:
            yield path
        finally:
            path.close()

    return serving


def stream(octets: int) -> bytes:
    """Return a stream in which every misplaced octet shows."""
    return hashlib.shake_128(b"stream").digest(octets)


def digest(octets: bytes | bytearray) -> str:
    """Return what two equal streams have in common, short enough for a failure's message."""
    return f"{len(octets)} octets {hashlib.sha256(octets).hexdigest()[:16]}"


def after_hearing(octets: int) -> Callable[[Owner], bool]:
    """Close once so many octets were heard."""
    return lambda owner: len(owner.heard) >= octets


def test_a_mebibyte_each_way_and_we_close_first(serve: Serve) -> None:
    with serve("echo") as path:
        owner = Owner(path.connection(), stream(MEBIBYTE), after_hearing(MEBIBYTE))
        converse(path, owner, (TIME_WAIT,), SECONDS)
    assert digest(owner.heard) == digest(stream(MEBIBYTE))
    assert owner.told == [Connected, PeerClosed, Closed]


def test_fin_follows_the_stream_at_once(serve: Serve) -> None:
    """The server hears it all, the FIN too, and still answers all."""
    with serve("echo") as path:
        owner = Owner(path.connection(), stream(200_000), at_once)
        converse(path, owner, (TIME_WAIT,), SECONDS)
    assert digest(owner.heard) == digest(stream(200_000))
    assert owner.told == [Connected, PeerClosed, Closed]


def test_the_server_closes_first(serve: Serve) -> None:
    with serve(f"send:{MEBIBYTE}") as path:
        owner = Owner(path.connection(), b"", after_the_peer)
        converse(path, owner, (CLOSED,), SECONDS)
    assert digest(owner.heard) == digest(b"x" * MEBIBYTE)
    assert owner.told == [Connected, PeerClosed, Closed]


def test_the_server_speaks_first(serve: Serve) -> None:
    with serve("banner") as path:
        owner = Owner(path.connection(), b"", after_hearing(len(BANNER)))
        converse(path, owner, (TIME_WAIT,), SECONDS)
    assert owner.heard == BANNER


def test_nobody_listens(serve: Serve) -> None:
    with serve("") as path:
        owner = Owner(path.connection(), b"", at_once)
        converse(path, owner, (CLOSED,), SECONDS)
    assert owner.told == [Refused]


def test_a_port_comes_round_while_the_server_holds_time_wait(serve: Serve) -> None:
    """Even with a lower sequence number, which the server must ask about first."""
    with serve("close") as path:
        beginning = [SYN, ACK]
        for iss in (ISS, ISS - 100_000, ISS - 200_000):
            owner = Owner(path.connection(iss), b"", after_the_peer)
            converse(path, owner, (CLOSED,), SECONDS)
            assert owner.told == [Connected, PeerClosed, Closed]
            assert path.sent_flags[: len(beginning)] == beginning
            path.sent_flags.clear()
            beginning = [SYN, RST, SYN, ACK]


def test_a_server_that_was_left_abruptly_takes_the_port_again(serve: Serve) -> None:
    with serve("hold") as path:
        for iss in (ISS, ISS - 100_000):
            owner = Owner(path.connection(iss), b"", lambda _owner: False)
            converse(path, owner, (ESTABLISHED,), SECONDS)  # and nothing more: the server keeps its end
    assert path.sent_flags == [SYN, ACK, SYN, RST, SYN, ACK]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("closes_when", [at_once, after_hearing(60_000)], ids=["FIN at once", "FIN last"])
def test_loss_and_disorder(serve: Serve, seed: int, closes_when: Callable[[Owner], bool]) -> None:
    _echo_over_a_faulty_link(serve, stream(60_000), seed, closes_when, FAULTY_SECONDS)


@pytest.mark.full
def test_loss_and_disorder_of_a_mebibyte(serve: Serve) -> None:
    _echo_over_a_faulty_link(serve, stream(MEBIBYTE), 3, after_hearing(MEBIBYTE), FAULTY_SECONDS_LONG)


def _echo_over_a_faulty_link(
    serve: Serve, octets: bytes, seed: int, closes_when: Callable[[Owner], bool], seconds: float
) -> None:
    """A fifth of the frames lost each way, a tenth doubled, a tenth late."""
    with serve("echo") as path:
        path.link = FaultyLink(path.link, Random(seed), loss=0.2, duplicate=0.1, reorder=0.1)
        owner = Owner(path.connection(), octets, closes_when)
        converse(path, owner, (TIME_WAIT,), seconds)
    assert digest(owner.heard) == digest(octets)
    assert owner.told == [Connected, PeerClosed, Closed]
