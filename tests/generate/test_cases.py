# SPDX-License-Identifier: GPL-2.0-or-later
"""Small configurations and what is planned for them: each a folder, before and after (case.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.generate.keepalived.existing import find_existing
from tests.generate.case import CASES, lay_out, service_texts

ALL = sorted(path.name for path in CASES.iterdir())


@pytest.mark.parametrize("name", ALL)
def test_what_it_becomes(name: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / name, tmp_path)
    planned = desk.plan()
    after = CASES / name / "after"
    expected = {str(path.relative_to(after)): path.read_bytes() for path in after.rglob("*.conf")}
    assert desk.files(planned) == expected


@pytest.mark.parametrize("name", ALL)
def test_what_is_reported(name: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / name, tmp_path)
    assert desk.report(desk.plan()) == json.loads((CASES / name / "report.json").read_text())


@pytest.mark.parametrize("name", [name for name in ALL if (CASES / name / "services").is_dir()])
def test_what_the_registry_gets(name: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / name, tmp_path)
    folder = CASES / name / "services"
    assert service_texts(desk, desk.plan()) == {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ALL)
def test_a_second_run_plans_nothing(name: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / name, tmp_path)
    desk.carry_out(desk.plan())
    again = desk.plan()
    assert again.plan.edits == {}
    assert again.plan.left == []
    assert again.status == 0


@pytest.mark.parametrize("name", ALL)
def test_what_was_there_can_be_had_back(name: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / name, tmp_path)
    planned = desk.plan()
    desk.carry_out(planned)
    old_files, lost = find_existing(read_keepalived(str(desk.conf), "lb1"))
    assert lost == []
    assert {path: old.original for path, old in old_files.items()} == {
        path: planned.plan.octets[path] for path in planned.plan.edits
    }


@pytest.mark.parametrize("name", ALL)
def test_octets_outside_of_the_plan_are_as_they_were(name: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / name, tmp_path)
    plan = desk.plan().plan
    for path, edits in plan.edits.items():
        octets, result, shift = plan.octets[path], plan.result()[path], 0
        place = 0
        for edit in sorted(edits):
            assert result[place + shift : edit.start + shift] == octets[place : edit.start]
            shift += len(edit.octets) - (edit.end - edit.start)
            place = edit.end
        assert result[place + shift :] == octets[place:]
