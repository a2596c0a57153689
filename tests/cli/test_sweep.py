# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the daemon has died, `run ID` that came by a gate makes other checks, too, and is none the worse for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lvs_rawcheck.cli.sweep import AT_ONCE, LONGEST_SECONDS, OLD_SECONDS
from lvs_rawcheck.clock import uptime
from tests.cli.commands import WITHOUT_NET_RAW, Desk
from tests.cli.registry_desk import register, service
from tests.cli.site import PORT, REAL_IP, Site
from tests.cli.swept import (
    BY_THE_GATE,
    GATE,
    LOST_VIP,
    is_free,
    last,
    let_die,
    run_by_the_gate,
    wait_for_sweep,
)
from tests.netns.topology import wait_until
from tests.test_imports import LAUNCHER

pytestmark = pytest.mark.netns

SERVICES = 3 * AT_ONCE
NAMES = [f"web{number}" for number in range(SERVICES)]
LOST = ("web3", "web11")


@pytest.fixture
def dead(desk: Desk) -> Desk:
    """Return a desk of many services, whose daemon has died."""
    return let_die(desk, NAMES, LOST)


def test_all_that_is_old_is_checked_by_one_start(dead: Desk, site: Site) -> None:
    assert run_by_the_gate(dead, site, "web0") == 0
    wait_until(lambda: all(last(dead, name) for name in NAMES), "all were checked", 15.0)
    down = {name for name in NAMES if last(dead, name)[2] == "1"}
    assert down == set(LOST)
    assert {last(dead, name)[6] for name in LOST} == {"no-answer"}
    wait_for_sweep(dead)


@pytest.mark.parametrize(("name", "status"), [("web0", 0), (LOST[0], 1), ("web0x", 1)])
def test_the_check_that_was_asked_for_ends_as_ever(dead: Desk, site: Site, name: str, status: int) -> None:
    """Its exit status is its own, and nobody who reads what it says waits for the sweep."""
    began = time.monotonic()
    assert run_by_the_gate(dead, site, name) == status
    assert time.monotonic() - began < 3.0
    assert last(dead, name)[2:3] in ([str(status)], [])
    wait_for_sweep(dead)


def test_a_young_verdict_is_left_alone(dead: Desk, site: Site) -> None:
    (dead.state / "last" / "web7").mkdir(parents=True)
    young = f"{int(uptime()) - OLD_SECONDS // 4} 0 1 raw - - refused\n"
    (dead.state / "last" / "web7" / REAL_IP).write_text(young)
    assert run_by_the_gate(dead, site, "web0") == 0
    wait_for_sweep(dead)
    assert last(dead, "web7") == young.split()
    assert all(last(dead, f"web{number}") for number in range(SERVICES))


SWEEPING = """
import os, sys
from lvs_rawcheck.cli.sweep import sweep_beside

state, services, log = sys.argv[1:]

def check(check_id):
    with open(log, "a") as file:
        file.write(check_id.split("/")[0] + "\\n")
    with open(log) as file:
        seen = file.read().split()
    name = check_id.split("/")[0]
    return 1 if name in ("web1", "web2") or (name == "web3" and seen.count(name) == 1) else 0

sweep_beside(state, services, check)
"""


def test_one_lost_probe_of_a_server_that_was_up_is_no_last_word(dead: Desk, tmp_path: Path) -> None:
    """Where each is a fork: who may open no packet socket has no other."""
    for name, status, reason in (("web1", 1, "refused"), ("web2", 0, "ok"), ("web3", 0, "ok"), ("web4", 0, "ok")):
        (dead.state / "last" / name).mkdir(parents=True)
        (dead.state / "last" / name / REAL_IP).write_text(f"1 0 {status} raw - - {reason}\n")
    for number in (0, *range(5, SERVICES)):
        (dead.state / "verdict" / f"web{number}" / REAL_IP).unlink()
    gate, log = dead.state / "slots" / GATE, tmp_path / "checked"
    program = [*WITHOUT_NET_RAW, sys.executable, "-c", SWEEPING, str(dead.state), str(dead.services), str(log)]
    subprocess.run(["sh", "-c", BY_THE_GATE, "sh", str(gate), *program], check=True, cwd=LAUNCHER.parents[2])
    wait_until(lambda: is_free(gate), "the sweep has ended", 15.0)
    checked = log.read_text().split()
    assert {name: checked.count(name) for name in checked} == {"web1": 1, "web2": 2, "web3": 2, "web4": 1}


def test_without_a_gate_there_is_no_sweep(dead: Desk, site: Site) -> None:
    outcome = dead.run(site.director, "lvs-rawcheck", "run", *dead.own_folders(), f"web0/{REAL_IP}")
    assert outcome.status == 0
    assert os.listdir(dead.state / "last") == ["web0"]


def test_at_another_gate_there_is_no_sweep(dead: Desk, site: Site) -> None:
    assert run_by_the_gate(dead, site, "web0", "1") == 0
    wait_until(lambda: is_free(dead.state / "slots" / "1"), "a sweep would have ended", 15.0)
    assert os.listdir(dead.state / "last") == ["web0"]


def test_while_the_daemon_lives_there_is_no_sweep(dead: Desk, site: Site) -> None:
    """It has not judged the one check that was asked for; those that it has are none of its heirs'."""
    (dead.state / "daemon" / "alive").write_text(f"{int(uptime())} 64\n")
    assert run_by_the_gate(dead, site, "web0") == 0
    wait_for_sweep(dead)
    assert os.listdir(dead.state / "last") == ["web0"]


def test_what_is_no_id_is_passed_over(dead: Desk, site: Site) -> None:
    (dead.state / "verdict" / "gone").mkdir()
    (dead.state / "verdict" / "gone" / "10.0.0.9").write_text("1 2 0 raw - - ok\n")
    (dead.state / "verdict" / "web1" / ".10.0.0.42.77").write_text("half")
    (dead.state / "verdict" / "web2" / "-x").write_text("1 2 0 raw - - ok\n")
    (dead.state / "verdict" / "file").write_text("")
    assert run_by_the_gate(dead, site, "web0") == 0
    wait_for_sweep(dead)
    assert set(os.listdir(dead.state / "last")) == {f"web{number}" for number in range(SERVICES)}


@pytest.mark.full
def test_servers_that_are_dead_for_long_keep_no_gate(dead: Desk, site: Site) -> None:
    for number in range(SERVICES):
        register(dead, service("timeout = 40.0", endpoints=[f"{LOST_VIP}:{PORT}"]), f"web{number}")
    register(dead, service(), "alive")
    assert run_by_the_gate(dead, site, "alive") == 0
    began = time.monotonic()
    wait_until(lambda: is_free(dead.state / "slots" / GATE), "the gate is free", 20.0)
    assert time.monotonic() - began < LONGEST_SECONDS + 2.0
