# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of nftables: what they really eat, and what doctor says of them. None of its remedies is a command."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import pytest

from lvs_rawcheck.diagnose.doctor.firewall import devices_of, firewall
from tests.diagnose.doctor.clinic import DIRECTOR_IP, REAL_IP, VIP, Clinic
from tests.diagnose.doctor.test_network_settings import PATIENT, SHORT, connects
from tests.netns.roles import real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Network

pytestmark = pytest.mark.netns


@pytest.fixture(scope="module")
def site() -> Iterator[Clinic]:
    """A standby director with a real server that listens on both its addresses."""
    with Network() as network:
        clinic = Clinic(network.host("director", [f"{DIRECTOR_IP}/24"]))
        server = real_server(network, "server", [f"{REAL_IP}/24"], [VIP])
        tcp_server(server, REAL_IP, 80)
        tcp_server(server, VIP, 80)
        clinic.register()
        yield clinic
        clinic.close()


@pytest.fixture
def checked(site: Clinic) -> Iterator[Clinic]:
    """The same, without rules before and after a test."""
    yield site
    site.host.run(["nft", "flush", "ruleset"])


def standard_passes(clinic: Clinic, seconds: float = PATIENT) -> bool:
    """Return whether the kernel's own connection to the server is established."""
    return connects(clinic.host, REAL_IP, seconds)


def raw_passes(clinic: Clinic, seconds: float = PATIENT) -> bool:
    """Return whether a raw check of the server passes."""
    words = ["--services", str(clinic.services), "--state", str(clinic.state), "-t", str(seconds), "--standby", "raw"]
    program = [str(clinic.folder / "lvs-rawcheck"), "check", "tcp", *words, REAL_IP, f"{VIP}:80"]
    return clinic.host.run(program, check=False).returncode == 0


def chain(hook: str, rules: str, policy: str = "accept", further: str = "") -> str:
    """Return a ruleset with one base chain."""
    return (
        f"table inet filter {{\n {further}\n chain c {{\n  type filter hook {hook} priority 0; policy {policy};\n"
        f"  {rules}\n }}\n}}"
    )


def netdev(hook: str, device: str, rules: str) -> str:
    """Return a ruleset with one chain of an interface."""
    return f"table netdev t {{\n chain c {{\n  type filter hook {hook} device {device} priority 0;\n  {rules}\n }}\n}}"


SET = "set servers {\n  type ipv4_addr\n  flags interval\n  elements = { 10.0.0.40-10.0.0.49, 192.0.2.0/24 }\n }"
OTHER = "chain other {\n  ip daddr 10.0.0.0/24 tcp dport { 80, 443 } reject\n }"
EATEN = {
    "policy": chain("output", "oif lo accept", "drop"),
    "address and port": chain("output", f"ip daddr {REAL_IP} tcp dport 80 counter drop"),
    "range of ports": chain("output", "tcp dport 1-1023 reject"),
    "named set": chain("output", "ip daddr @servers log drop", further=SET),
    "jump": chain("output", "meta nfproto ipv4 jump other", further=OTHER),
    "all but one interface": chain("output", 'oifname != "eth7" drop'),
    "wildcard": chain("postrouting", 'oifname "eth*" meta l4proto { tcp, udp } drop'),
    "input": chain("input", "ct state new accept\n  ip protocol tcp drop"),
    "input by policy": chain("input", "iif lo accept\n  tcp dport 22 accept", "drop"),
    "prerouting": chain("prerouting", f"ip saddr {REAL_IP} tcp sport 80 drop"),
    "ingress": netdev("ingress", "eth0", f"ip saddr {REAL_IP} drop"),
}
PASSED = {
    "nothing": "",
    "another port": chain("output", "tcp dport 81 drop"),
    "another family": chain("output", "ip6 daddr ::/0 drop"),
    "another protocol": chain("output", "udp dport 80 drop\n  meta l4proto udp drop"),
    "another interface": chain("output", 'oifname "eth7" drop'),
    "accepted before": chain("output", f"ip daddr {REAL_IP} accept", "drop"),
    "accepted by state": chain("input", "ct state established,related accept", "drop"),
    "an unused chain": chain("output", "tcp dport 80 accept", further=OTHER),
    "back from a jump": chain("output", "jump other", further="chain other {\n  return\n  drop\n }"),
    "an unknown match before the same": chain("output", "meta mark 5 accept"),
    "forward": chain("forward", "drop"),
}
RAW_EATEN = {
    "egress": netdev("egress", "eth0", f"ip daddr {VIP} drop"),
    "egress of everything": netdev("egress", "eth0", "tcp dport 80 drop"),
}


@pytest.mark.parametrize("ruleset", EATEN.values(), ids=EATEN)
def test_what_a_standard_check_needs_is_eaten(checked: Clinic, ruleset: str) -> None:
    assert checked.look(firewall).findings == []
    checked.host.nft(ruleset)
    assert not standard_passes(checked, SHORT)
    found = checked.finding(firewall, "output-dropped")
    assert all(fix.instruction and not fix.command for fix in found.fixes)
    assert "standard checks" in found.sentence
    checked.host.run(["nft", "flush", "ruleset"])
    assert checked.look(firewall).findings == []


@pytest.mark.parametrize("ruleset", RAW_EATEN.values(), ids=RAW_EATEN)
def test_what_a_raw_check_sends_is_eaten(checked: Clinic, ruleset: str) -> None:
    assert raw_passes(checked)
    checked.host.nft(ruleset)
    assert not raw_passes(checked, SHORT)
    assert "raw checks" in checked.finding(firewall, "output-dropped").sentence


@pytest.mark.parametrize("ruleset", PASSED.values(), ids=PASSED)
def test_what_eats_nothing_of_ours_is_no_fault(checked: Clinic, ruleset: str) -> None:
    checked.host.nft(ruleset)
    assert standard_passes(checked)
    section = checked.look(firewall)
    assert (section.findings, section.gaps) == ([], [])


@pytest.mark.parametrize("name", ["policy", "prerouting", "ingress", "input"])
def test_a_raw_check_passes_where_a_standard_one_does_not(checked: Clinic, name: str) -> None:
    checked.host.nft(EATEN[name])
    assert not standard_passes(checked, SHORT)
    assert raw_passes(checked)


DOUBTFUL = {
    "mark": chain("output", "meta mark 5 drop"),
    "limit": chain("output", "limit rate over 1/hour drop"),
    "user": chain("output", "meta skuid 65534 drop"),
    "map of verdicts": chain("output", "tcp dport vmap { 80 : drop, 81 : accept }"),
    "accepted perhaps": chain("output", "meta mark 5 accept", "drop"),
}


@pytest.mark.parametrize("ruleset", DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_cannot_be_told_is_said_to_be_not_looked_at(checked: Clinic, ruleset: str) -> None:
    checked.host.nft(ruleset)
    section = checked.look(firewall)
    assert section.findings == []
    assert [gap for gap in section.gaps if "cannot be told" in gap]


def _xdp_drop(place: str) -> str:
    """Return a Python program that pins a BPF program which drops every frame: `r0 = XDP_DROP; exit`. bpf(2)."""
    return (
        "import ctypes, struct, os\n"
        "octets = struct.pack('<BBhi', 0xb7, 0, 0, 1) + struct.pack('<BBhi', 0x95, 0, 0, 0)\n"
        "code = ctypes.create_string_buffer(octets)\n"
        "name = ctypes.create_string_buffer(b'GPL')\n"
        f"place = ctypes.create_string_buffer({place.encode()!r})\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def bpf(command, attributes):\n"
        "    buffer = ctypes.create_string_buffer(attributes.ljust(120, b'\\0'))\n"
        "    number = libc.syscall(321, command, buffer, 120)\n"
        "    assert number >= 0, os.strerror(ctypes.get_errno())\n"
        "    return number\n"
        "program = bpf(5, struct.pack('<IIQQ', 6, 2, ctypes.addressof(code), ctypes.addressof(name)))\n"
        "bpf(6, struct.pack('<QI', ctypes.addressof(place), program))\n"
    )


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of bpf(2) is another one here")
def test_an_xdp_program_comes_before_raw_checks(checked: Clinic) -> None:
    script = checked.folder / "pin.py"
    script.write_text(_xdp_drop("/sys/fs/bpf/drop"))
    attach = f"mount -t bpf none /sys/fs/bpf && python3 {script} && ip link set eth0 xdpgeneric pinned /sys/fs/bpf/drop"
    assert raw_passes(checked)
    done = checked.host.run(["unshare", "--mount", "sh", "-c", attach], check=False)
    if done.returncode != 0:
        pytest.skip(f"this kernel takes no XDP program: {done.stderr}")
    try:
        assert not raw_passes(checked, SHORT)
        assert [gap for gap in checked.look(firewall).gaps if "XDP" in gap]
    finally:
        checked.host.ip("link", "set", "eth0", "xdpgeneric", "off")
    assert checked.look(firewall).gaps == []


def test_a_chain_of_another_interface_is_none_of_ours(checked: Clinic) -> None:
    checked.host.attach("eth1")
    checked.host.nft(netdev("egress", "eth1", "drop"))
    assert checked.look(firewall).findings == []


def test_devices_are_read_from_the_text() -> None:
    text = (
        'table netdev t {\n\tchain e {\n\t\ttype filter hook egress device "eth0" priority filter; policy accept;\n'
        "\t}\n}\ntable netdev u {\n\tchain x {\n"
        "\t\ttype filter hook ingress devices = { eth0, bond0.7 } priority 0;\n\t}\n}\n"
    )
    assert devices_of(text) == {"netdev t e": {"eth0"}, "netdev u x": {"eth0", "bond0.7"}}


def test_without_a_check_no_rule_matters(checked: Clinic) -> None:
    checked.host.nft(EATEN["policy"])
    assert checked.look(firewall).findings
    (checked.services / "web.toml").unlink()
    assert checked.look(firewall).findings == []
    checked.register()
