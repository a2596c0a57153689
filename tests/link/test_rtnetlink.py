# SPDX-License-Identifier: GPL-2.0-or-later
"""Routes, neighbours, addresses and interfaces, asked of the real kernel."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.netlink import Interrupted
from lvs_rawcheck.link.rtnetlink import (
    IFA_F_TENTATIVE,
    NUD_FAILED,
    NUD_INCOMPLETE,
    NUD_PERMANENT,
    NUD_STALE,
    SCOPE_LINK,
    Neighbour,
    Netlink,
    NoSuchInterface,
    Route,
)
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

REAL_MAC = bytes.fromhex("020000000042")
STABLE = bytes([10, 1])  # how the addresses begin that stay while others come and go


def _address(text: str) -> bytes:
    return ip_address(text).packed


@pytest.fixture
def director(network: Network) -> Host:
    return network.host("director", ["10.0.0.21/24", "10.0.0.22/24", "2001:db8::21/64"])


@pytest.fixture
def netlink(director: Host) -> Iterator[Netlink]:
    with director.entered():
        opened = Netlink()
    with opened:
        yield opened


@pytest.mark.parametrize(("real_ip", "source"), [("10.0.0.42", "10.0.0.21"), ("2001:db8::42", "2001:db8::21")])
def test_route_on_link(netlink: Netlink, director: Host, real_ip: str, source: str) -> None:
    route = netlink.route(_address(real_ip))
    assert route == Route("unicast", director.index(), None, _address(source))


@pytest.mark.parametrize(
    ("prefix", "gateway", "destination"),
    [("192.0.2.0/24", "10.0.0.1", "192.0.2.7"), ("2001:db8:7::/64", "2001:db8::1", "2001:db8:7::7")],
)
def test_route_through_a_gateway(netlink: Netlink, director: Host, prefix: str, gateway: str, destination: str) -> None:
    director.ip("route", "add", prefix, "via", gateway)
    route = netlink.route(_address(destination))
    assert route is not None
    assert (route.kind, route.gateway) == ("unicast", _address(gateway))


@pytest.mark.parametrize("own", ["10.0.0.21", "127.0.0.1", "2001:db8::21", "::1"])
def test_route_to_an_own_address_is_local(netlink: Netlink, own: str) -> None:
    route = netlink.route(_address(own))
    assert route is not None
    assert route.kind == "local"


@pytest.mark.parametrize("kind", ["unreachable", "prohibit", "blackhole", "throw"])
@pytest.mark.parametrize(("prefix", "inside"), [("192.0.2.0/24", "192.0.2.7"), ("2001:db8:7::/64", "2001:db8:7::7")])
def test_route_that_leads_nowhere(netlink: Netlink, director: Host, kind: str, prefix: str, inside: str) -> None:
    director.ip("route", "add", kind, prefix)
    assert netlink.route(_address(inside)) is None


@pytest.mark.parametrize("destination", ["198.51.100.7", "2001:db8:99::7"])
def test_no_route(netlink: Netlink, destination: str) -> None:
    assert netlink.route(_address(destination)) is None


def test_an_unroutable_ipv4_destination_is_on_the_link_that_is_asked_for(netlink: Netlink, director: Host) -> None:
    index = director.index()
    assert netlink.route(_address("198.51.100.7"), index) == Route("unicast", index, None, _address("10.0.0.21"))


def test_route_from_a_source_and_through_an_interface(netlink: Netlink, director: Host) -> None:
    director.attach("eth1", ["10.0.1.21/24"])
    director.ip("route", "add", "10.0.0.42/32", "dev", "eth1", "metric", "50")
    on_eth1 = netlink.route(_address("10.0.0.42"))
    assert on_eth1 is not None
    assert on_eth1.interface_index == director.index("eth1")
    on_eth0 = netlink.route(_address("10.0.0.42"), director.index("eth0"), _address("10.0.0.22"))
    assert on_eth0 is not None
    assert on_eth0.interface_index == director.index("eth0")


def test_neighbour_states(netlink: Netlink, director: Host) -> None:
    index = director.index()
    assert netlink.neighbour(index, _address("10.0.0.42")) is None
    for state, expected in (("permanent", NUD_PERMANENT), ("stale", NUD_STALE)):
        for real_ip in ("10.0.0.42", "2001:db8::42"):
            _set_neighbour(director, real_ip, "eth0", state)
            neighbour = netlink.neighbour(index, _address(real_ip))
            assert neighbour == Neighbour(_address(real_ip), REAL_MAC, expected)
            assert neighbour.usable


def test_neighbour_that_does_not_answer(netlink: Netlink, director: Host) -> None:
    with director.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.sendto(b"", ("10.0.0.99", 9))
    silent = netlink.neighbour(director.index(), _address("10.0.0.99"))
    assert silent is not None
    assert silent.state in (NUD_INCOMPLETE, NUD_FAILED)
    assert not silent.usable


def test_neighbours_of_one_interface(netlink: Netlink, director: Host) -> None:
    director.attach("eth1", ["10.0.1.21/24"])
    for real_ip, interface in (("10.0.0.42", "eth0"), ("2001:db8::42", "eth0"), ("10.0.1.42", "eth1")):
        director.ip("neigh", "replace", real_ip, "lladdr", REAL_MAC.hex(":"), "dev", interface, "nud", "permanent")
    permanent = [one for one in netlink.neighbours(director.index()) if one.state == NUD_PERMANENT]
    assert sorted(one.address for one in permanent) == sorted([_address("10.0.0.42"), _address("2001:db8::42")])


def test_addresses(netlink: Netlink, director: Host) -> None:
    index = director.index()
    ours = [one for one in netlink.addresses(socket.AF_INET) if one.interface_index == index]
    assert [(one.address, one.prefix_length) for one in ours] == [
        (_address("10.0.0.21"), 24),
        (_address("10.0.0.22"), 24),
    ]
    ours = [one for one in netlink.addresses(socket.AF_INET6) if one.interface_index == index]
    assert _address("2001:db8::21") in [one.address for one in ours]
    assert any(one.scope == SCOPE_LINK for one in ours), "the link-local address"
    assert not any(one.flags & IFA_F_TENTATIVE for one in ours)


def test_a_dump_of_many_parts_while_the_table_changes(netlink: Netlink, director: Host) -> None:
    """A dump torn by a change starts again: addresses that stay are there each time, each once."""
    director.attach("eth1")
    stable = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(1000)]
    _batch(director, [f"address add {address}/32 dev eth0" for address in stable])
    changes = [f"address {verb} 10.2.0.1/32 dev eth1" for _ in range(3000) for verb in ("add", "del")]
    changing = director.popen(["ip", "-batch", "-"])
    assert changing.stdin is not None
    changing.stdin.write("\n".join(changes))
    changing.stdin.close()
    expected = sorted(_address(address) for address in stable)
    dumps = 0
    while changing.poll() is None or not dumps:
        try:
            found = [one.address for one in netlink.addresses(socket.AF_INET)]
        except Interrupted:
            continue  # each attempt met a change: that is said, not hidden
        assert sorted(one for one in found if one.startswith(STABLE)) == expected
        dumps += 1


def _set_neighbour(host: Host, real_ip: str, interface: str, state: str) -> None:
    host.ip("neigh", "replace", real_ip, "lladdr", REAL_MAC.hex(":"), "dev", interface, "nud", state)


def _batch(host: Host, commands: list[str]) -> None:
    host.run(["ip", "-batch", "-"], stdin="\n".join(commands) + "\n")


def test_interface(netlink: Netlink, director: Host) -> None:
    eth0 = netlink.interface("eth0")
    assert (eth0.index, eth0.name, eth0.mac, eth0.mtu) == (
        director.index(),
        "eth0",
        director.mac_octets,
        1500,
    )
    assert (eth0.up, eth0.running, eth0.ethernet, eth0.kind) == (True, True, True, "veth")
    assert netlink.interface_by_index(eth0.index) == eth0
    assert not netlink.interface("lo").ethernet


def test_interface_by_its_alternative_name(netlink: Netlink, director: Host) -> None:
    director.ip("link", "property", "add", "dev", "eth0", "altname", "a-name-longer-than-fifteen")
    assert netlink.interface("a-name-longer-than-fifteen").name == "eth0"


def test_macvlan_interface(netlink: Netlink, director: Host) -> None:
    director.macvlan("mv0", "eth0")
    assert netlink.interface("mv0").kind == "macvlan"


def test_interface_that_is_down(netlink: Netlink, director: Host) -> None:
    director.ip("link", "set", "eth0", "down")
    wait_until(lambda: not netlink.interface("eth0").running, "eth0 stops")
    assert not netlink.interface("eth0").up


@pytest.mark.parametrize("name", ["eth9", "an-interface-name-of-more-than-fifteen", "x" * 500, "", "eth9\udcff"])
def test_unknown_interface(netlink: Netlink, name: str) -> None:
    with pytest.raises(LinkError, match="no interface"):
        netlink.interface(name)


def test_unknown_interface_index(netlink: Netlink) -> None:
    with pytest.raises(LinkError, match="no interface with index 999"):
        netlink.interface_by_index(999)


def test_all_interfaces_and_all_their_neighbours(netlink: Netlink, director: Host) -> None:
    director.attach("eth1")
    for interface, address in (("eth0", "10.0.0.42"), ("eth1", "10.1.0.42")):
        director.ip("neigh", "add", address, "lladdr", "02:00:00:00:00:42", "dev", interface)
    assert {one.name: one.index for one in netlink.interfaces()}.items() >= {
        ("lo", 1),
        ("eth0", director.index()),
        ("eth1", director.index("eth1")),
    }
    known = [one.address for one in netlink.neighbours() if one.mac == REAL_MAC]
    assert sorted(known) == [_address("10.0.0.42"), _address("10.1.0.42")]
    of_one = [one.address for one in netlink.neighbours(director.index("eth1")) if one.mac == REAL_MAC]
    assert of_one == [_address("10.1.0.42")]


def test_an_interface_that_is_not_there_has_an_error_of_its_own(netlink: Netlink) -> None:
    with pytest.raises(NoSuchInterface):
        netlink.interface("eth9")
    with pytest.raises(NoSuchInterface):
        netlink.interface_by_index(999)
