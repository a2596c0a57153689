# SPDX-License-Identifier: GPL-2.0-or-later
"""What verify says of a sound site, and of one fault after the other, with the real keepalived and a real table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.output import told_by
from tests.lab.verification.faults import FAULTS, Fault

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "verification" / "scenario.py"


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What verify said, by the name of the look."""
    return {told["name"]: told for told in told_by(SCENARIO, tmp_path_factory.mktemp("verification"), limit_s=500.0)}


@pytest.mark.parametrize("name", ["sound", "sound again"])
def test_a_sound_site(looks: dict[str, dict[str, Any]], name: str) -> None:
    assert looks[name]["told"] == {"planned": 2, "live": 2, "findings": []}
    assert looks[name]["status"] == 0


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_each_fault_is_found_and_nothing_else(looks: dict[str, dict[str, Any]], fault: Fault) -> None:
    told = looks[fault.name]
    findings = told["told"]["findings"]
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding["kind"], set()).add("" if finding["kind"] == "marker" else finding["where"])
    assert found == fault.found, findings
    assert told["status"] == 1
    assert fault.says in " ".join(f"{each['what']} {each['fix']}" for each in findings)
    assert all(each["fix"] for each in findings)


@pytest.mark.parametrize(
    ("name", "sentence"), [("hangs", "has not written its dump"), ("stopped", "keepalived does not run here")]
)
def test_what_cannot_be_compared_is_neither_sound_nor_at_fault(
    looks: dict[str, dict[str, Any]], name: str, sentence: str
) -> None:
    assert looks[name]["status"] == 2
    assert sentence in looks[name]["stderr"]
