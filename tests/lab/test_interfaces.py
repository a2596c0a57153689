# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that a development kernel may lack: the laboratory's has them all."""

from pathlib import Path

import pytest

from tests.lab.output import told_by

pytestmark = pytest.mark.lab

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "interfaces.py"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What was tried, and what the check said."""
    folder = tmp_path_factory.mktemp("interfaces")
    return {result["tried"]: result for result in told_by(SCENARIO, folder)}


def test_over_a_vlan(said: dict[str, dict[str, object]]) -> None:
    assert said["vlan"]["status"] == 0
    assert said["vlan, VIP missing"]["reason"] == "no-answer"


def test_over_a_bond_whose_slave_fails(said: dict[str, dict[str, object]]) -> None:
    assert said["bond"]["status"] == 0
    assert said["bond, other slave"]["status"] == 0


def test_a_bond_that_answers_from_its_slaves_passes_by_reply_mac_known(said: dict[str, dict[str, object]]) -> None:
    results = [result for tried, result in said.items() if tried.startswith("server's bond")]
    assert {result["status"] for result in results} == {0}, results
    assert any("answered from" in str(result["detail"]) for result in results), results
