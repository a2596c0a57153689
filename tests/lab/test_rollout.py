# SPDX-License-Identifier: GPL-2.0-or-later
"""A running site converted with the real keepalived and a real table: what is refused, written, loaded, taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "rollout" / "scenario.py"
SERVICE = "tcp-10.0.0.100-80"
SOUND, WITHOUT_VIP, WITHOUT_SERVICE = "10.0.0.42", "10.0.0.43", "10.0.0.44"


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What happened, by the name of the step."""
    return {told["step"]: told for told in told_by(SCENARIO, tmp_path_factory.mktemp("rollout"), limit_s=400.0)}


def test_a_server_that_the_old_check_does_not_see_through_is_a_reason_to_write_nothing(
    steps: dict[str, dict[str, Any]],
) -> None:
    assert steps["as it was"]["table"] == [SOUND, WITHOUT_VIP]
    refused = steps["refused"]
    assert refused["status"] == 1
    assert f"{SERVICE}/{WITHOUT_VIP}: raw: no-answer: " in refused["stderr"]
    assert f"{SERVICE}/{SOUND}" not in refused["stdout"] + refused["stderr"]
    assert f"{SERVICE}/{WITHOUT_SERVICE}" not in refused["stderr"]
    assert "MISC_CHECK" not in refused["configuration"]


def test_an_id_that_nobody_planned_is_a_slip(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["unknown ID"]["status"] == 2
    assert "MISC_CHECK" not in steps["unknown ID"]["configuration"]


def test_only_the_server_that_is_out_is_held_out(steps: dict[str, dict[str, Any]]) -> None:
    accepted = steps["accepted"]
    assert accepted["status"] == 0, accepted
    assert accepted["configuration"].count("MISC_CHECK {\n") == 3
    assert accepted["configuration"].count(" alpha\n") == 1
    assert " alpha\n" in accepted["configuration"].partition(f"real_server {WITHOUT_SERVICE}")[2]


def test_before_the_reload_a_second_run_changes_nothing(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["again before the reload"]["status"] == 0
    assert steps["again before the reload"]["stdout"] == "nothing to do\n"
    assert steps["the gate"]["status"] == 0


def test_the_reload_takes_the_hole_out_and_puts_no_dead_server_in(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["loaded"]["reached"]
    assert steps["loaded"]["table"] == [SOUND]
    assert WITHOUT_SERVICE not in steps["loaded"]["seen"]


def test_alpha_goes_with_the_next_run_and_takes_nobody_in(steps: dict[str, dict[str, Any]]) -> None:
    again = steps["again after the reload"]
    assert again["status"] == 0
    assert " alpha\n" not in again["configuration"]
    assert steps["loaded again"]["reached"]
    assert steps["loaded again"]["seen"] == [SOUND]


def test_all_are_in_once_they_are_sound(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["healed"]["table"] == [SOUND, WITHOUT_VIP, WITHOUT_SERVICE]
    assert steps["nothing more"]["stdout"] == "nothing to do\n"


def test_the_way_back(steps: dict[str, dict[str, Any]]) -> None:
    assert steps["back"]["status"] == 0
    assert "MISC_CHECK" not in steps["back"]["configuration"]
    assert steps["as before"]["table"] == [SOUND, WITHOUT_VIP, WITHOUT_SERVICE]
