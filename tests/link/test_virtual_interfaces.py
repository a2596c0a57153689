# SPDX-License-Identifier: GPL-2.0-or-later
"""A SYN and its answer through each kind of interface that a director may have.

VLAN and bonding are modules that a kernel may lack; the laboratory's has them.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.packet import ANY_INTERFACE, Frame, PacketLink
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4
from lvs_rawcheck.wire.tcp import ACK, SYN, Segment, mss_option, parse_segment
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.netns.roles import real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

DIRECTOR_IP = ip_address("10.0.0.21").packed
VIP = ip_address("10.0.0.100").packed
PORT = 4001


def _plain(_: Host, __: Host) -> tuple[str, str]:
    return "eth0", "eth0"


def _vlan(director: Host, real: Host) -> tuple[str, str]:
    for host in (director, real):
        _add_link(host, "link", "eth0", "name", "eth0.10", "type", "vlan", "id", "10")
        host.ip("link", "set", "eth0.10", "up")
    return "eth0.10", "eth0.10"


def _bond(director: Host, _: Host) -> tuple[str, str]:
    director.attach("eth1")
    _add_link(director, "bond0", "type", "bond", "mode", "active-backup")
    for slave in ("eth0", "eth1"):
        director.ip("link", "set", slave, "down")
        director.ip("link", "set", slave, "master", "bond0")
    director.ip("link", "set", "bond0", "up")
    wait_until(lambda: director.is_running("bond0"), "the bond runs")
    return "bond0", "eth0"


def _macvlan(director: Host, _: Host) -> tuple[str, str]:
    director.macvlan("mv0")
    director.sysctl("net.ipv4.conf.all.arp_ignore", 1)  # else eth0 answers for mv0's address
    return "mv0", "eth0"


def _add_link(host: Host, *arguments: str) -> None:
    done = host.run(["ip", "link", "add", *arguments], check=False)
    if "Unknown device type" in done.stderr or "not supported" in done.stderr:
        kind = arguments[arguments.index("type") + 1]
        pytest.skip(f"this kernel has no {kind} interfaces (tests/lab/test_inside.py runs this in one that has)")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("receive_index", [None, ANY_INTERFACE], ids=["same", "any"])
@pytest.mark.parametrize("make", [_plain, _vlan, _bond, _macvlan])
def test_syn_and_answer(
    network: Network, make: Callable[[Host, Host], tuple[str, str]], receive_index: int | None
) -> None:
    director, real = network.host("director"), real_server(network, "real", [], ["10.0.0.100"])
    own_name, real_name = make(director, real)
    director.add_address("10.0.0.21/24", own_name)
    real.add_address("10.0.0.42/24", real_name)
    tcp_server(real, "10.0.0.100", 80)
    syn = Segment(PORT, 80, 1000, 0, SYN, 64240, mss_option(1460))
    with director.entered():
        with Netlink() as netlink:
            own = netlink.interface(own_name)
        link = PacketLink(own.index, own.mac, reply_filter(DIRECTOR_IP, [VIP], [], [PORT]), receive_index)
        packet = SegmentTemplate(AddressPair(DIRECTOR_IP, VIP), PORT, 80).packet(syn)
        link.send(packet, real.mac_octets, ETHERTYPE_IPV4)
        answer = _frame_on(link, own.index)
        link.close()
    segment = parse_segment(answer.octets, 20, len(answer.octets), None)
    assert (segment.flags, segment.ack) == (SYN | ACK, 1001)
    assert answer.source_mac == real.mac_octets


def _frame_on(link: PacketLink, interface_index: int) -> Frame:
    """Return the first frame heard on that interface; a link that hears all of them hears those below it too."""
    found: list[Frame] = []

    def heard() -> bool:
        while (frame := link.receive()) is not None:
            if frame.interface_index == interface_index:
                found.append(frame)
        return bool(found)

    wait_until(heard, "an answer on the interface that asked")
    return found[0]
