# SPDX-License-Identifier: GPL-2.0-or-later
"""All that a check still does once root is given up: asking on the wire, nudging and asking the kernel."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.checks.as_nobody import NOBODY
from tests.checks.site import CLOSED_PORT, PORT, Family, active, both_families, healthy, neighbour
from tests.cli.commands import LAUNCHER
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

_SCRIPT = Path(__file__).with_name("as_nobody.py")


@pytest.fixture
def director(network: Network) -> Host:
    return active(network)


def check(host: Host, real: str, vip: str, port: int = PORT, rule: str = "real-server") -> str:
    """Return the reason of a check that is nobody's."""
    command = [sys.executable, str(_SCRIPT), str(LAUNCHER.parents[2]), real, vip, str(port), rule]
    uid, reason, _ = host.run(command).stdout.split(" ", 2)
    assert int(uid) == NOBODY
    return reason


@both_families
def test_no_entry_yet(network: Network, director: Host, family: Family) -> None:
    real = healthy(network)
    assert check(director, family.real, family.vip) == "ok"
    entry = neighbour(director, family.real)
    assert entry is not None, "the kernel was nudged"
    assert entry.mac == real.mac_octets
    assert check(director, family.nobody, family.vip) == "no-neighbour"


@both_families
def test_a_wrong_entry(network: Network, director: Host, family: Family) -> None:
    real = healthy(network)
    director.ip("neigh", "replace", family.real, "lladdr", "02:00:00:00:99:99", "dev", "eth0", "nud", "stale")
    assert check(director, family.real, family.vip) == "ok"
    entry = neighbour(director, family.real)
    assert entry is not None
    assert entry.mac == real.mac_octets


@both_families
def test_refused_and_known(network: Network, director: Host, family: Family) -> None:
    healthy(network)
    assert check(director, family.real, family.vip, CLOSED_PORT, "known") == "refused"


@both_families
def test_local(director: Host, family: Family) -> None:
    assert check(director, family.director, family.vip) == "refused"
    tcp_server(director, family.vip, PORT)
    assert check(director, family.director, family.vip) == "ok"
