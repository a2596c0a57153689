# SPDX-License-Identifier: GPL-2.0-or-later
"""The same exchanges over the kernel's sockets, to the real server's own address; and a director that serves itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, STANDARD, Exchange, Reason, Result
from lvs_rawcheck.checks.standard_datagram import StandardExchange
from tests.checks.as_nobody import NOBODY
from tests.checks.datagram.site import ECHO_PORT, SILENT_PORT, Step, check, datagram_request, step_of, udp_server
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
)
from tests.cli.commands import LAUNCHER
from tests.netns.roles import host_prefix
from tests.netns.services import capture
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

_SCRIPT = Path(__file__).with_name("as_nobody.py")
FILTERED_PORT = 7010
FILTERS = f"""
table inet t {{ chain c {{
    type filter hook input priority 0
    udp dport {FILTERED_PORT} reject with icmpx type admin-prohibited
}}; }}
"""
UDP, UDP_ANY_REPLY = step_of("udp"), step_of("udp", require_reply=(b"", b""))
PING, SCTP = step_of("ping"), step_of("sctp")


class Site:
    """A director on standby by its role file, and a real server that serves at its own addresses."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.director = active(network)
        self.real = server_without_service(network)
        self.real.sysctl("net.ipv4.icmp_ratelimit", 0)
        self.real.sysctl("net.ipv6.icmp.ratelimit", 0)
        for family in BOTH:
            udp_server(self.real, family.real, ECHO_PORT, "echo")
            udp_server(self.real, family.vip, ECHO_PORT, "echo")
            udp_server(self.real, family.real, SILENT_PORT, "silent")
        self.real.nft(FILTERS)
        self.role_file = folder / "VI_1"
        self.role_file.write_text("0")

    def check(self, step: Step, family: Family, port: int = ECHO_PORT, timeout: float = 10.0, real: str = "") -> Result:
        """Return the result by the standard path."""
        wanted = datagram_request(step, family, port, timeout, real, role_file=str(self.role_file))
        result = check(self.director, wanted)
        assert result.path == STANDARD
        return result


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Network() as network:
        yield Site(network, tmp_path_factory.mktemp("role"))


@both_families
def test_an_answer(site: Site, family: Family) -> None:
    for step in (UDP, UDP_ANY_REPLY, PING):
        result = site.check(step, family)
        assert_reason(result, Reason.OK)
        assert "answer" in result.phases_ms


@both_families
def test_nothing_listens(site: Site, family: Family) -> None:
    for step in (UDP, UDP_ANY_REPLY):
        result = site.check(step, family, CLOSED_PORT)
        assert_reason(result, Reason.UNREACHABLE)
        assert "port unreachable" in result.verdict.detail


@both_families
def test_a_firewall_rejects(site: Site, family: Family) -> None:
    result = site.check(UDP, family, FILTERED_PORT)
    # IPv4's kernel does not tell it from a neighbour that is not there.
    assert_reason(result, Reason.NO_NEIGHBOUR if family is V4 else Reason.UNREACHABLE)
    assert ("or unreachable by ICMP" in result.verdict.detail) is (family is V4)


@both_families
def test_silence_passes_as_it_does_in_keepalived(site: Site, family: Family) -> None:
    assert_reason(site.check(UDP, family, SILENT_PORT, SHORT), Reason.OK)
    assert_reason(site.check(UDP_ANY_REPLY, family, SILENT_PORT, SHORT), Reason.NO_ANSWER)


def test_what_was_never_asked_is_no_silence_that_passes(site: Site) -> None:
    """As where the step before it has used all the time up."""
    exchange = UDP()
    assert isinstance(exchange, Exchange)
    with site.director.entered(), closing(StandardExchange(packed(V4.real), SILENT_PORT, exchange)) as late:
        verdict = late.begin(clock.now() - 1.0, clock.now())
    assert verdict is not None
    assert verdict.reason == Reason.NO_ANSWER


@both_families
def test_nobody_has_that_address(site: Site, family: Family) -> None:
    """The kernel gives up after three requests, a second apart (mcast_solicit)."""
    site.director.sysctl(f"net.{family.name}.neigh.eth0.retrans_time_ms", 100)
    for step in (UDP, PING):
        result = site.check(step, family, SILENT_PORT, timeout=3.0, real=family.nobody)
        assert_reason(result, Reason.NO_NEIGHBOUR)


@both_families
def test_a_kernel_without_sctp(site: Site, family: Family) -> None:
    result = site.check(SCTP, family)
    assert_reason(result, Reason.UNREACHABLE)
    assert "does not speak that protocol" in result.verdict.detail


@pytest.mark.parametrize("role", ["0", "1"])
@pytest.mark.parametrize(("kind", "expected"), [("ping", Reason.OK), ("sctp", Reason.UNREACHABLE), ("udp", Reason.OK)])
def test_its_sockets_are_open_before_root_is_given_up(
    site: Site, tmp_path: Path, role: str, kind: str, expected: str
) -> None:
    """Neither a raw socket nor, by the kernel's default, a ping socket is to be had after it."""
    role_file = tmp_path / "VI_1"
    role_file.write_text(role)
    command = [sys.executable, str(_SCRIPT), str(LAUNCHER.parents[2]), kind, V4.real, V4.vip, str(ECHO_PORT)]
    uid, path, reason, detail = site.director.run([*command, str(role_file)]).stdout.split(" ", 3)
    assert (int(uid), path, reason) == (NOBODY, STANDARD if role == "0" else RAW, expected), detail


def told_as_nobody(site: Site, kind: str, vips: str, role_file: str, *lost: str) -> list[list[str]]:
    """Return uid, path, reason and detail of each VIP."""
    command = [sys.executable, str(_SCRIPT), str(LAUNCHER.parents[2]), kind, V4.real, vips, str(ECHO_PORT), role_file]
    return [line.split(" ", 3) for line in site.director.run([*command, *lost]).stdout.splitlines()]


@pytest.mark.parametrize(("kind", "expected"), [("ping", Reason.OK), ("sctp", Reason.UNREACHABLE)])
def test_the_sockets_of_the_standard_check_are_there_when_the_raw_one_fails_without_root(
    site: Site, kind: str, expected: str
) -> None:
    """To an INIT the kernel of a server without SCTP says so: ICMP protocol unreachable."""
    [[uid, path, reason, detail]] = told_as_nobody(site, kind, V4.vip, "auto", "lost")
    assert (int(uid), path, reason) == (NOBODY, STANDARD, expected), detail


def test_they_are_there_where_some_vips_are_checked_raw_and_some_are_not(site: Site) -> None:
    held, elsewhere = told_as_nobody(site, "ping", f"{V4.vip},{V4.other_vip}", "auto")
    assert held[:3] == [str(NOBODY), RAW, Reason.OK]
    assert elsewhere[:3] == [str(NOBODY), STANDARD, Reason.OK]


# A director that is its own real server ----------------------------------------------------------------


@pytest.fixture(scope="module")
def own_server() -> Iterator[Host]:
    with Network() as network:
        host = active(network)
        for family in BOTH:
            udp_server(host, family.vip, ECHO_PORT, "echo")
            udp_server(host, "::" if family is V6 else "0.0.0.0", SILENT_PORT + 10 * (family is V6), "echo")
            udp_server(host, family.director, ECHO_PORT, "echo")
        yield host


def local(host: Host, step: Step, family: Family, port: int) -> Result:
    result = check(host, datagram_request(step, family, port, real=family.director))
    assert result.path == RAW
    assert "local" in result.verdict.detail
    return result


@both_families
def test_an_own_listener_of_datagrams(own_server: Host, family: Family) -> None:
    with capture(own_server) as on_wire:
        assert_reason(local(own_server, UDP, family, ECHO_PORT), Reason.OK)
        assert_reason(local(own_server, UDP, family, SILENT_PORT + 10 * (family is V6)), Reason.OK)
        assert_reason(local(own_server, UDP, family, CLOSED_PORT), Reason.REFUSED)
        assert_reason(local(own_server, PING, family, CLOSED_PORT), Reason.OK)
        assert on_wire.frames() == []


@both_families
def test_an_own_vip_that_is_not_held(own_server: Host, family: Family) -> None:
    own_server.remove_address(host_prefix(family.vip), "eth0")
    try:
        for step in (UDP, PING, SCTP):
            assert_reason(local(own_server, step, family, ECHO_PORT), Reason.NO_ANSWER)
    finally:
        own_server.add_address(host_prefix(family.vip), "eth0")
