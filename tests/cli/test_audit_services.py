# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck audit` of services that say something: HTTP, certificates, UDP; and its bar on a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.commands import Desk
from tests.netns.daemons import certificates, tls
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

VIP = "10.0.0.100"
_SERVICE = Path(__file__).parents[1] / "diagnose" / "service.py"


def _servers(network: Network, count: int) -> tuple[Host, list[Host]]:
    host = director(network, "lb1", ["10.0.0.21/24"], [VIP])
    return host, [real_server(network, f"rs{number}", [f"10.0.0.{41 + number}/24"], [VIP]) for number in range(count)]


def _serve(host: Host, address: str, port: int, habit: str) -> None:
    child = host.popen([sys.executable, "-I", "-S", str(_SERVICE), address, str(port), habit])
    assert child.stdout is not None
    assert child.stdout.readline() == "READY\n"


def _virtual(port: int, count: int, checker: str, protocol: str = "TCP") -> str:
    servers = "".join(f"real_server 10.0.0.{41 + number} {port} {{\n {checker}\n }}\n" for number in range(count))
    return f"virtual_server {VIP} {port} {{\n lvs_method DR\n protocol {protocol}\n {servers}}}\n"


def _url(kind: str) -> str:
    return f"{kind} {{\n connect_timeout 1\n url {{\n path /\n status_code 200\n }}\n }}"


def test_certificates_that_differ(desk: Desk, network: Network) -> None:
    host, servers = _servers(network, 3)
    shown = (certificates.good(), certificates.expires_soon(), certificates.good())
    for server, identity in zip(servers, shown, strict=True):
        tls.openssl_server(server, VIP, identity)
    conf = desk.file("keepalived.conf", _virtual(443, 3, _url("SSL_GET")))
    outcome = desk.run(host, "lvs-rawcheck", "audit", "--json", str(conf))
    told = outcome.json
    assert outcome.status == 1
    assert [(cell["kind"], cell["healthy"], cell["cause"]) for cell in told["cells"]] == [
        ("https", True, "healthy")
    ] * 3
    assert [(finding["cause"], finding["where"], finding["severity"]) for finding in told["findings"]] == [
        ("certificate-differs", f"{VIP}:443", "warning")
    ]
    assert [line.partition(":")[0] for line in told["findings"][0]["evidence"]] == ["10.0.0.41, 10.0.0.43", "10.0.0.42"]


def test_a_service_that_answers_wrongly(desk: Desk, network: Network) -> None:
    host, servers = _servers(network, 3)
    for server, (on_vip, own) in zip(servers, ((200, 200), (503, 503), (503, 200)), strict=True):
        _serve(server, VIP, 80, f"status:{on_vip}")
        _serve(server, f"10.0.0.{41 + servers.index(server)}", 80, f"status:{own}")
    conf = desk.file("keepalived.conf", _virtual(80, 3, _url("HTTP_GET")))
    told = desk.run(host, "lvs-rawcheck", "audit", "--json", str(conf)).json
    assert [(cell["reason"], cell["cause"]) for cell in told["cells"]] == [
        ("ok", "healthy"),
        ("status", "service-unhealthy"),
        ("status", "service-differs-by-address"),
    ]
    assert len(told["findings"]) == 2


def test_datagrams(desk: Desk, network: Network) -> None:
    host, servers = _servers(network, 4)
    _serve(servers[0], VIP, 5353, "datagram")
    _serve(servers[1], "0.0.0.0", 5353, "datagram")
    _serve(servers[3], VIP, 5353, "garbage")
    checker = "UDP_CHECK {\n connect_timeout 1\n payload 3031\n require_reply 3031\n }"
    conf = desk.file("keepalived.conf", _virtual(5353, 4, checker, "UDP"))
    told = desk.run(host, "lvs-rawcheck", "audit", "--json", str(conf)).json
    assert [(cell["kind"], cell["protocol"], cell["cause"]) for cell in told["cells"]] == [
        ("udp", "udp", "healthy"),
        ("udp", "udp", "answers-from-real-address"),
        ("udp", "udp", "service-down"),
        ("udp", "udp", "service-unhealthy"),
    ]


def test_an_echo_and_what_is_asked_in_place_of_a_script(desk: Desk, network: Network) -> None:
    host, servers = _servers(network, 1)
    tcp_server(servers[0], VIP, 80)
    text = _virtual(80, 1, "MISC_CHECK {\n misc_path /bin/false\n }") + _virtual(81, 1, "PING_CHECK {\n }")
    outcome = desk.run(host, "lvs-rawcheck", "audit", "--json", str(desk.file("keepalived.conf", text)))
    assert outcome.status == 0
    cells = outcome.json["cells"]
    assert [(cell["kind"], cell["cause"]) for cell in cells] == [("tcp", "healthy"), ("ping", "healthy")]
    assert cells[0]["instead"] == "asked by tcp: MISC_CHECK is a script of the site's"


def test_a_terminal_is_shown_how_far_it_is_and_left_clean(desk: Desk, network: Network) -> None:
    host, servers = _servers(network, 1)
    tcp_server(servers[0], VIP, 80)
    conf = desk.file("keepalived.conf", _virtual(80, 1, "TCP_CHECK {\n }"))
    terminal, far_end = os.openpty()
    try:
        child = desk.start(host, "lvs-rawcheck", "audit", "--json", str(conf), stderr=far_end)
        outcome = desk.finish(child)
        written = os.read(terminal, 65536).decode()
    finally:
        os.close(terminal)
        os.close(far_end)
    assert outcome.status == 0
    assert "1 of 1" in written
    assert written.endswith("\r")
    assert written.rpartition("1 of 1")[2].strip(" \r") == ""
