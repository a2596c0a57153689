# SPDX-License-Identifier: GPL-2.0-or-later
"""The real ldirectord on a real table, converted by `generate ldirectord --write` while it runs, and taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.lab.ldirectord.configuration import (
    CHECKINTERVAL,
    CHECKTIMEOUT,
    CONF,
    MAIL,
    SIX,
    VIRTUALS,
    WEB,
    Virtual,
    configuration,
    quiescent,
)
from tests.lab.output import told_by
from tests.ldirectord.harness import needs_ldirectord

pytestmark = [pytest.mark.lab, needs_ldirectord]

SCENARIO = Path(__file__).resolve().parent / "ldirectord" / "scenario.py"
BOTH = {"a": 1, "b": 1}
START_UP = 1.0  # seconds of this machine that a check's processes take, beside their deadline
Steps = dict[str, dict[str, Any]]
WITH_STANDBY = "yes"
"""The fork with which there is a standby, too."""


@pytest.fixture(scope="module", params=["no", pytest.param(WITH_STANDBY, marks=pytest.mark.full)])
def fork(request: pytest.FixtureRequest) -> str:
    """As in ldirectord.cf."""
    return str(request.param)


@pytest.fixture(scope="module")
def steps(fork: str, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """What happened, by the name of the step."""
    words = [fork, "standby"] if fork == WITH_STANDBY else [fork]
    return {told["step"]: told for told in told_by(SCENARIO, tmp_path_factory.mktemp(fork), words, limit_s=400.0)}


def down(virtual: Virtual, server: str, fork: str) -> dict[str, int]:
    """Return the weights of a virtual in which a server is down."""
    if quiescent(fork)[virtual.name]:
        return {**BOTH, server: 0}
    return {name: weight for name, weight in BOTH.items() if name != server}


def demand_only(steps: Steps, step: str, virtual: Virtual, server: str, fork: str, *healing: Virtual) -> None:
    """Assert that a step took a server out of one virtual, and nothing from any other. healing: where one came back."""
    seen = steps[step]["seen"]
    assert seen[-1][virtual.name] == down(virtual, server, fork)
    for other in VIRTUALS:
        if other not in (virtual, *healing):
            assert [table[other.name] for table in seen] == [BOTH] * len(seen)


def test_a_server_that_the_old_check_does_not_see_through_is_a_reason_to_write_nothing(steps: Steps, fork: str) -> None:
    assert steps["as it was"]["reached"]
    refused = steps["refused"]
    assert refused["status"] == 1
    assert f"{MAIL.service}/{MAIL.reals['b']}: raw: no-answer: " in refused["stderr"]
    assert WEB.service not in refused["stderr"]
    assert refused["configuration"] == configuration(fork, "yes")


def test_it_is_written_where_that_is_accepted_and_once(steps: Steps) -> None:
    accepted = steps["accepted"]
    assert accepted["status"] == 0
    assert accepted["configuration"].count("checktype=external") == len(VIRTUALS)
    assert " reload" not in accepted["stdout"]  # autoreload
    assert steps["again"]["stdout"] == "nothing to do\n"


def test_autoreload_takes_it_up(steps: Steps, fork: str) -> None:
    demand_only(steps, "loaded by itself", MAIL, "b", fork)


def test_a_server_without_a_vip_leaves_that_virtual_only_and_comes_back(steps: Steps, fork: str) -> None:
    demand_only(steps, "six lost", SIX, "b", fork, MAIL)
    assert steps["six lost"]["seen"][-1]["mail"] == BOTH
    demand_only(steps, "web lost", WEB, "b", fork, SIX)
    assert steps["web lost"]["seen"][-1]["six"] == BOTH


def test_a_server_is_out_within_a_round(steps: Steps, fork: str) -> None:
    checks = 2 if fork == "yes" else 2 * len(VIRTUALS)  # one after the other
    planned = CHECKINTERVAL + checks * CHECKTIMEOUT
    for step in ("six lost", "web lost"):
        assert steps[step]["seconds"] <= planned + 2 * len(VIRTUALS) * START_UP


def test_a_check_that_is_killed_counts_as_down(steps: Steps, fork: str) -> None:
    demand_only(steps, "killed", WEB, "a", fork)


def test_the_way_back(steps: Steps, fork: str) -> None:
    assert steps["back"]["status"] == 0
    assert steps["back"]["configuration"] == configuration(fork, "yes")
    assert steps["as before"]["seen"][-1] == {virtual.name: BOTH for virtual in VIRTUALS}


@pytest.fixture
def with_standby(steps: Steps, fork: str) -> Steps:
    """Where there is one."""
    if fork != WITH_STANDBY:
        pytest.skip(f"the standby is played with fork={WITH_STANDBY}")
    return steps


def test_a_standby_is_told_how_to_reload(with_standby: Steps) -> None:
    converted = with_standby["standby converted"]
    assert converted["status"] == 0
    assert converted["stdout"].count(f"  ldirectord {CONF} reload\n") == 2


def test_a_standby_uses_the_old_check(with_standby: Steps, fork: str) -> None:
    """It asks the server's own address, which knows nothing of the VIP that the active director misses."""
    demand_only(with_standby, "web lost again", WEB, "b", fork, SIX, MAIL)
    assert with_standby["standby"]["seen"] == [{virtual.name: BOTH for virtual in VIRTUALS}]
    for line in with_standby["verdicts of the standby"]["lines"]:
        assert re.fullmatch(r"\d+ 0 0 standard 0 auto ok\n", line)
