# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon end to end, beside the real keepalived and the real ldirectord, on a real table.

Server a is healthy in all that is played: of no table that traffic goes by may it ever be missing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

FOLDER = Path(__file__).resolve().parent / "daemon"
OUT_SECONDS = 1.0
"""From a VIP that is gone to a server that is out, at an interval of 0.2 s."""
BACK_SECONDS = 1.0
UNSEEN_SECONDS = 0.5  # for so long may nobody have looked at the tables, on a machine however busy
NEVER_MOVED: list[list[str]] = []
Steps = dict[str, dict[str, Any]]


def steps_of(scenario: str, folder: Path, limit_s: float) -> Steps:
    """Return what happened, by the name of the step; the tables are those since the step before."""
    return {told["step"]: told for told in told_by(FOLDER / scenario, folder, limit_s=limit_s)}


def tables(steps: Steps, step: str, director: str = "lb1") -> list[dict[str, str]]:
    """Return the tables that there were in a step, in their order."""
    return [table for _, table in steps[step]["seen"][director]]


@pytest.fixture(scope="module")
def detection(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    return steps_of("detection.py", tmp_path_factory.mktemp("detection"), 400.0)


# FILE_CHECK, at an interval of 0.2 s -------------------------------------------------------------------------

RESTARTS = ("stopped", "stopped, started again", "killed", "killed, started again", "VIP back while nobody looks")


def test_the_configuration_is_written_once_there_are_verdicts(detection: Steps) -> None:
    first, second = detection["first run"], detection["converted"]
    assert (first["status"], first["untouched"]) == (1, True)
    assert "it takes two runs" in first["stdout"]
    assert second["status"] == 0, second["stderr"]
    assert second["configuration"].count("FILE_CHECK {") == second["configuration"].count("TCP_CHECK {") == 2


def test_a_server_without_the_vip_is_out_of_the_table_within_a_second(detection: Steps) -> None:
    out = detection["trials"]["out"]
    print(f"out after {json.dumps(out)} s, the worst {max(out)} s")
    assert len(out) >= 10
    assert max(out) <= OUT_SECONDS, f"by a machine with a load of {os.getloadavg()}"


def test_a_server_that_has_it_again_is_in_again_within_a_second(detection: Steps) -> None:
    back = detection["trials"]["back"]
    print(f"in again after {json.dumps(back)} s, the worst {max(back)} s")
    assert max(back) <= BACK_SECONDS, f"by a machine with a load of {os.getloadavg()}"


def test_the_daemon_ends_and_begins_under_keepalived_and_nobody_moves(detection: Steps) -> None:
    for step in RESTARTS:
        assert tables(detection, step) == [{"file": "a"}], step
    assert detection["killed, started again"]["moved"] == NEVER_MOVED


def test_what_has_changed_while_it_was_away_is_seen(detection: Steps) -> None:
    assert tables(detection, "the daemon looks again") == [{"file": "a"}, {"file": "ab"}]


def test_keepalived_boots_before_the_daemon(detection: Steps) -> None:
    """Until then the checks beside the FILE_CHECKs decide; those do not see that b has no VIP."""
    waited = detection["no daemon yet"]
    assert (waited["files"], waited["vip"]) == ({}, True)
    assert tables(detection, "no daemon yet") == [{"file": "ab"}]
    assert tables(detection, "the daemon comes") == [{"file": "ab"}, {"file": "a"}]
    assert tables(detection, "the daemon is there") == [{"file": "a"}]


def test_the_daemon_boots_before_keepalived(detection: Steps) -> None:
    """Before there is a master it asks the servers' own addresses, which tell nothing of the VIP."""
    booted = detection["daemon first"]
    assert booted["files"] == dict.fromkeys(("tcp-10.0.0.101-80@10.0.0.42", "tcp-10.0.0.101-80@10.0.0.43"), "0\n")
    assert [table for table in tables(detection, "daemon first") if table.get("file")] == [
        {"file": "ab"},
        {"file": "a"},
    ]
    assert tables(detection, "keepalived is there") == [{"file": "a"}]


def test_keepalived_never_said_that_it_moved_the_healthy_one(detection: Steps) -> None:
    """Between two looks at the table nobody sees; but keepalived logs whatever it does."""
    for step in ("the daemon looks again", "the daemon is there", "keepalived is there"):
        assert detection[step]["moved"] == NEVER_MOVED


def test_somebody_looked_all_the_time(detection: Steps) -> None:
    assert max(told["unseen_seconds"] for told in detection.values()) <= UNSEEN_SECONDS
