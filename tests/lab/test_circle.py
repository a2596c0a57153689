# SPDX-License-Identifier: GPL-2.0-or-later
"""What explain says of a real server that is a director of the same VIP, with the kernel's own IPVS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lvs_rawcheck.diagnose import signatures
from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "circle" / "scenario.py"
FAMILIES = ("IPv4", "IPv6")


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """What was said, by look and family."""
    told = told_by(SCENARIO, tmp_path_factory.mktemp("circle"), limit_s=300.0)
    return {(each["name"], each["family"]): each for each in told}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["sound", "sound again"])
def test_a_pair_of_which_one_balances(looks: dict[tuple[str, str], dict[str, Any]], name: str, family: str) -> None:
    look = looks[name, family]
    assert (look["told"]["cause"], look["status"]) == (signatures.HEALTHY, 0)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["circle", "to another", "back"])
def test_a_real_server_that_balances_again(
    looks: dict[tuple[str, str], dict[str, Any]], name: str, family: str
) -> None:
    told = looks[name, family]["told"]
    assert told["cause"] == signatures.DIRECTOR_CIRCLE, told["probes"]
    assert told["second_causes"] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_how_it_shows(looks: dict[tuple[str, str], dict[str, Any]], family: str) -> None:
    """What is passed to another server is answered there; what is passed back comes back one hop older."""
    assert looks["to another", family]["told"]["reason"] == "wrong-mac"
    assert looks["back", family]["told"]["reason"] == "looped"
