# SPDX-License-Identifier: GPL-2.0-or-later
"""The network that the other tests stand on: that it is up at once, and gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.netns.roles import lose_vip, real_server
from tests.netns.services import capture, is_tcp_reset, tcp_server
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

ROOT = Path(__file__).parents[2]


def _namespaces(pid: int) -> list[str]:
    return [entry.name for entry in Path("/run/netns").glob(f"rawcheck-{pid}-*")]


def test_hosts_reach_one_another_at_once_with_macs_that_are_known(network: Network) -> None:
    director = network.host("director", ["10.0.0.21/24", "2001:db8::21/64"])
    real = network.host("real", ["10.0.0.42/24", "2001:db8::42/64"])
    assert (director.mac, real.mac) == ("02:00:00:00:01:00", "02:00:00:00:02:00")
    for address in ("10.0.0.42", "2001:db8::42"):
        director.run(["ping", "-c1", "-W1", address])
        assert real.mac in director.ip("neigh", "show", address)


def test_bridges_are_separate_segments(network: Network) -> None:
    network.add_bridge("br1")
    director = network.host("director", ["10.0.0.21/24"])
    elsewhere = network.host("elsewhere", ["10.0.0.42/24"], bridge="br1")
    assert director.run(["ping", "-c1", "-W0.3", "10.0.0.42"], check=False).returncode != 0
    elsewhere.remove_address("10.0.0.42/24", "eth0")
    elsewhere.attach("eth1", ["10.0.0.43/24"])
    director.run(["ping", "-c1", "-W1", "10.0.0.43"])


def test_a_real_server_answers_for_its_vip_and_does_not_announce_it(network: Network) -> None:
    director = network.host("director", ["10.0.0.21/24"])
    real = real_server(network, "real", ["10.0.0.42/24"], ["10.0.0.100"])
    assert director.run(["ping", "-c1", "-W0.3", "10.0.0.100"], check=False).returncode != 0
    director.ip("neigh", "replace", "10.0.0.100", "lladdr", real.mac, "dev", "eth0")
    director.run(["ping", "-c1", "-W1", "10.0.0.100"])
    lose_vip(real, "10.0.0.100")
    assert director.run(["ping", "-c1", "-W0.3", "10.0.0.100"], check=False).returncode != 0


def test_rules_and_sysctls_stay_inside(network: Network) -> None:
    director = network.host("director", ["10.0.0.21/24"])
    real = network.host("real", ["10.0.0.42/24"])
    real.nft("table ip t { chain c { type filter hook input priority 0; icmp type echo-request drop; }; }")
    assert director.run(["ping", "-c1", "-W0.3", "10.0.0.42"], check=False).returncode != 0
    before = Path("/proc/sys/net/ipv4/ip_default_ttl").read_text()
    real.sysctl("net.ipv4.ip_default_ttl", 77)
    assert Path("/proc/sys/net/ipv4/ip_default_ttl").read_text() == before


def test_capture_hears_what_follows_it(network: Network) -> None:
    director = network.host("director", ["10.0.0.21/24"])
    network.host("real", ["10.0.0.42/24"])
    with capture(director, "eth0", is_tcp_reset) as resets, capture(director) as everything:
        connecting = "import socket; socket.socket().connect_ex(('10.0.0.42', 80))"
        director.run(["/usr/bin/python3", "-c", connecting])
        assert [frame.outgoing for frame in resets.frames()] == [False], "the RST of a closed port"
        assert {frame.outgoing for frame in everything.frames()} == {False, True}


def test_a_server_that_is_stopped_leaves_a_closed_port(network: Network) -> None:
    host = network.host("real", ["10.0.0.42/24"])
    connecting = [
        "/usr/bin/python3",
        "-c",
        "import socket; print(socket.socket().connect_ex(('10.0.0.42', 80)))",
    ]
    server = tcp_server(host, "10.0.0.42", 80)
    assert host.run(connecting).stdout == "0\n"
    server.stop()
    assert host.run(connecting).stdout != "0\n"


def test_all_is_gone_after_a_failure() -> None:
    processes: list[subprocess.Popen[str]] = []

    def fail_inside() -> None:
        with Network() as network:
            host = network.host("host")
            processes.append(host.popen(["sleep", "60"]))
            assert _namespaces(os.getpid())
            raise KeyError("a test that fails")

    with pytest.raises(KeyError):
        fail_inside()
    assert not _namespaces(os.getpid())
    assert processes[0].returncode is not None


def test_what_a_dead_run_left_behind_is_removed() -> None:
    leaving = (
        "import os; from tests.netns.topology import Network\n"
        "network = Network(); network.__enter__(); network.host('left'); os._exit(0)"
    )
    child = subprocess.Popen([sys.executable, "-c", leaving], cwd=ROOT)
    child.wait(20)
    assert len(_namespaces(child.pid)) == 2
    with Network():
        assert not _namespaces(child.pid)
