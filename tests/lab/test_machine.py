# SPDX-License-Identifier: GPL-2.0-or-later
"""The package's life on a whole director, Debian 12 with systemd: installed, used, upgraded under load, purged.

One machine with keepalived and one with ldirectord, each by its own unit; two real servers behind them; checks every
second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.machine.visit import NEXT, Visit, visits

pytestmark = [pytest.mark.lab, pytest.mark.full]

PROGRAMS = ("keepalived", "ldirectord")
CONFIGURATION = {"keepalived": "/etc/keepalived/keepalived.conf", "ldirectord": "/etc/ha.d/ldirectord.cf"}
BOTH = ["a b"]
# What packages that ours pulls leave, of their maintainer scripts' own: netbase, Python, babel, ca-certificates.
OF_OTHERS = re.compile(
    r"/etc/(hosts|networks|inputrc|ssl/certs|ca-certificates|python3|alternatives/pybabel)|/usr/bin/pybabel"
    r"|/usr/(local/)?lib/python3|/var/lib/python"
)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Visit]:
    """Both, which ran at the same time."""
    return visits(PROGRAMS, tmp_path_factory.mktemp("machine"))


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def machine(machines: dict[str, Visit], program: str) -> Visit:
    return machines[program]


@pytest.fixture
def steps(machine: Visit) -> dict[str, dict[str, Any]]:
    """What happened, by the name of the step."""
    return machine.steps


def test_the_scenario_came_to_its_end(machine: Visit) -> None:
    said = "\n".join(machine.text(name)[-2000:] for name in ("scenario.log", "told", "console.log"))
    assert machine.text("scenario.status").strip() == "0", said


def test_it_is_sound_before_and_after(machine: Visit) -> None:
    for moment in ("booted", "installed", "end"):
        assert machine.text(f"state.{moment}").strip() == "running", moment
    assert machine.text("failed.end") == ""


def test_apt_installs_it_with_what_it_needs(
    machine: Visit, program: str, record_property: Callable[[str, object], None]
) -> None:
    assert machine.text("install.status").strip() == "0", machine.text("install.log")[-2000:]
    pulled = machine.pulled_kb()
    record_property(f"{program}: install_seconds", machine.seconds("install.begin", "install.end"))
    record_property(f"{program}: packages", len(pulled))
    record_property(f"{program}: installed_kb", sum(pulled.values()))
    assert {"lvs-rawcheck", "python3-h11", "python3-dnspython", "python3-cryptography"} <= pulled.keys()
    assert ("python3-rich" in pulled) == (program == "ldirectord")  # recommended; left out on the other
    assert "python3-scapy" not in pulled


def test_generate_writes_what_the_unit_reloads(steps: dict[str, dict[str, Any]], program: str) -> None:
    assert (steps["started"]["status"], steps["as it was"]["servers"]) == (0, "a b")
    written = steps["written"]
    assert written["status"] == 0, written["said"]
    assert "2 checks were run, 2 of them passed" in written["said"]
    assert {"keepalived": "MISC_CHECK {", "ldirectord": "checktype=external"}[program] in written["text"]
    assert steps["gate"]["status"] == 0
    reloaded = steps["reloaded"]
    assert reloaded["status"] == 0, reloaded["said"]
    assert reloaded["before"] == reloaded["after"]
    assert steps["raw checks decide"]["reached"]


@pytest.mark.parametrize("when", ["with the first version", "with the next version"])
def test_who_loses_the_vip_leaves_the_table_and_comes_back(steps: dict[str, dict[str, Any]], when: str) -> None:
    assert steps[f"VIP lost, {when}"]["servers"] == "b"
    assert steps[f"VIP back, {when}"]["servers"] == "a b"


def test_no_healthy_server_leaves_while_it_is_upgraded(steps: dict[str, dict[str, Any]]) -> None:
    upgraded = steps["upgraded"]
    assert upgraded["status"] == 0, upgraded["said"]
    assert steps["version"]["said"] == f"{NEXT} installed"
    _nobody_left(upgraded)
    assert upgraded["held_looks"] > 0  # else nothing was upgraded under these eyes
    assert upgraded["verdicts"] > 4  # checks went on


def test_nor_in_the_time_after_a_restart(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["restarted"]["status"] == 0
    _nobody_left(steps["after the restart"])
    assert steps["raw checks decide again"]["reached"]


def test_the_service_is_active_idle_at_first_and_then_judges(steps: dict[str, dict[str, Any]]) -> None:
    idle, serving = steps["daemon idle"], steps["daemon serving"]
    assert (idle["unit"], json.loads(idle["status"])["checks"]) == ("active", []), idle["journal"]
    assert serving["unit"] == "active", serving["journal"]
    checks = json.loads(serving["status"])["checks"]
    assert [(check["healthy"], check["reason"], check["held"]) for check in checks] == [(True, "ok", False)] * 2
    assert "ermission" not in serving["journal"]


def test_removal_is_refused_while_the_configuration_needs_it(steps: dict[str, dict[str, Any]], program: str) -> None:
    refused = steps["refused"]
    assert refused["status"] != 0
    assert f"lvs-rawcheck generate {program} {CONFIGURATION[program]} --revert --write" in refused["said"]
    assert f"systemctl reload {program}" in refused["said"]
    assert steps["still there"]["said"] == "installed"
    _nobody_left(refused)


def test_then_what_was_there_is_put_back_and_it_goes(steps: dict[str, dict[str, Any]]) -> None:
    reverted = steps["reverted"]
    assert (reverted["status"], reverted["same"]) == (0, True), reverted["said"]
    assert steps["reloaded without"]["seen"] == BOTH
    for step in ("removed", "purged"):
        assert steps[step]["status"] == 0, steps[step]["said"]
        _nobody_left(steps[step])
    assert steps["the old checks decide"]["servers"] == "a"
    assert steps["and take back"]["servers"] == "a b"
    assert steps["stopped"]["status"] == 0


def test_purge_leaves_no_file(machine: Visit, program: str) -> None:
    """But the backups beside the configuration, which are the administrator's."""
    assert CONFIGURATION[program] in machine.text("files.after")  # the list is whole
    folder, _, name = CONFIGURATION[program].rpartition("/")
    left = {path for path in machine.left() if not OF_OTHERS.match(path)}
    backups = {path for path in left if re.fullmatch(rf"{folder}/\.{name}\.[^/]+\.lvs-rawcheck", path)}
    assert len(backups) == 2  # one of --write, one of --revert --write
    assert left - backups <= {CONFIGURATION[program]}


def _nobody_left(told: dict[str, Any]) -> None:
    """Demand that both servers were in the table whenever it was looked at, often enough, and nothing was logged."""
    assert told["seen"] == BOTH
    assert told["looks"] >= told["seconds"] * 4
    assert told["longest_pause"] < 1.0
    # systemd counts restarts, and a process of its own number would be another one.
    assert told["before"] == told["after"]
    alarming = [line for line in told["log"] if re.search(r"(?i)remov|delet|quiesc|fail|timed out|soft failure", line)]
    assert alarming == []
