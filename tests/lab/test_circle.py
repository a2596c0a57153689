# SPDX-License-Identifier: GPL-2.0-or-later
"""What explain and audit say of a real server that is a director of the same VIP, with the kernel's own IPVS."""

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


def test_an_audit_of_the_table(looks: dict[tuple[str, str], dict[str, Any]]) -> None:
    """The table has both directors, in both families: the first is this host itself, the second a real server."""
    look = looks["sound", "table"]
    told = look["told"]
    assert sorted((cell["real_server"], cell["vip"], cell["port"], cell["cause"]) for cell in told["cells"]) == [
        ("10.0.0.11", "10.0.0.100", 80, signatures.HEALTHY),
        ("10.0.0.12", "10.0.0.100", 80, signatures.HEALTHY),
        ("2001:db8::11", "2001:db8::100", 80, signatures.HEALTHY),
        ("2001:db8::12", "2001:db8::100", 80, signatures.HEALTHY),
    ]
    assert (look["status"], told["findings"], told["gaps"]) == (0, [], [])


def test_an_audit_of_the_table_finds_who_balances_again(looks: dict[tuple[str, str], dict[str, Any]]) -> None:
    look = looks["to another", "table"]
    assert look["status"] == 1
    assert {finding["cause"] for finding in look["told"]["findings"]} == {signatures.DIRECTOR_CIRCLE}
    assert {cell["real_server"] for cell in look["told"]["cells"] if not cell["healthy"]} == {
        "10.0.0.12",
        "2001:db8::12",
    }
