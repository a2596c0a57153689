# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair of directors with Debian's own keepalived and IPVS, converted by `generate --write` in each style.

First what keepalived's own dump says before and after; then what happens to a server that loses its VIP, on either
director as the master; then what is said of a check that can no longer run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conversion.told import methods, paces, servers
from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "conversion" / "scenario.py"
DIRECTORS = ("lb1", "lb2")
Steps = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=["service", "inline"])
def style(request: pytest.FixtureRequest) -> str:
    """Of the stanzas."""
    return str(request.param)


@pytest.fixture(scope="module")
def steps(style: str, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """What happened, by the name of the step."""
    return {told["step"]: told for told in told_by(SCENARIO, tmp_path_factory.mktemp(style), [style], limit_s=400.0)}


def state(steps: Steps, step: str) -> dict[str, tuple[str, str, bool]]:
    """Return for each director its servers, its role file's word, and whether it has the VIP."""
    found = steps[step]["state"]
    return {name: ("".join(found[name]["servers"]), found[name]["role"], found[name]["vip"]) for name in DIRECTORS}


@pytest.mark.parametrize("director", DIRECTORS)
def test_all_checks_pass_once_before_anything_is_written(steps: Steps, director: str) -> None:
    told = steps[f"converted {director}"]
    # How far it is, is told where that takes long.
    said = [line for line in told["stderr"].splitlines() if not line.endswith(" checks were run")]
    assert (told["status"], said) == (0, [])
    assert "2 checks were run, 2 of them passed" in told["stdout"]


@pytest.mark.parametrize(("director", "role"), [("lb1", "MASTER"), ("lb2", "BACKUP")])
def test_role_files_are_right_before_any_notify_script_has_run(steps: Steps, director: str, role: str) -> None:
    """A reload sends no notify: who is master already would have none."""
    assert state(steps, "as it was")[director][1] == "-"
    assert steps[f"converted {director}"]["role"] == role


@pytest.mark.parametrize("director", DIRECTORS)
def test_a_second_run_changes_nothing_and_the_gate_opens(steps: Steps, director: str) -> None:
    told = steps[f"converted {director}"]
    assert told["again"] == "nothing to do\n"
    assert told["gate"] == 0


@pytest.mark.parametrize("director", DIRECTORS)
def test_to_keepalived_servers_weights_and_timers_are_what_they_were(steps: Steps, director: str) -> None:
    before, after = steps[f"converted {director}"]["before"], steps[f"dump {director}"]["after"]
    assert any("WEIGHT = 5" in line for line in servers(before))
    assert servers(after) == servers(before)
    assert len(paces(before)) == 2
    assert paces(after) == paces(before)
    assert methods(before) == ["TCP_CHECK", "HTTP_GET"]
    assert methods(after) == ["MISC_CHECK", "MISC_CHECK"]


def test_the_stanzas_are_of_the_style_asked_for(steps: Steps, style: str) -> None:
    commands = re.findall(r'misc_path "(.*)"', steps["converted lb1"]["configuration"])
    if style == "service":
        ids = [f"tcp-10.0.0.100-80/10.0.0.{number}" for number in (42, 43)]
        assert commands == [f"/run/tools/verdict {each}" for each in ids]
    else:
        assert [command.split()[:3] for command in commands] == [
            ["/run/tools/lvs-rawcheck", "check", kind] for kind in ("tcp", "http")
        ]


@pytest.mark.parametrize(("step", "master"), [("lb1 is master", "lb1"), ("lb2 is master", "lb2")])
def test_a_server_without_its_vip_leaves_the_master_s_table_and_comes_back(
    steps: Steps, step: str, master: str
) -> None:
    assert state(steps, f"VIP lost, {step}")[master] == ("b", "MASTER", True)
    assert state(steps, f"VIP back, {step}")[master] == ("ab", "MASTER", True)


def test_on_the_standby_the_check_is_the_one_that_the_site_had(steps: Steps) -> None:
    """It asks the server's own address, which knows nothing of the VIP."""
    assert state(steps, "VIP lost, lb1 is master")["lb2"] == ("ab", "BACKUP", False)
    assert state(steps, "VIP back, lb1 is master")["lb2"] == ("ab", "BACKUP", False)


def test_roles_follow_a_failover_and_the_way_back(steps: Steps) -> None:
    assert state(steps, "lb1 stops")["lb2"] == ("ab", "MASTER", True)
    assert state(steps, "lb1 stops")["lb1"][1:] == ("BACKUP", False)
    assert state(steps, "lb1 is back")["lb1"][1:] == ("MASTER", True)
    assert state(steps, "lb1 is back")["lb2"][1:] == ("BACKUP", False)


@pytest.mark.parametrize("director", DIRECTORS)
def test_verify_finds_nothing_once_it_is_loaded(steps: Steps, director: str) -> None:
    assert steps[f"sound {director}"]["reached"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("what stanzas call is gone", "script"),
        ("what stanzas call was gone at the reload", "not-live"),
        ("service files are gone", "unregistered"),
    ],
)
def test_no_server_is_up_unchecked_without_a_word_from_verify(steps: Steps, style: str, fault: str, kind: str) -> None:
    if style == "inline" and fault == "service files are gone":
        pytest.skip("an inline stanza needs no service file")
    assert steps[fault]["status"] == 1
    assert steps[fault]["kinds"] == [kind]
