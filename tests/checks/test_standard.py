# SPDX-License-Identifier: GPL-2.0-or-later
"""The standard check: its share of the time, its words for what the kernel says, and when root is given up."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path as FilePath

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import STANDARD, Conversation, Endpoint, Reason, Verdict
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.standard import StandardFlow
from lvs_rawcheck.checks.standard_socket import wait_for
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.packet import Frame
from lvs_rawcheck.link.rtnetlink import Interface, Netlink
from tests.checks.site import (
    CLOSED_PORT,
    OTHER_PORT,
    PORT,
    SHORT,
    V4,
    V6,
    Family,
    active,
    both_families,
    healthy,
    packed,
    request,
    run,
    server_without_service,
    standby,
)
from tests.netns.roles import host_prefix
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

DROPPED_PORT = 85
REJECTED_PORT = 86
PORTS_OF_OURS = 20
RULES = f"""
table inet t {{ chain c {{
    type filter hook input priority 0
    tcp dport {DROPPED_PORT} drop
    tcp dport {REJECTED_PORT} reject with icmpx type admin-prohibited
}}; }}
"""


@pytest.fixture
def director(network: Network) -> Host:
    return active(network)


@pytest.fixture
def server(network: Network) -> Host:
    """A real server that serves at its own addresses."""
    real = server_without_service(network)
    for family in (V4, V6):
        tcp_server(real, family.real, PORT)
    real.nft(RULES)
    return real


@pytest.fixture
def backup(tmp_path: FilePath) -> str:
    """The role file of a backup director."""
    path = tmp_path / "VI_1"
    path.write_text("0")
    return str(path)


def verdict_of(host: Host, seconds: float, address: bytes, port: int, source: bytes | None = None) -> Verdict:
    """Return what a flow finds from a host, with so many seconds until its deadline."""
    with host.entered(), closing(StandardFlow(address, port, TcpConversation(), source)) as flow:
        verdict = flow.begin(clock.now() + seconds, clock.now())
        while verdict is None:
            verdict = flow.ready(clock.now()) if wait_for(flow) else flow.handle_timer(clock.now())
    return verdict


# Time --------------------------------------------------------------------------------------------------


@both_families
@pytest.mark.usefixtures("server")
def test_a_silent_port_leaves_the_next_its_share(director: Host, family: Family, backup: str) -> None:
    wanted = request(family.real, family.vip, role_file=backup, timeout=2 * SHORT)
    wanted.endpoints = [Endpoint(packed(family.vip), port) for port in (DROPPED_PORT, PORT, CLOSED_PORT)]
    result = run(director, wanted)
    assert [each.verdict.reason for each in result.vips] == [Reason.NO_ANSWER, Reason.OK, Reason.REFUSED]
    assert result.elapsed_ms < 2000 * SHORT


@pytest.mark.usefixtures("server")
def test_what_has_come_by_the_deadline_counts(director: Host) -> None:
    assert verdict_of(director, 5.0, packed(V4.real), PORT).reason == Reason.OK
    late = verdict_of(director, -1.0, packed(V4.director), CLOSED_PORT)
    assert late.reason == Reason.REFUSED, "which the kernel says within the call"


# Words -------------------------------------------------------------------------------------------------


@both_families
@pytest.mark.usefixtures("server")
def test_a_rejection_by_a_firewall(director: Host, family: Family, backup: str) -> None:
    result = run(director, request(family.real, family.vip, port=REJECTED_PORT, role_file=backup))
    # IPv4's kernel does not tell it from a neighbour that is not there.
    expected = Reason.NO_NEIGHBOUR if family is V4 else Reason.UNREACHABLE
    assert (result.verdict.reason, result.path) == (expected, STANDARD)
    assert ("or unreachable by ICMP" in result.verdict.detail) is (family is V4)


@both_families
@pytest.mark.usefixtures("server")
def test_a_kernel_that_gives_up_before_the_deadline(director: Host, family: Family, backup: str) -> None:
    director.sysctl("net.ipv4.tcp_syn_retries", 1)
    wanted = request(family.real, family.vip, port=DROPPED_PORT, role_file=backup, timeout=20.0)
    result = run(director, wanted)
    assert result.verdict.reason == Reason.NO_ANSWER, result.verdict.detail
    assert result.elapsed_ms < 19000


@both_families
@pytest.mark.usefixtures("server")
def test_a_source_that_is_gone_leaves_the_kernel_s_choice(network: Network, family: Family) -> None:
    source = packed(family.director)  # another host's
    assert verdict_of(standby(network), 5.0, packed(family.real), PORT, source).reason == Reason.OK


@both_families
def test_a_source_is_kept_however_many_ports_rest(network: Network, server: Host, family: Family) -> None:
    """Each of our ports may ask each of theirs once while it rests in TIME_WAIT: here more connections than ports."""
    host, source = standby(network), family.address(23)
    host.add_address(family.on_link(source), "eth0")
    host.sysctl("net.ipv4.ip_local_port_range", f"40000 {40000 + PORTS_OF_OURS - 1}")
    tcp_server(server, family.real, OTHER_PORT)
    each = PORTS_OF_OURS * 3 // 4
    for port in (PORT, OTHER_PORT) * each:
        assert verdict_of(host, 5.0, packed(family.real), port, packed(source)).reason == Reason.OK
    resting = host.run(
        ["ss", "-Htan", "state", "time-wait", "src", f"[{source}]" if family is V6 else source]
    ).stdout.splitlines()
    assert len(resting) == 2 * each


class Broken(Conversation):
    """A conversation with a fault of its own."""

    def connected(self) -> Verdict | None:
        raise KeyError("a fault of ours")


@pytest.mark.usefixtures("server")
def test_a_fault_of_our_own_is_no_verdict_about_the_server(director: Host, backup: str) -> None:
    result = run(director, request(V4.real, V4.vip, role_file=backup, conversation=Broken))
    assert result.verdict.reason == Reason.CANNOT_JUDGE
    assert "internal error: KeyError" in result.verdict.detail


# Root --------------------------------------------------------------------------------------------------


@both_families
@pytest.mark.usefixtures("server")
def test_root_is_given_up_once_on_every_path(director: Host, family: Family, backup: str, network: Network) -> None:
    healthy(network, "other_real")
    tcp_server(director, family.vip, OTHER_PORT)
    fates = {
        "raw": request(family.other_real, family.vip),
        "standard": request(family.real, family.vip, role_file=backup),
        "degraded": request(family.real, family.vip, interface="eth9", on_cannot_judge="standard"),
        "local": request(family.director, family.vip, port=OTHER_PORT),
        "several ports": request(family.real, family.vip, role_file=backup),
        "raw and standard": request(family.real, family.vip, family.elsewhere, role_file="auto", port=CLOSED_PORT),
    }
    fates["several ports"].endpoints.append(Endpoint(packed(family.vip), CLOSED_PORT))
    for fate, wanted in fates.items():
        calls: list[str] = []
        run(director, wanted, Hooks(sockets_open=lambda calls=calls, fate=fate: calls.append(fate)))  # type: ignore[misc]
        assert calls == [fate]


class Unheard:
    """A link that fails as soon as it is listened to."""

    def __init__(self, link: Link) -> None:
        self.own_mac = link.own_mac
        self.fileno = link.fileno
        self.send = link.send
        self.close = link.close

    def receive(self) -> Frame | None:
        raise LinkError("the link broke")


@pytest.mark.usefixtures("server")
def test_once_even_where_the_raw_check_fails_after_it(director: Host) -> None:
    calls: list[str] = []
    wanted = request(V4.real, V4.vip, on_cannot_judge="standard")
    result = run(director, wanted, Hooks(lambda: calls.append("told"), lambda link, path: Unheard(link)))
    assert (result.verdict.reason, result.degraded, calls) == (Reason.OK, True, ["told"])


@pytest.mark.usefixtures("server")
def test_a_standard_check_that_cannot_give_root_up_is_made_and_says_so(director: Host, backup: str) -> None:
    def refuse() -> None:
        raise LinkError("cannot become user lvs-rawcheck")

    result = run(director, request(V4.real, V4.vip, role_file=backup), Hooks(refuse))
    assert result.verdict.reason == Reason.OK
    assert result.notes == ["cannot become user lvs-rawcheck"]


# A VIP whose interface goes away -----------------------------------------------------------------------


@pytest.mark.usefixtures("server")
def test_an_interface_that_goes_away_meanwhile_holds_no_vip(director: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """keepalived with use_vmac makes and deletes interfaces: here, between two of our questions."""
    director.macvlan("mv0", "eth0", [host_prefix(V4.elsewhere)])
    ask = Netlink.interface_by_index

    def ask_too_late(netlink: Netlink, index: int) -> Interface:
        if "mv0" in director.macs:
            del director.macs["mv0"]
            director.ip("link", "del", "mv0")
        return ask(netlink, index)

    monkeypatch.setattr(Netlink, "interface_by_index", ask_too_late)
    result = run(director, request(V4.real, V4.elsewhere, role_file="auto"))
    assert "mv0" not in director.macs
    assert (result.verdict.reason, result.path, result.role) == (Reason.OK, STANDARD, "backup")
