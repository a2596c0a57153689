# SPDX-License-Identifier: GPL-2.0-or-later
"""Guards of UDP and SCTP: the kernel of a standby answers nothing that is for them, and would without them."""

from __future__ import annotations

import errno
import resource
import socket

import pytest

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import UDP_PORT_LEAST
from lvs_rawcheck.link.datagram_guard import EchoIdentifier, datagram_guard, kernel_speaks_sctp
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmp import echo_reply, echo_request, icmp_to_octets
from lvs_rawcheck.wire.icmpv6 import echo_reply as echo_reply6
from lvs_rawcheck.wire.icmpv6 import echo_request as echo_request6
from lvs_rawcheck.wire.icmpv6 import icmpv6_to_octets
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.sctp import init_chunk, packet_to_octets, payload_of
from lvs_rawcheck.wire.udp import Datagram
from tests.checks.site import V4, V6, Family, both_families, packed, standby
from tests.netns.services import Captured, capture
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

UNGUARDED_PORT = 4001
WIRE_PROTOCOLS = [PROTO_UDP, PROTO_SCTP]
PROTOCOL_AT = {V4: 14 + 9, V6: 14 + 6}


@pytest.fixture
def director(network: Network) -> Host:
    return standby(network)


@pytest.fixture
def real(network: Network) -> Host:
    """Who speaks for the VIP, and has an address that the director's kernel can answer."""
    return network.host("real", [V4.on_link(V4.vip), V6.on_link(V6.vip)])


def datagram_to(family: Family, protocol: int, port: int) -> bytes:
    """Return a packet from the VIP to the director's port that nobody there asked for."""
    source, destination = packed(family.vip), packed(family.standby)
    if protocol == PROTO_UDP:
        octets = Datagram(80, port, b"answer").to_octets(pseudo_header_sum(source, destination, PROTO_UDP))
    else:
        octets = packet_to_octets(80, port, payload_of(1, init_chunk(1, 1)))
    return build_packet(source, destination, protocol, octets)


def echo_to(family: Family) -> bytes:
    """Return an echo request: the director's kernel answers it after whatever came before."""
    source, destination = packed(family.vip), packed(family.standby)
    if family is V4:
        return build_packet(source, destination, PROTO_ICMP, icmp_to_octets(echo_request(1, 1, b"")))
    return build_packet(
        source, destination, PROTO_ICMPV6, icmpv6_to_octets(echo_request6(1, 1, b""), source, destination)
    )


def icmp_types_said(director: Host, real: Host, family: Family, packets: list[bytes]) -> list[int]:
    """Return the types of the ICMP messages that the director's kernel sends when these packets come."""
    ethertype = (ETHERTYPE_IPV4 if family is V4 else ETHERTYPE_IPV6).to_bytes(2, "big")
    offset, errors = (34, (3, 12)) if family is V4 else (54, (1, 4))
    reply = 0 if family is V4 else 129

    def is_icmp(octets: bytes) -> bool:
        wanted = PROTO_ICMP if family is V4 else PROTO_ICMPV6
        return octets[12:14] == ethertype and octets[PROTOCOL_AT[family]] == wanted

    def types(frames: list[Captured]) -> list[int]:
        return [frame.octets[offset] for frame in frames if frame.octets[offset] in (*errors, reply)]

    with capture(real, wanted=is_icmp) as heard, real.entered():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
            raw.bind(("eth0", 0))
            for octets in [*packets, echo_to(family)]:
                raw.send(director.mac_octets + real.mac_octets + ethertype + octets)
        heard.wait_for(lambda frames: reply in types(frames), "the echo reply")
        return [each for each in types(heard.frames()) if each != reply]


@both_families
@pytest.mark.parametrize("protocol", WIRE_PROTOCOLS)
@pytest.mark.skipif(kernel_speaks_sctp(), reason="here SCTP answers with an ABORT; the laboratory tries that")
def test_a_guarded_port_draws_no_answer(director: Host, real: Host, family: Family, protocol: int) -> None:
    unguarded = icmp_types_said(director, real, family, [datagram_to(family, protocol, UNGUARDED_PORT)])
    assert len(unguarded) == 1, "the kernel says that nobody is there"
    with director.entered():
        guard = datagram_guard(protocol, packed(family.standby), set())
    assert icmp_types_said(director, real, family, [datagram_to(family, protocol, guard.port)]) == []
    guard.close()
    guard.close()


@both_families
def test_an_echo_reply_that_nobody_asked_for_draws_no_answer(director: Host, real: Host, family: Family) -> None:
    identifier = EchoIdentifier(PROTO_ICMP).port
    source, destination = packed(family.vip), packed(family.standby)
    if family is V4:
        packet = build_packet(source, destination, PROTO_ICMP, icmp_to_octets(echo_reply(identifier, 1, b"")))
    else:
        octets = icmpv6_to_octets(echo_reply6(identifier, 1, b""), source, destination)
        packet = build_packet(source, destination, PROTO_ICMPV6, octets)
    assert icmp_types_said(director, real, family, [packet]) == [], "but for the one that ends the test"


@both_families
def test_a_guarded_udp_port_is_nobody_elses(director: Host, family: Family) -> None:
    own = packed(family.standby)
    inet = socket.AF_INET if family is V4 else socket.AF_INET6
    with director.entered(), socket.socket(inet, socket.SOCK_DGRAM) as other:
        guard = datagram_guard(PROTO_UDP, own, set())
        with pytest.raises(OSError, match=r"in use") as refused:
            other.bind((family.standby, guard.port))
        assert refused.value.errno == errno.EADDRINUSE
        guard.close()
        other.bind((family.standby, guard.port))


def test_a_number_that_is_taken_is_not_taken_again(director: Host) -> None:
    own = packed(V4.standby)
    with director.entered():
        numbers = {datagram_guard(PROTO_ICMP, own, set()).port for _ in range(20)}
        assert len(numbers) > 15, "they are random"
        with pytest.raises(LinkError, match="no source port is free"):
            datagram_guard(PROTO_ICMP, own, set(range(65536)))
        with pytest.raises(LinkError, match="no guard for IP protocol 47"):
            datagram_guard(47, own, set())
        with pytest.raises(LinkError, match=r"cannot guard source 10\.9\.9\.9"):
            datagram_guard(PROTO_UDP, packed("10.9.9.9"), set())
        with pytest.raises(LinkError, match=r"cannot guard source 10\.9\.9\.9"):
            datagram_guard(PROTO_SCTP, packed("10.9.9.9"), set())


def test_no_udp_port_is_one_that_the_filters_keep_off(network: Network) -> None:
    host = network.host("director", [f"{V4.director}/24"])
    host.sysctl("net.ipv4.ip_unprivileged_port_start", 0)
    host.sysctl("net.ipv4.ip_local_port_range", f"{UDP_PORT_LEAST - 4} {UDP_PORT_LEAST + 3}")
    with host.entered():
        guards = [datagram_guard(PROTO_UDP, packed(V4.director), set()) for _ in range(3)]
        assert all(guard.port >= UDP_PORT_LEAST for guard in guards)
        host.sysctl("net.ipv4.ip_local_port_range", f"{UDP_PORT_LEAST - 40} {UDP_PORT_LEAST - 20}")
        with pytest.raises(LinkError, match="no source port is free"):
            datagram_guard(PROTO_UDP, packed(V4.director), set())
    for guard in guards:
        guard.close()


def test_a_pool_keeps_the_protocols_apart(director: Host) -> None:
    with director.entered():
        pool = GuardPool(packed(V4.standby), 0)
        assert pool.take() is None
        ports = pool.reserve([PROTO_UDP, PROTO_ICMP, PROTO_UDP])
        first, second = pool.take(PROTO_UDP), pool.take(PROTO_UDP)
        assert first is not None
        assert second is not None
        assert [first.port, second.port] == [ports[0], ports[2]]
        assert pool.take(PROTO_UDP) is None
        assert pool.take(PROTO_TCP) is None
        echo = pool.take(PROTO_ICMP)
        assert echo is not None
        assert echo.port == ports[1]
        pool.give(second)
        assert pool.take(PROTO_UDP) is second
        pool.close()


def test_a_pool_that_made_all_of_a_protocol_makes_no_more_of_it(director: Host) -> None:
    with director.entered():
        pool = GuardPool(packed(V4.standby), 3)
        ports = pool.reserve_all(PROTO_UDP, 2)
        taken = [pool.take(PROTO_UDP), pool.take(PROTO_UDP)]
        assert [guard.port for guard in taken if guard is not None] == ports
        assert pool.take(PROTO_UDP) is None
        assert [pool.take(PROTO_TCP) is not None for _ in range(4)] == [True, True, True, False]
        pool.close()


def test_a_pool_makes_as_many_as_there_are_descriptors_for(director: Host) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with director.entered():
        pool = GuardPool(packed(V4.standby), 900)
        at_first = pool.reserve_all(PROTO_UDP, 1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (_next_descriptor() + 3, before[1]))
        try:
            ports = pool.reserve_all(PROTO_UDP, 900)
            with pytest.raises(LinkError, match="Too many open files"):
                pool.reserve_all(PROTO_SCTP, 900)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert ports[:1] == at_first
        assert len(ports) == 4
        pool.close()


def _next_descriptor() -> int:
    """Return the number that the next one will have: all below it are taken."""
    with socket.socket() as made:
        return made.fileno()
