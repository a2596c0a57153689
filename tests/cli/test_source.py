# SPDX-License-Identifier: GPL-2.0-or-later
"""The source of a check is never a VIP: a real server holds those itself, and would answer to itself."""

from __future__ import annotations

import pytest

from tests.cli.commands import Desk, Outcome
from tests.cli.site import DIRECTOR_IP, DIRECTOR_IP6, PORT, REAL_IP, REAL_IP6, VIP, VIP6
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

OTHER_VIP, OTHER_VIP6 = "10.0.0.200", "2001:db8::200"


@pytest.fixture
def server(network: Network) -> Host:
    made = real_server(network, "server", [f"{REAL_IP}/24", f"{REAL_IP6}/64"], [VIP, VIP6, OTHER_VIP, OTHER_VIP6])
    tcp_server(made, VIP, int(PORT))
    tcp_server(made, VIP6, int(PORT))
    return made


def director_with(network: Network, *addresses: str) -> Host:
    """Return a director whose eth0 has these addresses in this order: the first is the kernel's choice."""
    return director(network, "director", addresses)


def sources(outcome: Outcome) -> set[str]:
    """Return whose SYNs -v showed."""
    lines = [line for line in outcome.stderr.splitlines() if "Flags [S]," in line]
    return {line.split(") ")[1].split(" > ")[0].rpartition(":")[0].strip("[]") for line in lines}


def check(desk: Desk, host: Host, *words: str) -> Outcome:
    return desk.check(host, "-v", "-t", "1", *words)


@pytest.mark.parametrize("words", [(REAL_IP, VIP, PORT), (REAL_IP, f"{OTHER_VIP}:9,{VIP}:{PORT}")])
def test_a_vip_of_the_check_is_passed_over(desk: Desk, server: Host, network: Network, words: tuple[str, ...]) -> None:
    host = director_with(network, f"{VIP}/24", f"{OTHER_VIP}/24", f"{DIRECTOR_IP}/24")
    desk.file("services.d/other.toml", f'endpoint = ["{OTHER_VIP}:80"]\n')
    outcome = check(desk, host, *words)
    assert sources(outcome) == {DIRECTOR_IP}
    assert f"{VIP}:{PORT} via {REAL_IP} up" in outcome.stdout


def test_a_vip_of_the_registry_is_passed_over(desk: Desk, server: Host, network: Network) -> None:
    host = director_with(network, f"{OTHER_VIP}/24", f"{DIRECTOR_IP}/24")
    assert check(desk, host, REAL_IP, VIP, PORT).status == 1  # nobody says that it is a VIP: the server answers itself
    desk.file("services.d/other.toml", f'endpoint = ["{OTHER_VIP}:80"]\n')
    outcome = check(desk, host, REAL_IP, VIP, PORT)
    assert sources(outcome) == {DIRECTOR_IP}
    assert outcome.status == 0


@pytest.mark.parametrize("command", ["check", "explain"])
def test_what_is_wrong_with_the_registry_is_said(desk: Desk, server: Host, network: Network, command: str) -> None:
    host = director_with(network, f"{OTHER_VIP}/24", f"{DIRECTOR_IP}/24")
    half = desk.file("services.d/half.toml", f'endpoint = ["{OTHER_VIP}:80"')
    (desk.services / "gone.toml").symlink_to("nowhere")
    outcome = desk.run(host, "lvs-rawcheck", command, "tcp", *desk.own_folders(), REAL_IP, VIP, PORT)
    notes = [
        f"registry file {desk.services}/gone.toml: a symbolic link, which is not followed",
        f"registry file {half}: not TOML; {OTHER_VIP}, which it mentions, taken as a VIP",
    ]
    assert outcome.status == 0
    assert outcome.stderr.splitlines() == [f"lvs-rawcheck: {note}" for note in notes]
    if command == "check":
        assert [line.text for line in outcome.log[:2]] == notes


def test_a_vip_of_the_registry_is_passed_over_ipv6(desk: Desk, server: Host, network: Network) -> None:
    # The route names its source, so that what the kernel would choose is known.
    host = director_with(network, f"{OTHER_VIP6}/64", f"{DIRECTOR_IP6}/64")
    host.ip("route", "replace", f"{REAL_IP6}/128", "dev", "eth0", "src", OTHER_VIP6)
    assert check(desk, host, REAL_IP6, VIP6, PORT).status == 1
    desk.file("services.d/other.toml", f'endpoint = ["[{OTHER_VIP6}]:80"]\n')
    outcome = check(desk, host, REAL_IP6, VIP6, PORT)
    assert sources(outcome) == {DIRECTOR_IP6}
    assert outcome.status == 0


def test_the_drop_in_asks_the_registry_too(desk: Desk, server: Host, network: Network) -> None:
    host = director_with(network, f"{OTHER_VIP}/24", f"{DIRECTOR_IP}/24")
    desk.file("services.d/other.toml", f'endpoint = ["{OTHER_VIP}:80"]\n')
    assert sources(desk.drop_in(host, "-v", "eth0", REAL_IP, VIP, PORT)) == {DIRECTOR_IP}


def test_an_address_of_the_servers_subnet_comes_first(desk: Desk, server: Host, network: Network) -> None:
    host = director_with(network, f"{VIP}/24", "192.0.2.7/24", f"{DIRECTOR_IP}/24")
    assert sources(check(desk, host, REAL_IP, VIP, PORT)) == {DIRECTOR_IP}


@pytest.mark.parametrize(
    ("real_ip", "vip", "held"), [(REAL_IP, VIP, OTHER_VIP), (REAL_IP6, VIP6, OTHER_VIP6)], ids=["IPv4", "IPv6"]
)
def test_an_interface_that_holds_only_vips(
    desk: Desk, server: Host, network: Network, real_ip: str, vip: str, held: str
) -> None:
    length = 24 if "." in vip else 64
    host = director_with(network, f"{vip}/{length}", f"{held}/{length}")
    endpoint = f"{held}:80" if "." in vip else f"[{held}]:80"
    desk.file("services.d/other.toml", f'endpoint = ["{endpoint}"]\n')
    outcome = desk.check(host, "--json", real_ip, vip, PORT)
    assert outcome.status == 1
    assert outcome.json["reason"] == "cannot-judge"
    assert "--source" in outcome.json["detail"]


def test_with_a_source_named_it_can_be_judged(desk: Desk, server: Host, network: Network) -> None:
    host = director_with(network, f"{VIP}/24")
    host.add_address("192.0.2.21/32", "lo")
    server.ip("route", "add", "192.0.2.21/32", "dev", "eth0")
    outcome = desk.check(host, "-v", "-s", "192.0.2.21", REAL_IP, VIP, PORT)
    assert sources(outcome) == {"192.0.2.21"}
    assert outcome.status == 0


@pytest.mark.parametrize("source", [VIP, OTHER_VIP], ids=["of the check", "of the registry"])
def test_a_source_that_is_a_vip_is_refused(desk: Desk, server: Host, network: Network, source: str) -> None:
    host = director_with(network, f"{DIRECTOR_IP}/24", f"{VIP}/32", f"{OTHER_VIP}/32")
    desk.file("services.d/other.toml", f'endpoint = ["{OTHER_VIP}:80"]\n')
    outcome = desk.check(host, "--json", "-s", source, REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert outcome.json["reason"] == "cannot-judge"
    assert f"source {source} is a VIP" in outcome.json["detail"]


def test_a_source_that_is_not_here(desk: Desk, server: Host, network: Network) -> None:
    host = director_with(network, f"{DIRECTOR_IP}/24")
    outcome = desk.check(host, "--json", "-s", "10.0.0.77", REAL_IP, VIP, PORT)
    assert (outcome.status, outcome.json["reason"]) == (1, "cannot-judge")
    assert "10.0.0.77" in outcome.json["detail"]
