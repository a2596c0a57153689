# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck audit` as a process, on a site of a few servers in different states."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import NOBODY, WITHOUT_NET_RAW, Desk, Outcome
from tests.netns.roles import director, real_server, set_forwarding
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network, end_process, wait_until

pytestmark = pytest.mark.netns


@dataclass(frozen=True)
class Family:
    """The addresses of one family, as text. net: what a host's number is put behind."""

    net: str
    prefix: int
    nft: str

    def address(self, number: int) -> str:
        return f"{self.net}{number}"

    @property
    def vips(self) -> list[str]:
        return [self.address(100), self.address(101)]


IPV4 = Family("10.0.0.", 24, "ip")
IPV6 = Family("2001:db8::", 64, "ip6")
FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=["IPv4", "IPv6"])
HEALTHY, WITHOUT_VIP, STOPPED, FILTERED, DOWN, FORWARDING, SORRY = 41, 42, 43, 44, 45, 46, 99


class Site:
    """An active director, a standby, and real servers: each in one state, in both families."""

    def __init__(self, network: Network) -> None:
        own = [f"{family.address(21)}/{family.prefix}" for family in (IPV4, IPV6)]
        vips = [*IPV4.vips, *IPV6.vips]
        self.director = director(network, "lb1", own, vips)
        self.standby = director(network, "lb2", [f"{family.address(22)}/{family.prefix}" for family in (IPV4, IPV6)])
        for number in (HEALTHY, WITHOUT_VIP, STOPPED, FILTERED, FORWARDING):
            lost = {WITHOUT_VIP: [IPV4.vips[0], IPV6.vips[0]], FORWARDING: vips}.get(number, [])
            held = [vip for vip in vips if vip not in lost]
            addresses = [f"{family.address(number)}/{family.prefix}" for family in (IPV4, IPV6)]
            server = real_server(network, f"rs{number}", addresses, held)
            for port in (80, 443):
                for address in ("0.0.0.0", "::"):
                    if (number, port) != (STOPPED, 80):
                        tcp_server(server, address, port)
            if number == FORWARDING:
                set_forwarding(server, 1)
            if number == FILTERED:
                server.nft(
                    "table inet f {\n chain i {\n type filter hook input priority 0\n tcp dport 443 drop\n }\n }"
                )


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The site; no test changes it."""
    with Network() as network:
        yield Site(network)


def _configuration(family: Family, numbers: tuple[int, ...], ports: tuple[int, ...] = (80, 443)) -> str:
    blocks = []
    for vip in family.vips:
        for port in ports:
            servers = "".join(
                f"    real_server {family.address(number)} {port} {{\n        TCP_CHECK {{\n            "
                "connect_timeout 1\n        }\n    }\n"
                for number in numbers
            )
            blocks.append(f"virtual_server {vip} {port} {{\n    lvs_method DR\n    protocol TCP\n{servers}}}\n")
    return "".join(blocks)


def audit(desk: Desk, host: Host | None, *arguments: str) -> Outcome:
    """Run it."""
    return desk.run(host, "lvs-rawcheck", "audit", "--services", str(desk.services), *arguments)


def _cells(told: dict[str, Any]) -> dict[tuple[str, str, int], str]:
    return {(cell["real_server"], cell["vip"], cell["port"]): cell["cause"] for cell in told["cells"]}


@pytest.mark.parametrize(
    ("family", "role"),
    [
        (IPV4, "active"),
        (IPV6, "standby"),
        pytest.param(IPV4, "standby", marks=pytest.mark.full),
        pytest.param(IPV6, "active", marks=pytest.mark.full),
    ],
    ids=["IPv4-active", "IPv6-standby", "IPv4-standby", "IPv6-active"],
)
def test_each_state_has_its_cause_and_each_fault_one_finding(desk: Desk, site: Site, family: Family, role: str) -> None:
    numbers = (HEALTHY, WITHOUT_VIP, STOPPED, FILTERED, DOWN)
    conf = desk.file("keepalived.conf", _configuration(family, numbers))
    outcome = audit(desk, site.director if role == "active" else site.standby, "--json", str(conf))
    assert (outcome.status, outcome.stderr) == (1, "")
    told = outcome.json
    first, second = family.vips
    expected = {
        (family.address(number), vip, port): "healthy"
        for number in numbers
        for vip in family.vips
        for port in (80, 443)
    }
    expected |= {(family.address(WITHOUT_VIP), first, port): "vip-missing-or-filtered" for port in (80, 443)}
    expected |= {(family.address(STOPPED), vip, 80): "service-down" for vip in family.vips}
    expected |= {(family.address(FILTERED), vip, 443): "filtered-port" for vip in family.vips}
    expected |= {(family.address(DOWN), vip, port): "host-down" for vip in family.vips for port in (80, 443)}
    assert _cells(told) == expected
    assert [(finding["cause"], finding["where"]) for finding in told["findings"]] == [
        ("host-down", family.address(DOWN)),
        ("vip-missing-or-filtered", f"{family.address(WITHOUT_VIP)}, VIP {first}"),
        ("filtered-port", f"{family.address(FILTERED)}, port 443 of {first}, {second}"),
        ("service-down", f"{family.address(STOPPED)}, port 80 of {first}, {second}"),
    ]
    assert (told["partial"], told["gaps"]) == (False, [])
    for finding in told["findings"]:
        assert finding["severity"] == "error"
        assert finding["evidence"]
        assert finding["fix"]


@FAMILIES
def test_a_server_that_forwards_what_it_lacks(desk: Desk, site: Site, family: Family) -> None:
    conf = desk.file("keepalived.conf", _configuration(family, (HEALTHY, FORWARDING)))
    told = audit(desk, site.director, "--json", str(conf)).json
    assert {cell["cause"] for cell in told["cells"] if cell["real_server"] == family.address(FORWARDING)} == {
        "vip-missing-forwarding"
    }
    assert {cell["cause"] for cell in told["cells"] if cell["real_server"] == family.address(HEALTHY)} == {"healthy"}
    assert len(told["findings"]) == 2  # one for each VIP that is missing


@FAMILIES
def test_a_healthy_site(desk: Desk, site: Site, family: Family) -> None:
    conf = desk.file("keepalived.conf", _configuration(family, (HEALTHY,)))
    outcome = audit(desk, site.director, str(conf))
    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.stdout.splitlines()[-1].endswith("s, 4 healthy, nothing wrong")


def test_what_a_person_reads(desk: Desk, site: Site) -> None:
    numbers = (HEALTHY, WITHOUT_VIP, STOPPED)
    sorry = f"    sorry_server {IPV4.address(SORRY)} 80\n}}\n"
    conf = desk.file("keepalived.conf", _configuration(IPV4, numbers, (80,))[:-2] + sorry)
    outcome = audit(desk, site.director, str(conf))
    lines = outcome.stdout.splitlines()
    assert outcome.status == 1
    assert [line.split() for line in lines[2:9]] == [
        ["10.0.0.100", "10.0.0.101"],
        ["real", "server", "80", "80"],
        ["10.0.0.41", ".", "."],
        ["10.0.0.42", "vip-missing-or-filtered", "."],
        ["10.0.0.43", "service-down", "service-down"],
        ["10.0.0.99", "host-down*"],
        [".", "healthy", "*", "sorry", "server", "or", "fallback"],
    ]
    assert "error: vip-missing-or-filtered: 10.0.0.42, VIP 10.0.0.100" in lines
    assert "warning: host-down: 10.0.0.99" in lines
    fixes = [line.strip().removeprefix("fix: ") for line in lines if " on 10.0.0.42: " in line]
    assert fixes[0].startswith("on 10.0.0.42: sysctl -w net.ipv4.conf.all.arp_ignore=1")  # else it steals the VIP
    assert fixes[1] == "on 10.0.0.42: ip addr replace 10.0.0.100/32 dev lo"


def test_every_kind_of_source_gives_the_same_cells(desk: Desk, site: Site) -> None:
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY, STOPPED), (80,)))
    reals = "".join(f"\treal={IPV4.address(number)}:80 gate\n" for number in (HEALTHY, STOPPED))
    ldirectord = desk.file(
        "ldirectord.cf", "".join(f"virtual={vip}:80\n{reals}\tchecktype=connect\n" for vip in IPV4.vips)
    )
    servers = "".join(f'[[real_server]]\naddress = "{IPV4.address(number)}"\n' for number in (HEALTHY, STOPPED))
    endpoints = ", ".join(f'"{vip}:80"' for vip in IPV4.vips)
    (desk.services / "web.toml").write_text(f'endpoint = [{endpoints}]\n[[check]]\nkind = "tcp"\n{servers}')
    sources = (conf, ldirectord, desk.services, desk.services / "web.toml")
    told = [_cells(audit(desk, site.director, "--json", str(source)).json) for source in sources]
    assert told[0] == {
        (IPV4.address(number), vip, 80): cause
        for number, cause in ((HEALTHY, "healthy"), (STOPPED, "service-down"))
        for vip in IPV4.vips
    }
    assert told[1:] == told[:1] * 3
    together = audit(desk, site.director, "--json", *map(str, sources[:2])).json
    assert _cells(together) == told[0]
    assert " and " not in together["source"]
    assert together["source"].count(";") == 1


def test_a_leak_and_who_asks_are_told_with_the_servers_own_fault(desk: Desk, network: Network) -> None:
    host = director(network, "lb1", ["10.0.0.21/24"], IPV4.vips)
    server = real_server(network, "rs", [f"{IPV4.address(HEALTHY)}/24"], IPV4.vips)
    server.sysctl("net.ipv4.conf.all.arp_ignore", 0)
    tcp_server(server, "0.0.0.0", 80)
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY,)))
    told = audit(desk, host, "--json", str(conf)).json
    assert {(port, cause) for (_, _, port), cause in _cells(told).items()} == {(80, "arp-leak"), (443, "service-down")}
    assert [(finding["cause"], finding["severity"]) for finding in told["findings"]] == [
        ("service-down", "error"),
        ("arp-leak", "warning"),
    ]
    assert told["findings"][1]["where"] == "10.0.0.41, VIP 10.0.0.100, 10.0.0.101"
    for fix in told["findings"][1]["fix"]:
        if "command" in fix:
            server.run(["sh", "-c", fix["command"].replace("/etc/sysctl.d", str(desk.folder))])
    again = audit(desk, host, "--json", str(conf)).json
    assert [finding["cause"] for finding in again["findings"]] == ["service-down"]


def test_a_second_owner_of_a_vip(desk: Desk, network: Network) -> None:
    host = director(network, "lb1", ["10.0.0.21/24"], IPV4.vips)
    standby = director(network, "lb2", ["10.0.0.22/24"])
    server = real_server(network, "rs", [f"{IPV4.address(HEALTHY)}/24"], IPV4.vips)
    tcp_server(server, "0.0.0.0", 80)
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY,), (80,)))
    assert audit(desk, standby, "--json", str(conf)).json["findings"] == []  # the active director is one owner
    standby.add_address(f"{IPV4.vips[0]}/32", "eth0")
    told = audit(desk, host, "--json", str(conf)).json
    assert [(finding["cause"], finding["where"]) for finding in told["findings"]] == [
        ("vip-duplicate", f"VIP {IPV4.vips[0]}")
    ]
    assert standby.mac in told["findings"][0]["what"]


def test_a_director_that_is_its_own_real_server(desk: Desk, network: Network) -> None:
    host = director(network, "lb1", [f"{IPV4.address(HEALTHY)}/24"], IPV4.vips)
    tcp_server(host, "0.0.0.0", 80)
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY,)))
    told = audit(desk, host, "--json", str(conf)).json
    assert {(port, cause) for (_, _, port), cause in _cells(told).items()} == {(80, "healthy"), (443, "service-down")}


def test_a_server_behind_a_gateway_is_a_finding_and_others_are_asked(desk: Desk, site: Site) -> None:
    text = _configuration(IPV4, (HEALTHY,), (80,)).replace(
        "    protocol TCP\n", "    protocol TCP\n    real_server 192.0.2.9 80 {\n    }\n"
    )
    outcome = audit(desk, site.director, "--json", str(desk.file("keepalived.conf", text)))
    assert outcome.status == 1
    findings = outcome.json["findings"]
    assert [(finding["cause"], finding["where"]) for finding in findings] == [("not-on-link", "192.0.2.9")]
    assert sum(cell["healthy"] for cell in outcome.json["cells"]) == 2


def test_one_interface_that_is_lost_leaves_gaps_and_no_verdict(desk: Desk, network: Network) -> None:
    host = director(network, "lb1", ["10.0.0.21/24"], IPV4.vips)
    network.add_bridge("br1")
    host.attach("eth1", ["10.9.0.21/24"], "br1")
    server = real_server(network, "rs", [f"{IPV4.address(HEALTHY)}/24"], IPV4.vips)
    tcp_server(server, "0.0.0.0", 80)
    network.unplug(host, "eth1")
    text = _configuration(IPV4, (HEALTHY,), (80,)).replace(
        "    protocol TCP\n", "    protocol TCP\n    real_server 10.9.0.42 80 {\n    }\n", 1
    )
    outcome = audit(desk, host, "--json", str(desk.file("keepalived.conf", text)))
    assert outcome.status == 1
    told = outcome.json
    assert told["partial"]
    assert ["interface eth1 has no carrier" in gap for gap in told["gaps"]] == [True]
    assert [(finding["cause"], finding["where"]) for finding in told["findings"]] == [("cannot-judge", "this director")]
    assert _cells(told)["10.0.0.41", "10.0.0.100", 80] == "healthy"


def test_an_interrupt_leaves_what_is_known(desk: Desk, site: Site) -> None:
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY, WITHOUT_VIP)))
    child = desk.start(site.director, "lvs-rawcheck", "audit", "--rate", "1", "--json", str(conf))
    try:
        wait_until(lambda: _has_packet_socket(child), "it asks")
        child.send_signal(signal.SIGINT)
    except BaseException:
        end_process(child)
        raise
    outcome = desk.finish(child)
    told = outcome.json
    assert told["partial"]
    assert any("it was interrupted" in gap for gap in told["gaps"])
    assert len(told["cells"]) < 8
    assert outcome.status in (1, 2)


def _has_packet_socket(child: subprocess.Popen[str]) -> bool:
    """Return whether the process that `child` became has opened one."""
    try:
        return len(Path(f"/proc/{child.pid}/net/packet").read_text().splitlines()) > 1
    except OSError:
        return False


def test_the_page(desk: Desk, site: Site) -> None:
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY, STOPPED), (80,)))
    page = desk.folder / "audit.html"
    outcome = audit(desk, site.director, "--html", str(page), str(conf))
    assert (outcome.status, outcome.stderr) == (1, "")
    text = page.read_text()
    assert "service-down" in text
    assert "10.0.0.43" in text
    assert [path.name for path in desk.folder.glob("audit.html*")] == ["audit.html"]


def test_without_the_library_a_page_is_refused_before_anybody_is_asked(desk: Desk, site: Site) -> None:
    nothing = desk.folder / "jinja2"  # all of it: the file alone would be compiled into the real library's cache
    nothing.mkdir()
    (nothing / "__init__.py").write_text("raise ImportError('jinja2 is not there')\n")
    desk.mounts.append((nothing, "/usr/lib/python3/dist-packages/jinja2"))
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY,)))
    outcome = audit(desk, site.director, "--html", str(desk.folder / "audit.html"), str(conf))
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "python3-jinja2" in outcome.stderr
    assert list(desk.folder.glob("audit.html*")) == []


def test_what_was_found_is_told_though_the_page_cannot_be_kept(desk: Desk, site: Site) -> None:
    full = desk.folder / "full"
    full.mkdir()
    desk.become = ("sh", "-ec", f'mount -t tmpfs -o size=4k none {full}; exec "$@"', "-")
    for numbers, status in (((HEALTHY,), 2), ((STOPPED,), 1)):
        conf = desk.file("keepalived.conf", _configuration(IPV4, numbers, (80,)))
        outcome = audit(desk, site.director, "--html", str(full / "audit.html"), str(conf))
        assert outcome.status == status
        assert "asked in" in outcome.stdout
        assert "audit.html" in outcome.stderr
        assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "unknown option --nonsense"),
        (["--rate", "0", "x"], "not 1 to 100000 checks a second"),
        (["--program", "haproxy", "x"], "not one of keepalived, ldirectord, services"),
        (["/no/such/file"], "/no/such/file"),
        (["--program", "ldirectord", "/no/such/file"], "/no/such/file"),
        (["--ipvs"], "IPVS table"),
        (["--program", "keepalived"], "none is given"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(desk: Desk, arguments: list[str], sentence: str) -> None:
    outcome = audit(desk, None, *arguments)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert sentence in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "program", [[], ["--program", "keepalived"], ["--program", "ldirectord"], ["--program", "services"]]
)
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(desk: Desk, program: list[str]) -> None:
    pipe = desk.folder / "pipe"
    os.mkfifo(pipe)
    outcome = audit(desk, None, *program, str(pipe))
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "pipe" in outcome.stderr
    assert outcome.seconds < 10.0


def test_a_configuration_with_nothing_to_ask(desk: Desk) -> None:
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY,)).replace("DR", "NAT"))
    outcome = audit(desk, None, str(conf))
    assert outcome.status == 2
    assert "nothing to ask" in outcome.stderr
    assert "by NAT" in outcome.stderr


@pytest.mark.parametrize("become", [NOBODY, WITHOUT_NET_RAW], ids=["nobody", "no CAP_NET_RAW"])
def test_no_permission(desk: Desk, site: Site, become: tuple[str, ...]) -> None:
    desk.become = become
    conf = desk.file("keepalived.conf", _configuration(IPV4, (HEALTHY,)))
    page = desk.folder / "pages" / "audit.html"
    page.parent.mkdir(mode=0o777)
    page.parent.chmod(0o777)
    outcome = audit(desk, site.director, "--html", str(page), str(conf))
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "no permission to open a packet socket (CAP_NET_RAW)" in outcome.stderr
    assert list(page.parent.iterdir()) == []


def test_help(desk: Desk) -> None:
    outcome = desk.run(None, "lvs-rawcheck", "audit", "--help")
    assert outcome.status == 0
    assert "[CONFIG...]" in outcome.stdout


def test_json_is_one_object_whatever_strangers_say(desk: Desk, network: Network) -> None:
    host = director(network, "lb1", ["10.0.0.21/24"], IPV4.vips)
    server = real_server(network, "rs", [f"{IPV4.address(HEALTHY)}/24"], IPV4.vips)
    tcp_server(server, "0.0.0.0", 80, "send:1000000")
    smtp = _configuration(IPV4, (HEALTHY,), (80,)).replace("TCP_CHECK", "SMTP_CHECK")
    conf = desk.file("keepalived.conf", smtp)
    outcome = audit(desk, host, "--json", str(conf))
    assert {cell["healthy"] for cell in json.loads(outcome.stdout)["cells"]} == {False}
    told = audit(desk, host, str(conf)).stdout
    assert all(character.isprintable() or character == "\n" for character in told)
