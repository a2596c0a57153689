# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw on the active director, standard on a backup: by the role file, by the VIP, and not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import ERROR, WARNING, Desk, Outcome
from tests.cli.site import CLOSED_PORT, NOBODY_IP, PORT, REAL_IP, REAL_IP6, VIP, VIP6, Site
from tests.netns.roles import director, lose_vip, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

VIP_LOST = "10.0.0.101"  # no server has it
DROP_PORT_80 = """
add table inet t
add chain inet t c { type filter hook input priority 0; }
add rule inet t c tcp dport 80 drop
"""
START_UP = 1.0  # seconds a process may take to start and end, on a busy machine


def path_and_role(outcome: Outcome) -> tuple[str, str | None]:
    return outcome.json["path"], outcome.json["role"]


@pytest.mark.parametrize("program", ["check", "drop-in"])
@pytest.mark.parametrize(
    ("content", "path", "role"),
    [("1", "raw", "master"), ("1\n", "raw", "master"), ("10", "raw", "master"), ("0", "standard", "backup")]
    + [(text, "standard", "backup") for text in ("0\n", "2", " 1", "\n1", "MASTER", "\0")],
)
def test_the_first_character_decides(desk: Desk, site: Site, content: str, path: str, role: str, program: str) -> None:
    file = desk.file("role", content)
    if program == "check":
        outcome = desk.check(site.standby, "--json", "-r", str(file), REAL_IP, VIP, PORT)
        assert path_and_role(outcome) == (path, role)
    else:
        outcome = desk.drop_in(site.standby, "-r", str(file), "eth0", REAL_IP, VIP, PORT)
        assert ("(standard check)" in outcome.stdout) == (path == "standard")
    assert (outcome.status, outcome.log) == (0, [])


def test_without_a_role_file_the_check_is_raw_on_either_director(desk: Desk, site: Site) -> None:
    for host in (site.director, site.standby):
        outcome = desk.check(host, "--json", REAL_IP, VIP, PORT)
        assert (outcome.status, path_and_role(outcome)) == (0, ("raw", None))


def test_standby_raw_looks_at_the_vip_on_a_backup(desk: Desk, site: Site) -> None:
    file = str(desk.file("role", "0"))
    fallback = desk.check(site.standby, "--json", "-r", file, REAL_IP, VIP_LOST, PORT)
    assert (fallback.status, path_and_role(fallback)) == (0, ("standard", "backup"))
    words = ("--json", "-t", "0.5", "--standby", "raw", "-r", file)
    raw = desk.check(site.standby, *words, REAL_IP, VIP_LOST, PORT)
    assert (raw.status, raw.json["reason"], path_and_role(raw)) == (1, "no-answer", ("raw", "backup"))
    healthy = desk.check(site.standby, *words, REAL_IP, VIP, PORT)
    assert (healthy.status, path_and_role(healthy)) == (0, ("raw", "backup"))


def test_a_file_named_auto_is_a_file_to_the_drop_in(desk: Desk, site: Site) -> None:
    outcome = desk.drop_in(site.director, "-r", "auto", "eth0", REAL_IP, VIP, PORT)
    assert outcome.status == 0
    assert "role file './auto': No such file or directory" in outcome.stderr


# By the VIP.


def test_auto_master_while_the_vip_is_here(desk: Desk, site: Site) -> None:
    for real_ip, vip in ((REAL_IP, VIP), (REAL_IP6, VIP6)):
        master = desk.check(site.director, "--json", "-r", "auto", real_ip, vip, PORT)
        assert (master.status, path_and_role(master)) == (0, ("raw", "master"))
        backup = desk.check(site.standby, "--json", "-r", "auto", real_ip, vip, PORT)
        assert (backup.status, path_and_role(backup)) == (0, ("standard", "backup"))


def test_auto_a_vip_on_lo_says_nothing(desk: Desk, site: Site, network: Network) -> None:
    both = a_pair(network)[0]
    both.add_address(f"{VIP}/32", "lo")
    outcome = desk.check(both, "--json", "-r", "auto", REAL_IP, VIP, PORT)
    assert (outcome.status, path_and_role(outcome)) == (0, ("raw", None))
    both.add_address(f"{VIP}/32", "eth0")  # and now it does
    outcome = desk.check(both, "--json", "-r", "auto", REAL_IP, VIP, PORT)
    assert (outcome.status, path_and_role(outcome)) == (0, ("raw", "master"))


def test_auto_a_vip_on_a_dummy_says_nothing(desk: Desk, network: Network) -> None:
    both = a_pair(network)[0]
    made = both.run(["ip", "link", "add", "dummy0", "type", "dummy"], check=False)
    if made.returncode != 0:
        pytest.skip("this kernel has no dummy interfaces (tests/lab/test_inside.py runs this in one that has)")
    both.ip("link", "set", "dummy0", "up")
    both.add_address(f"{VIP}/32", "dummy0")
    outcome = desk.check(both, "--json", "-r", "auto", REAL_IP, VIP, PORT)
    assert (outcome.status, path_and_role(outcome)) == (0, ("raw", None))


def test_auto_decides_for_each_vip(desk: Desk, site: Site) -> None:
    outcome = desk.check(site.director, "--json", "-r", "auto", REAL_IP, f"{VIP}:{PORT},{VIP_LOST}:{PORT}")
    each = [(result["vip"], result["path"], result["role"]) for result in outcome.json["vips"]]
    assert each == [(VIP, "raw", "master"), (VIP_LOST, "standard", "backup")]
    assert outcome.status == 0


def a_pair(network: Network) -> tuple[Host, Host]:
    """Return a director that holds no VIP yet, and a healthy server."""
    server = real_server(network, "server", [f"{REAL_IP}/24"], [VIP])
    tcp_server(server, VIP, int(PORT))
    return director(network, "director", ["10.0.0.21/24"]), server


# What the standard path says.


def standard(desk: Desk, host: Host, *words: str) -> Outcome:
    return desk.check(host, "--json", "-r", str(desk.file("role", "0")), *words)


def test_standard_ok(desk: Desk, site: Site) -> None:
    outcome = standard(desk, site.standby, REAL_IP, VIP, PORT)
    value = outcome.json
    assert outcome.status == 0
    assert list(value) == [
        *("healthy", "reason", "detail", "path", "role", "real_server", "vip", "port", "kind", "elapsed_ms"),
        "phases_ms",
    ]
    assert (value["real_server"], value["vip"], value["port"], value["kind"]) == (REAL_IP, VIP, 80, "tcp")
    assert 0 < value["phases_ms"]["connect"] <= value["elapsed_ms"] < 2000


def test_standard_refused(desk: Desk, site: Site) -> None:
    outcome = standard(desk, site.standby, REAL_IP, VIP, CLOSED_PORT)
    assert (outcome.status, outcome.json["reason"]) == (1, "refused")
    assert [line.severity for line in outcome.log] == [WARNING]


def test_standard_no_neighbour(desk: Desk, site: Site) -> None:
    outcome = standard(desk, site.standby, "-t", "10", NOBODY_IP, VIP, PORT)
    assert (outcome.status, outcome.json["reason"]) == (1, "no-neighbour")
    assert outcome.seconds < 6.0  # the kernel gives up on the neighbour long before the deadline


def test_standard_no_answer_at_the_deadline(desk: Desk, network: Network) -> None:
    backup, server = a_pair(network)
    server.nft(DROP_PORT_80)
    outcome = standard(desk, backup, "-t", "0.7", REAL_IP, VIP, PORT)
    assert (outcome.status, outcome.json["reason"]) == (1, "no-answer")
    assert 700 <= outcome.json["elapsed_ms"] < 700 + 1000 * START_UP


def test_standard_not_on_link(desk: Desk, site: Site) -> None:
    outcome = standard(desk, site.standby, "192.0.2.1", VIP, PORT)
    assert (outcome.status, outcome.json["reason"]) == (1, "not-on-link")


def test_the_same_server_seen_by_both(desk: Desk, network: Network) -> None:
    active, server = a_pair(network)
    tcp_server(server, REAL_IP, int(PORT))
    active.add_address(f"{VIP}/32", "eth0")
    lose_vip(server, VIP)
    raw = desk.check(active, "--json", "-t", "0.6", "-r", "auto", REAL_IP, VIP, PORT)
    assert (raw.status, raw.json["reason"], path_and_role(raw)) == (1, "no-answer", ("raw", "master"))
    assert standard(desk, active, REAL_IP, VIP, PORT).status == 0


def test_a_missing_role_file_is_said_once_and_again_when_it_changes(desk: Desk, site: Site) -> None:
    path = desk.folder / "role-of-nobody"
    words = ("-r", str(path), REAL_IP, VIP, PORT)
    first = desk.check(site.standby, *words)
    assert [line.severity for line in first.log][:1] == [ERROR]
    assert desk.check(site.standby, *words).log == []
    path.write_text("0")
    assert len(desk.check(site.standby, *words).log) == 1  # it is well again
    assert desk.check(site.standby, *words).log == []
    Path.unlink(path)
    assert desk.check(site.standby, *words).log[0].severity == ERROR
