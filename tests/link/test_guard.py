# SPDX-License-Identifier: GPL-2.0-or-later
"""Guards: the port is ours, and the kernel answers nothing on it."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import Guard, GuardPool
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.tcp import SYN, Segment, mss_option
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.netns.roles import director as make_director
from tests.netns.roles import real_server
from tests.netns.services import capture, is_tcp_reset, tcp_server
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

FAMILIES = [("10.0.0.21", "10.0.0.42", "10.0.0.100"), ("2001:db8::21", "2001:db8::42", "2001:db8::100")]
UNGUARDED_PORT = 4001
CHECKOUT = Path(__file__).resolve().parents[2]
ONLY_RAW = ("setpriv", "--bounding-set", "-all,+net_raw", "--inh-caps", "-all,+net_raw")
# argv: the checkout, the address. Until its input ends.
KEEP_A_PORT = """
import ipaddress, sys
sys.path.insert(0, sys.argv[1])
from lvs_rawcheck.link.guard import Guard
guard = Guard(ipaddress.ip_address(sys.argv[2]).packed)
print(guard.port, flush=True)
sys.stdin.readline()
guard.close()
"""


def _address(text: str) -> bytes:
    return ip_address(text).packed


@pytest.fixture
def director(network: Network) -> Host:
    """A standby: it does not hold the VIP."""
    return make_director(network, "standby", ["10.0.0.21/24", "2001:db8::21/64"])


@pytest.fixture
def real(network: Network) -> Host:
    return real_server(network, "real", ["10.0.0.42/24", "2001:db8::42/64"], ["10.0.0.100", "2001:db8::100"])


def _answer_to_a_syn(director: Host, real: Host, own_ip: str, vip: str, port: int) -> bytes:
    """Send one SYN to the VIP at the real server's MAC; return the packet that answers it."""
    source, destination = _address(own_ip), _address(vip)
    ethertype = ETHERTYPE_IPV4 if len(source) == 4 else ETHERTYPE_IPV6
    syn = Segment(port, 80, 1000, 0, SYN, 64240, mss_option(1460))
    packet = SegmentTemplate(AddressPair(source, destination), port, 80).packet(syn)
    with director.entered():
        program = reply_filter(source, [destination], [], [port])
        link = PacketLink(director.index(), director.mac_octets, program)
    answers: list[bytes] = []

    def answered() -> bool:
        frame = link.receive()
        if frame is not None:
            answers.append(frame.octets)
        return bool(answers)

    link.send(packet, real.mac_octets, ethertype)
    wait_until(answered, "a SYN/ACK")
    link.close()
    return answers[0]


@pytest.mark.parametrize(("own_ip", "real_ip", "vip"), FAMILIES)
def test_a_standby_sends_no_rst_from_a_guarded_port_and_one_from_another(
    network: Network, director: Host, real: Host, own_ip: str, real_ip: str, vip: str
) -> None:
    # The RST goes to whoever says it has the VIP: to the active director.
    make_director(network, "active", ["10.0.0.20/24", "2001:db8::20/64"], [vip])
    server = tcp_server(real, vip, 80)
    with capture(director, "eth0", is_tcp_reset) as resets:
        _answer_to_a_syn(director, real, own_ip, vip, UNGUARDED_PORT)
        resets.wait_for(lambda frames: any(frame.outgoing for frame in frames), "a RST without a guard")
    # From here on the kernel knows the VIP's neighbour, so that it would send another RST at once.
    with director.entered():
        guard = Guard(_address(own_ip))
    with capture(director, "eth0", is_tcp_reset) as resets:
        _answer_to_a_syn(director, real, own_ip, vip, guard.port)
        # The kernel has dealt with the answer once it has dealt with what came after it.
        director.run(["ping", "-c1", "-W5", real_ip])
        assert not [frame for frame in resets.frames() if frame.outgoing]
    guard.close()
    server.stop()


@pytest.mark.parametrize("own_ip", ["10.0.0.21", "2001:db8::21"])
def test_a_guarded_port_is_nobody_elses(director: Host, own_ip: str) -> None:
    family = socket.AF_INET6 if ":" in own_ip else socket.AF_INET
    with director.entered(), socket.socket(family) as other:
        guard = Guard(_address(own_ip))
        with pytest.raises(OSError, match=r"in use") as refused:
            other.bind((own_ip, guard.port))
        assert refused.value.errno == errno.EADDRINUSE
        guard.close()
        other.bind((own_ip, guard.port))


def test_connecting_to_a_guard_is_met_with_silence(director: Host) -> None:
    with director.entered(), socket.socket() as client:
        guard = Guard(_address("10.0.0.21"))
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.connect(("10.0.0.21", guard.port))
        guard.close()


def test_an_address_that_is_not_local(director: Host) -> None:
    with director.entered():
        with pytest.raises(LinkError, match=r"cannot guard source 10\.9\.9\.9: Cannot assign requested address"):
            Guard(_address("10.9.9.9"))
        with pytest.raises(LinkError, match=r"cannot guard source 2001:db8::99: Cannot assign"):
            Guard(_address("2001:db8::99"))


def test_a_port_that_is_taken(director: Host) -> None:
    with director.entered():
        guard = Guard(_address("2001:db8::21"))
        with pytest.raises(LinkError, match=rf"cannot guard source \[2001:db8::21\]:{guard.port}: Address already"):
            Guard(_address("2001:db8::21"), guard.port)
        guard.close()


def test_a_chosen_port(director: Host) -> None:
    with director.entered():
        guard = Guard(_address("10.0.0.21"), 4321)
    assert guard.port == 4321
    guard.close()
    guard.close()


def test_a_port_serves_several_users_and_none_twice(director: Host) -> None:
    with director.entered():
        pool = GuardPool(_address("10.0.0.21"), 2)
        taken = [pool.take(user=1), pool.take(user=1)]
        assert pool.take(user=1) is None
        assert pool.take(user=2) in taken
        first = taken[0]
        assert first is not None
        pool.give(first, user=1)
        assert pool.take(user=1) is first
        pool.close()


def test_pool_grows_to_its_limit_and_then_gives_the_longest_free_first(director: Host) -> None:
    with director.entered():
        pool = GuardPool(_address("10.0.0.21"), 3)
        first, second = pool.take(), pool.take()
        assert first is not None
        assert second is not None
        pool.give(second)
        pool.give(first)
        third = pool.take()
        assert third is not None, "a new one while there may be more: ports come round late"
        assert len({first.port, second.port, third.port}) == 3
        assert [pool.take(), pool.take()] == [second, first]
        assert pool.take() is None
        pool.give(third)
        assert pool.take() is third
        pool.close()
        for guard in (first, second, third):
            Guard(_address("10.0.0.21"), guard.port).close()  # the ports are free again


@pytest.mark.parametrize(("own_ip", "real_ip", "vip"), FAMILIES)
def test_it_guards_as_well_without_the_right_to_a_filter(
    network: Network, director: Host, real: Host, own_ip: str, real_ip: str, vip: str
) -> None:
    """CAP_NET_RAW alone, as the daemon has it."""
    make_director(network, "active", ["10.0.0.20/24", "2001:db8::20/64"], [vip])
    server = tcp_server(real, vip, 80)
    _answer_to_a_syn(director, real, own_ip, vip, UNGUARDED_PORT)  # from here on the kernel knows the VIP's neighbour
    words = [*ONLY_RAW, "/usr/bin/python3", "-c", KEEP_A_PORT, str(CHECKOUT), own_ip]
    keeper = director.popen(words)
    assert keeper.stdout is not None
    port = int(keeper.stdout.readline())
    with capture(director, "eth0", is_tcp_reset) as resets:
        _answer_to_a_syn(director, real, own_ip, vip, port)
        director.run(["ping", "-c1", "-W5", real_ip])
        assert not [frame for frame in resets.frames() if frame.outgoing]
        keeper.communicate("\n", timeout=10)
        _answer_to_a_syn(director, real, own_ip, vip, port)
        resets.wait_for(lambda frames: any(frame.outgoing for frame in frames), "a RST without the guard")
    server.stop()
