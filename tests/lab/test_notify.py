# SPDX-License-Identifier: GPL-2.0-or-later
"""Role files kept by Debian's own keepalived, and the site's scripts run as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.notify.shapes import INSTANCES, vips
from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "notify" / "scenario.py"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the scenario printed."""
    return told_by(SCENARIO, tmp_path_factory.mktemp("notify"), limit_s=300.0)


@pytest.fixture
def stages(told: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was told at each stage."""
    return {each["stage"]: each for each in told if "stage" in each}


def test_every_instance_is_wired_its_way(told: list[dict[str, Any]]) -> None:
    for wired in [each["wired"] for each in told if "wired" in each][:2]:
        assert wired["role_files"] == {
            f"tcp-{vip}-80": f"/run/lvs-rawcheck/role/{name}" for vip, name in zip(vips("lb1"), INSTANCES, strict=True)
        }
        assert [warning.partition(":")[0] for warning in wired["warnings"]] == [
            "vrrp_instance VI_SPECIFIC",
            *["vrrp_instance VI_BOTH"] * 3,
        ]
        assert (wired["unknown"], wired["again"]) == ({}, [])


def test_role_files_are_seeded_since_a_reload_tells_nobody(stages: dict[str, dict[str, Any]]) -> None:
    wired = stages["wired"]
    assert wired["lb1"] == {"roles": dict.fromkeys(INSTANCES, "1 MASTER seed"), "noted": []}
    assert wired["lb2"] == {"roles": dict.fromkeys(INSTANCES, "0 BACKUP seed"), "noted": []}


@pytest.mark.parametrize(
    ("stage", "director", "role"),
    [
        ("taken over", "lb2", "1 MASTER"),
        ("back", "lb1", "1 MASTER"),
        ("back", "lb2", "0 BACKUP"),
        ("cut off", "lb1", "0 FAULT"),
        ("cut off", "lb2", "1 MASTER"),
    ],
)
def test_every_role_file_follows(stages: dict[str, dict[str, Any]], stage: str, director: str, role: str) -> None:
    assert stages[stage][director]["roles"] == dict.fromkeys(INSTANCES, role)


def test_the_sites_scripts_see_what_they_saw_before(stages: dict[str, dict[str, Any]]) -> None:
    """The same start and takeover, before and after: user, groups, umask, capabilities, words."""
    before, after = stages["as it was"], stages["back"]
    for director, notes in (("lb1", 8), ("lb2", 4)):
        assert len(before[director]["noted"]) == notes
        assert after[director]["noted"] == before[director]["noted"]
    nobody = "65534:65534:65534|0177|0000000000000000"
    assert f"{nobody}|both|two words|" in after["lb1"]["noted"]
    assert "65534:1:1|0177|0000000000000000|both" in after["lb2"]["noted"]


def test_both_are_told_of_the_end(stages: dict[str, dict[str, Any]]) -> None:
    told = stages["stopped"]["lb3"]
    assert told["roles"] == {"VI_ALONE": "0 STOP"}
    assert sorted(note.split("|")[3:] for note in told["noted"]) == [
        ["any", "INSTANCE", "VI_ALONE", "STOP", "100"],
        ["stopped"],
    ]
