# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams to the VIP at a real server's MAC: kernels and servers that answer, reject, are silent, or speak amiss."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lvs_rawcheck.checks.base import RAW, Reason, Result
from tests.checks.datagram.site import (
    ECHO_PORT,
    SILENT_PORT,
    WILDCARD_PORT,
    Step,
    check,
    datagram_request,
    step_of,
    udp_server,
)
from tests.checks.site import (
    BOTH,
    CLOSED_PORT,
    SHORT,
    V4,
    V6,
    Family,
    active,
    assert_reason,
    both_families,
    packed,
    server_without_service,
    standby,
)
from tests.netns.roles import host_prefix, lose_vip, set_forwarding
from tests.netns.services import capture
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

FILTERED_PORT = 7010
FILTERS = f"""
table inet t {{ chain c {{
    type filter hook input priority 0
    udp dport {FILTERED_PORT} reject with icmpx type admin-prohibited
}}; }}
"""


ipv6_in_the_long_run = pytest.mark.parametrize(
    "family", [pytest.param(V4, id=V4.name), pytest.param(V6, id=V6.name, marks=pytest.mark.full)]
)


class Site:
    """Directors of both roles, and a real server with its UDP services."""

    def __init__(self, network: Network) -> None:
        self.active = active(network)
        self.standby = standby(network)
        self.real = server_without_service(network)
        self.real.sysctl("net.ipv4.icmp_ratelimit", 0)  # as many errors as there are checks
        self.real.sysctl("net.ipv6.icmp.ratelimit", 0)
        for family in BOTH:
            udp_server(self.real, family.vip, ECHO_PORT, "echo")
            udp_server(self.real, family.vip, SILENT_PORT, "silent")
            udp_server(self.real, "::" if family is V6 else "0.0.0.0", WILDCARD_PORT + (family is V6), "echo")
        self.real.nft(FILTERS)

    def check(self, step: Step, family: Family, port: int = ECHO_PORT, timeout: float = 10.0) -> Result:
        """Return the result from the active director."""
        result = check(self.active, datagram_request(step, family, port, timeout))
        assert result.path == RAW
        return result


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


@pytest.fixture(params=["active", "standby"])
def director(request: pytest.FixtureRequest, site: Site) -> Host:
    host = getattr(site, request.param)
    assert isinstance(host, Host)
    return host


UDP = step_of("udp")
UDP_ANY_REPLY = step_of("udp", require_reply=(b"", b""))
UDP_UNPROVEN = step_of("udp", prove_vip="false")
PING = step_of("ping")
SCTP = step_of("sctp")


@both_families
def test_an_answer(site: Site, family: Family) -> None:
    for step in (UDP, UDP_ANY_REPLY, UDP_UNPROVEN, PING):
        result = site.check(step, family)
        assert_reason(result, Reason.OK)
        assert {"resolve", "answer"} <= set(result.phases_ms)
        assert result.elapsed_ms < 5000


@both_families
def test_nothing_listens(site: Site, family: Family) -> None:
    for step in (UDP, UDP_ANY_REPLY, UDP_UNPROVEN):
        result = site.check(step, family, CLOSED_PORT)
        assert_reason(result, Reason.UNREACHABLE)
        assert "port unreachable" in result.verdict.detail
        assert family.vip in result.verdict.detail


@both_families
def test_a_firewall_rejects(site: Site, family: Family) -> None:
    result = site.check(UDP, family, FILTERED_PORT)
    assert_reason(result, Reason.UNREACHABLE)
    assert "prohibited" in result.verdict.detail


@both_families
def test_a_silent_server(site: Site, family: Family) -> None:
    silent = site.check(UDP, family, SILENT_PORT, SHORT)
    assert_reason(silent, Reason.OK)
    assert "the VIP answers an echo" in silent.verdict.detail
    assert_reason(site.check(UDP_UNPROVEN, family, SILENT_PORT, SHORT), Reason.OK)
    assert_reason(site.check(UDP_ANY_REPLY, family, SILENT_PORT, SHORT), Reason.NO_ANSWER)


@ipv6_in_the_long_run
def test_the_vip_is_missing(site: Site, family: Family) -> None:
    lose_vip(site.real, family.vip)
    try:
        for step in (UDP, UDP_ANY_REPLY, PING, SCTP):
            assert_reason(site.check(step, family, SILENT_PORT, SHORT), Reason.NO_ANSWER)
        # What prove_vip is for: the datagram vanishes, and nobody knows.
        assert_reason(site.check(UDP_UNPROVEN, family, SILENT_PORT, SHORT), Reason.OK)
    finally:
        site.real.add_address(host_prefix(family.vip), "lo")


@both_families
def test_a_server_without_its_vip_that_forwards(site: Site, family: Family) -> None:
    lose_vip(site.real, family.vip)
    set_forwarding(site.real, 1)
    try:
        for step in (UDP, UDP_ANY_REPLY, UDP_UNPROVEN, PING, SCTP):
            assert_reason(site.check(step, family), Reason.LOOPED)
    finally:
        set_forwarding(site.real, 0)
        site.real.add_address(host_prefix(family.vip), "lo")


@both_families
def test_a_server_bound_to_every_address_answers_from_its_own(site: Site, family: Family) -> None:
    port = WILDCARD_PORT + (family is V6)
    for step in (UDP, UDP_ANY_REPLY):
        result = site.check(step, family, port, SHORT)
        assert_reason(result, Reason.WRONG_ADDRESS)
        assert family.real in result.verdict.detail


@ipv6_in_the_long_run
def test_a_host_that_is_down(site: Site, family: Family) -> None:
    for step in (UDP_UNPROVEN, PING):
        wanted = datagram_request(step, family, SILENT_PORT, timeout=0.7, real=family.nobody)
        assert_reason(check(site.active, wanted), Reason.NO_NEIGHBOUR)


@both_families
def test_a_kernel_without_sctp(site: Site, family: Family) -> None:
    assert_reason(site.check(SCTP, family), Reason.UNREACHABLE)


@ipv6_in_the_long_run
def test_our_own_interface_is_lost(network: Network, family: Family) -> None:
    """Silence that we caused ourselves passes no server."""
    director, real = active(network), server_without_service(network)
    udp_server(real, family.vip, SILENT_PORT, "silent")
    assert_reason(check(director, datagram_request(UDP_UNPROVEN, family, SILENT_PORT, SHORT)), Reason.OK)
    network.unplug(director)
    result = check(director, datagram_request(UDP_UNPROVEN, family, SILENT_PORT, SHORT))
    assert_reason(result, Reason.CANNOT_JUDGE)


# What the director's own kernel does meanwhile ---------------------------------------------------------


@both_families
def test_the_director_s_kernel_says_nothing_of_its_own(site: Site, director: Host, family: Family) -> None:
    """With no guard it would tell the VIP that its port is unreachable (tests/link/test_datagram_guard.py)."""
    own = packed(family.director if director is site.active else family.standby)
    udp, ping = datagram_request(UDP_ANY_REPLY, family, ECHO_PORT), datagram_request(PING, family)
    assert_reason(check(director, udp), Reason.OK)  # the first one may have to ask for the server's MAC
    with capture(director, wanted=is_ip_of(own)) as frames:
        for _ in range(3):
            assert_reason(check(director, udp), Reason.OK)
            assert_reason(check(director, ping), Reason.OK)
        # The last answer has passed, so all that it draws from the kernel for those before has, too.
        sent = [frame.octets.hex() for frame in frames.frames() if frame.outgoing]
    assert len(sent) == 6, sent


def is_ip_of(source: bytes) -> Callable[[bytes], bool]:
    """Return whether a frame is an IP packet from that address, neighbour discovery left out."""

    def wanted(octets: bytes) -> bool:
        if octets[12:14] == b"\x86\xdd":
            return octets[22:38] == source and not (octets[20] == 58 and octets[54] in (135, 136))
        return octets[12:14] == b"\x08\x00" and octets[26:30] == source

    return wanted


# Loss --------------------------------------------------------------------------------------------------


@ipv6_in_the_long_run
def test_loss_is_made_up_for(site: Site, family: Family) -> None:
    site.real.nft(
        "table inet loss { chain c { type filter hook input priority 1\n"
        f"udp dport {ECHO_PORT} numgen inc mod 2 == 0 drop\nicmp type echo-request numgen inc mod 2 == 0 drop\n"
        "icmpv6 type echo-request numgen inc mod 2 == 0 drop\n}; }"
    )
    try:
        for step in (UDP_ANY_REPLY, PING):
            for _ in range(3):
                assert_reason(site.check(step, family), Reason.OK)
    finally:
        site.real.run(["nft", "delete", "table", "inet", "loss"])
