# SPDX-License-Identifier: GPL-2.0-or-later
"""The standard path of `run`: the check that the site had, where it went and from where."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.commands import Desk, Outcome
from tests.cli.registry_desk import register, run, said, service
from tests.cli.site import CLOSED_PORT, PORT, REAL_IP, VIP, Site
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

BACKEND_IP = "10.0.0.142"  # another address of the server's
MARK = 7
MARKED_ONLY_PORT = 2070
FIXED_SOURCE_PORT = 2071
SECOND_SOURCE_PORT = 2072
DIRECTOR_IP, SECOND_IP = "10.0.0.21", "10.0.0.121"

MARKS = f"""
table inet t {{ chain c {{
    type filter hook output priority 0
    tcp dport {MARKED_ONLY_PORT} meta mark != {MARK} reject with tcp reset
    udp dport {MARKED_ONLY_PORT} meta mark != {MARK} reject
}}; }}
"""
SOURCES = f"""
table inet t {{ chain c {{
    type filter hook input priority 0
    tcp dport {FIXED_SOURCE_PORT} tcp sport != 700 reject with tcp reset
    tcp dport {SECOND_SOURCE_PORT} ip saddr != {SECOND_IP} reject with tcp reset
}}; }}
"""


class Place:
    """A backup director and a server, with services on addresses and ports of the standard check's only."""

    def __init__(self, network: Network) -> None:
        self.director: Host = director(network, "director", [f"{DIRECTOR_IP}/24", f"{SECOND_IP}/24"])
        self.server: Host = real_server(network, "server", [f"{REAL_IP}/24", f"{BACKEND_IP}/24"], [VIP])
        for port in (MARKED_ONLY_PORT, FIXED_SOURCE_PORT, SECOND_SOURCE_PORT):
            tcp_server(self.server, REAL_IP, port)
        tcp_server(self.server, BACKEND_IP, 8080)
        tcp_server(self.server, BACKEND_IP, int(PORT))
        self.director.nft(MARKS)
        self.server.nft(SOURCES)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with Network() as network:
        yield Place(network)


def standby(desk: Desk, place: Place, lines: str, server: str = "") -> Outcome:
    """Run a backup's check; lines: of its standby check, TCP unless they say otherwise."""
    kind = "" if "kind" in lines else 'kind = "tcp"\n'
    text = f"{server}\n[[real_server.standby_check]]\n{kind}{lines}"
    register(desk, service('role_file = "auto"\ntimeout = 1', text))
    return run(desk, place.director)


def test_the_endpoints_port_at_its_own_address(desk: Desk, place: Place) -> None:
    assert said(standby(desk, place, "")) == (1, "refused", "standard")


def test_connect_ip_and_connect_port(desk: Desk, place: Place) -> None:
    assert said(standby(desk, place, f'connect_ip = "{BACKEND_IP}"')) == (0, "ok", "standard")
    assert said(standby(desk, place, f'connect_ip = "{BACKEND_IP}"\nconnect_port = 8080')) == (0, "ok", "standard")
    assert said(standby(desk, place, f'connect_ip = "{BACKEND_IP}"\nconnect_port = 8081')) == (1, "refused", "standard")


def test_the_servers_port_is_the_standard_checks(desk: Desk, place: Place) -> None:
    connect_ip = f'connect_ip = "{BACKEND_IP}"'
    assert said(standby(desk, place, connect_ip, "port = 8080")) == (0, "ok", "standard")
    assert said(standby(desk, place, connect_ip, "port = 8081")) == (1, "refused", "standard")
    assert said(standby(desk, place, f"{connect_ip}\nconnect_port = 8080", "port = 8081")) == (0, "ok", "standard")
    register(desk, service('role_file = "auto"', f"port = {SECOND_SOURCE_PORT + 10}"))  # without a standby check
    assert said(run(desk, place.director)) == (1, "refused", "standard")


def test_fwmark(desk: Desk, place: Place) -> None:
    assert said(standby(desk, place, f"connect_port = {MARKED_ONLY_PORT}\nfwmark = {MARK}")) == (0, "ok", "standard")
    assert said(standby(desk, place, f"connect_port = {MARKED_ONLY_PORT}"))[:2] == (1, "refused")
    udp = f'kind = "udp"\nconnect_port = {MARKED_ONLY_PORT}'
    assert "not rejected" not in standby(desk, place, udp).json["detail"]


def test_fwmark_is_set_before_root_is_given_up(desk: Desk, place: Place) -> None:
    desk.mount("/etc/passwd", "root:x:0:0::/:/bin/sh\nlvs-rawcheck:x:4711:4712::/:/bin/false\n")
    both = f'connect_port = {MARKED_ONLY_PORT}\nfwmark = {MARK}\nbind_if = "eth0"'
    assert said(standby(desk, place, both)) == (0, "ok", "standard")


def test_bindto(desk: Desk, place: Place) -> None:
    port = f"connect_port = {SECOND_SOURCE_PORT}"
    assert said(standby(desk, place, f'{port}\nbindto = "{SECOND_IP}"')) == (0, "ok", "standard")
    assert said(standby(desk, place, f'{port}\nbindto = "{DIRECTOR_IP}"')) == (1, "refused", "standard")


def test_bindto_what_is_not_here_is_passed_over(desk: Desk, place: Place) -> None:
    assert said(standby(desk, place, f'connect_ip = "{BACKEND_IP}"\nbindto = "{VIP}"')) == (0, "ok", "standard")


def test_bind_port(desk: Desk, place: Place) -> None:
    for _ in range(2):  # TIME_WAIT of the first one is no hindrance
        assert said(standby(desk, place, f"connect_port = {FIXED_SOURCE_PORT}\nbind_port = 700")) == (
            0,
            "ok",
            "standard",
        )
    assert said(standby(desk, place, f"connect_port = {FIXED_SOURCE_PORT}\nbind_port = 701")) == (
        1,
        "refused",
        "standard",
    )


def test_bind_if(desk: Desk, place: Place) -> None:
    assert said(standby(desk, place, f'connect_ip = "{BACKEND_IP}"\nbind_if = "eth0"')) == (0, "ok", "standard")
    through_lo = standby(desk, place, f'connect_ip = "{BACKEND_IP}"\nbind_if = "lo"')
    assert through_lo.status == 1
    missing = standby(desk, place, f'connect_ip = "{BACKEND_IP}"\nbind_if = "eth9"')
    assert said(missing)[:2] == (1, "cannot-judge")
    assert "cannot make the standard check through eth9: No such device" in missing.json["detail"]


def test_several_standby_checks_must_all_pass(desk: Desk, place: Place) -> None:
    first = f'kind = "tcp"\nconnect_ip = "{BACKEND_IP}"'
    second = f'[[real_server.standby_check]]\nkind = "tcp"\nconnect_port = {CLOSED_PORT}'
    outcome = standby(desk, place, f"{first}\n{second}")
    assert said(outcome) == (1, "refused", "standard")
    assert outcome.json["detail"].startswith("check 2 of 2: ")


def test_one_standby_check_for_all_vips(desk: Desk, place: Place) -> None:
    """With a port of its own it is made once, whatever the endpoints' ports."""
    server = f'[[real_server.standby_check]]\nkind = "tcp"\nconnect_ip = "{BACKEND_IP}"\nconnect_port = 8080'
    register(desk, service('role_file = "auto"', server, endpoints=[f"{VIP}:{CLOSED_PORT}", f"{VIP}:8082"]))
    outcome = run(desk, place.director)
    assert said(outcome) == (0, "ok", "standard")
    assert [each["reason"] for each in outcome.json["vips"]] == ["ok", "ok"]


def test_the_active_director_looks_at_the_vip(desk: Desk, site: Site) -> None:
    server = f'[[real_server.standby_check]]\nkind = "tcp"\nconnect_port = {CLOSED_PORT}'
    register(desk, service('role_file = "auto"', server))
    assert said(run(desk, site.director)) == (0, "ok", "raw")
