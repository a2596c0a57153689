# SPDX-License-Identifier: GPL-2.0-or-later
"""A director that is one of its own real servers: the kernel is asked for a listener, nothing is sent."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import RAW, Endpoint, Reason, Verdict
from lvs_rawcheck.checks.tcp import TcpConversation
from tests.checks.site import CLOSED_PORT, PORT, SHORT, V6, Family, active, both_families, packed, request, run
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.services import capture, tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns


@pytest.fixture
def director(network: Network) -> Host:
    return active(network)


@both_families
@pytest.mark.parametrize("where", ["vip", "wildcard"])
def test_a_listener_that_accepts_the_vip(director: Host, family: Family, where: str) -> None:
    wildcard = "::" if family is V6 else "0.0.0.0"
    tcp_server(director, family.vip if where == "vip" else wildcard, PORT)
    with capture(director, "lo") as on_lo, capture(director) as on_wire:
        result = run(director, request(family.director, family.vip))
        assert result.healthy
        assert result.path == RAW
        assert "local" in result.verdict.detail
        assert on_lo.frames() == on_wire.frames() == []
    assert run(director, request(family.director, family.vip, port=CLOSED_PORT)).verdict.reason == Reason.REFUSED


def test_a_dual_stack_listener_accepts_ipv4_too(director: Host) -> None:
    script = (
        "import socket, sys; s = socket.create_server(('::', 80), family=socket.AF_INET6, dualstack_ipv6=True);"
        "print('READY', flush=True); sys.stdin.read()"
    )
    child = director.popen(["/usr/bin/python3", "-I", "-c", script])
    assert child.stdout is not None
    assert child.stdout.readline() == "READY\n"
    assert run(director, request("10.0.0.21", "10.0.0.100")).healthy


@both_families
def test_a_listener_on_another_address(director: Host, family: Family) -> None:
    tcp_server(director, family.director, PORT)
    result = run(director, request(family.director, family.vip))
    assert result.verdict.reason == Reason.REFUSED
    assert "local" in result.verdict.detail


@both_families
def test_no_listener(director: Host, family: Family) -> None:
    assert run(director, request(family.director, family.vip)).verdict.reason == Reason.REFUSED


@both_families
def test_the_vip_is_not_held(director: Host, family: Family) -> None:
    tcp_server(director, "::" if family is V6 else "0.0.0.0", PORT)
    assert run(director, request(family.director, family.other_vip)).verdict.reason == Reason.NO_ANSWER


@both_families
def test_the_vip_on_lo_will_do(director: Host, family: Family) -> None:
    director.add_address(f"{family.other_vip}/{128 if family is V6 else 32}", "lo")
    tcp_server(director, family.other_vip, PORT)
    assert run(director, request(family.director, family.other_vip)).healthy
    lose_vip(director, family.other_vip)
    assert not run(director, request(family.director, family.other_vip)).healthy


@both_families
def test_a_listener_alone_does_not_stand_for_what_could_not_be_asked(director: Host, family: Family) -> None:
    class Fails(TcpConversation):
        kind = "fails"

        def connected(self) -> Verdict | None:
            raise KeyError("a fault of ours")

    tcp_server(director, "::" if family is V6 else "0.0.0.0", PORT)
    result = run(director, request(family.director, family.vip, conversation=Fails))
    assert result.verdict.reason == Reason.CANNOT_JUDGE
    assert "internal error" in result.verdict.detail


@both_families
def test_each_vip_has_its_share_of_the_time(director: Host, family: Family) -> None:
    class Waits(TcpConversation):
        kind = "waits"

        def note_endpoint(self, endpoint: Endpoint) -> None:
            self.waits = endpoint.vip == packed(family.vip)

        def connected(self) -> Verdict | None:
            return None if self.waits else Verdict(Reason.OK, "no need to wait")

        def data_received(self, octets: bytes) -> Verdict | None:
            return None

        def peer_closed(self) -> Verdict | None:
            return None

    tcp_server(director, "::" if family is V6 else "0.0.0.0", PORT)
    director.add_address(host_prefix(family.other_vip), "lo")
    waiting = request(family.director, family.vip, family.other_vip, conversation=Waits, timeout=SHORT)
    result = run(director, waiting)
    assert [each.verdict.reason for each in result.vips] == [Reason.TIMEOUT, Reason.OK]
    assert result.elapsed_ms < 1000 * SHORT, "the second needed none, so half of it is left"


@both_families
def test_by_an_address_on_another_interface_than_the_one_asked_for(director: Host, family: Family) -> None:
    """Asked about an interface, the kernel takes even an own address to be somewhere out there."""
    director.attach("eth1", ["10.9.0.21/24", "2001:db8:9::21/64"])
    own = "2001:db8:9::21" if family is V6 else "10.9.0.21"
    tcp_server(director, family.vip, PORT)
    for real in (own, family.director):
        for interface in ("eth0", "eth1"):
            result = run(director, request(real, family.vip, interface=interface))
            assert result.healthy, result.verdict.detail
            assert "local" in result.verdict.detail


@both_families
def test_the_vip_by_a_local_route_will_do(director: Host, family: Family) -> None:
    """AnyIP: packets to it are delivered here, though it is no address of any interface."""
    director.ip("route", "add", "local", family.elsewhere, "dev", "lo")
    tcp_server(director, "::" if family is V6 else "0.0.0.0", PORT)
    assert run(director, request(family.director, family.elsewhere)).healthy
