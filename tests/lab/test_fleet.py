# SPDX-License-Identifier: GPL-2.0-or-later
"""A rollout with examples/ansible on two directors: looked at, refused, observed, enforced; one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.lab.output import told_by

pytestmark = [
    pytest.mark.lab,
    pytest.mark.full,
    pytest.mark.skipif(shutil.which("ansible-playbook") is None, reason="ansible-core is not installed"),
]

SCENARIO = Path(__file__).resolve().parent / "fleet" / "scenario.py"
DIRECTORS = ("lb1", "lb2")
Steps = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """What happened, by the name of the step."""
    return {told["step"]: told for told in told_by(SCENARIO, tmp_path_factory.mktemp("fleet"), limit_s=600.0)}


def test_a_look_changes_nothing_and_says_that_it_would(steps: Steps) -> None:
    told = steps["looked at"]
    assert told["status"] == 0, told["said"]
    assert told["recap"] == {name: [1, 0] for name in DIRECTORS}
    assert told["converted"] == []


def test_a_check_that_fails_a_server_with_traffic_ends_it_at_the_first_director(steps: Steps) -> None:
    told = steps["refused"]
    assert told["status"] != 0
    assert told["recap"] == {"lb2": [0, 1]}
    assert "nothing was written" in told["said"]
    assert told["converted"] == []


def test_at_first_the_raw_checks_observe_on_both(steps: Steps) -> None:
    told = steps["observed"]
    assert told["status"] == 0, told["said"]
    assert {name: failed for name, (_, failed) in told["recap"].items()} == dict.fromkeys(DIRECTORS, 0)
    assert told["converted"] == list(DIRECTORS)
    assert told["modes"] == {name: ['mode = "observe"'] for name in DIRECTORS}


def test_then_they_decide(steps: Steps) -> None:
    told = steps["enforced"]
    assert told["status"] == 0, told["said"]
    assert told["modes"] == {name: ["-"] for name in DIRECTORS}
    assert steps["VIP lost"]["reached"]


def test_once_more_changes_nothing(steps: Steps) -> None:
    told = steps["again"]
    assert told["status"] == 0, told["said"]
    assert told["recap"] == {name: [0, 0] for name in DIRECTORS}


def test_no_healthy_server_ever_left_the_table(steps: Steps) -> None:
    for name in ("looked at", "observed", "enforced", "again"):
        assert steps[name]["servers"] == {director: ["10.0.0.42", "10.0.0.43"] for director in DIRECTORS}, name
