# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon end to end, beside the real keepalived and the real ldirectord, on a real table.

Server a is healthy in all that is played: of no table that traffic goes by may it ever be missing.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

FOLDER = Path(__file__).resolve().parent / "daemon"
OUT_SECONDS = 1.0
"""From a VIP that is gone to a server that is out, at an interval of 0.2 s."""
BACK_SECONDS = 1.0
UNSEEN_SECONDS = 2.0  # for so long may nobody have looked at the tables, on a machine however busy
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
    first, second = detection["first run"], detection["second run"]
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


def test_the_daemon_knows_when_keepalived_was_started_anew(detection: Steps) -> None:
    """Once, that is, under a daemon that ran; and twice it ended under one."""
    said = detection["keepalived is there"]["said"]
    assert said.count("keepalived was started anew: its track files are written again") == 1


def test_keepalived_never_said_that_it_moved_the_healthy_one(detection: Steps) -> None:
    """Between two looks at the table nobody sees; but keepalived logs whatever it does."""
    for step in ("the daemon looks again", "the daemon is there", "keepalived is there"):
        assert detection[step]["moved"] == NEVER_MOVED


def test_somebody_looked_all_the_time(detection: Steps) -> None:
    assert max(told["unseen_seconds"] for told in detection.values()) <= UNSEEN_SECONDS


# All three front ends, on two directors ----------------------------------------------------------------------

FULL = {"misc": "ab", "file": "ab", "external": "ab"}
WITHOUT_B = {"misc": "a", "file": "a", "external": "a"}
CLOCK_STEPS = tuple(f"clock {number}" for number in range(5))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    return steps_of("front_ends.py", tmp_path_factory.mktemp("front_ends"), 800.0)


def demand_kept(steps: Steps, step: str, director: str = "lb1") -> None:
    """Assert that server a was in all tables of a step, for each virtual."""
    for table in tables(steps, step, director):
        assert [name for name in FULL if "a" not in table.get(name, "")] == [], (step, table)


def demand_only(steps: Steps, step: str, table: dict[str, str], director: str = "lb1") -> None:
    """Assert that there was no other table in a step."""
    assert tables(steps, step, director) == [table], step


def test_both_are_converted_and_nobody_leaves(pair: Steps) -> None:
    for director, role in {"lb2": "0", "lb1": "1"}.items():
        step = pair[f"{director} converted"]
        assert step["role"] == role
        assert [told["status"] for told in step["told"]] == [0, 0, 1, 0], [told["stderr"] for told in step["told"]]
        demand_only(pair, f"{director} converted", FULL, director)


def test_each_front_end_takes_out_who_has_no_vip_and_nobody_else(pair: Steps) -> None:
    for step in ("all lost", "lost before the takeover"):
        demand_kept(pair, step)
        assert tables(pair, step)[-1] == WITHOUT_B
    assert tables(pair, "all back")[-1] == FULL


def test_a_standby_goes_by_the_servers_own_addresses(pair: Steps) -> None:
    for step in ("all lost", "no daemon", "all back", "lost before the takeover"):
        demand_only(pair, step, FULL, "lb2")


def test_keepalived_reloads(pair: Steps) -> None:
    """It may add b and remove it again as it reads the FILE_CHECK anew (check_file.c); a it leaves alone."""
    demand_kept(pair, "keepalived reloaded")
    assert tables(pair, "keepalived reloaded")[-1] == WITHOUT_B
    assert pair["keepalived reloaded"]["moved"] == NEVER_MOVED


@pytest.mark.parametrize("step", ["no daemon", "daemon again", "daemon killed and again"])
def test_the_daemon_is_gone_for_longer_than_verdicts_live_and_comes_back(pair: Steps, step: str) -> None:
    demand_only(pair, step, WITHOUT_B)
    assert pair[step]["moved"] == NEVER_MOVED


def test_a_takeover_finds_what_the_standby_could_not_see(pair: Steps) -> None:
    assert (pair["taken over"]["vip"], pair["taken over"]["roles"]) == (True, ["0", "1"])
    demand_kept(pair, "taken over", "lb2")
    assert tables(pair, "taken over", "lb2")[-1] == WITHOUT_B


def test_the_new_master_goes_on_also_with_a_daemon_that_was_killed(pair: Steps) -> None:
    for step, at_last in {"all back on lb2": FULL, "all lost on lb2": WITHOUT_B}.items():
        demand_kept(pair, step, "lb2")
        assert tables(pair, step, "lb2")[-1] == at_last
    assert pair["all lost on lb2"]["moved"] == NEVER_MOVED


def test_the_first_master_comes_back(pair: Steps) -> None:
    """Until it has the VIP its table matters to nobody."""
    assert tables(pair, "lb1 comes back")[-1] == FULL
    demand_kept(pair, "lb1 comes back", "lb2")
    for director, at_last in {"lb1": WITHOUT_B, "lb2": FULL}.items():
        demand_kept(pair, "lb1 is back", director)
        assert tables(pair, "lb1 is back", director)[-1] == at_last


@pytest.mark.parametrize("step", CLOCK_STEPS)
def test_the_clock_is_set_and_nothing_changes(pair: Steps, step: str) -> None:
    before, after = pair["before the clock is set"], pair[step]
    demand_only(pair, step, WITHOUT_B)
    demand_only(pair, step, FULL, "lb2")
    assert after["said"] == before["said"]
    assert after["status"].keys() == before["status"].keys()
    for check_id, check in after["status"].items():
        known = before["status"][check_id]
        for key in ("healthy", "reason"):
            assert check[key] == known[key], (check_id, key)


@pytest.mark.parametrize("step", CLOCK_STEPS)
def test_the_status_tells_since_when_by_what_the_clock_says_now(pair: Steps, step: str) -> None:
    set_by = sum(pair[each]["set_by"] for each in CLOCK_STEPS[: CLOCK_STEPS.index(step) + 1])
    for check_id, check in pair[step]["status"].items():
        known = pair["before the clock is set"]["status"][check_id]
        assert check["since"] == pytest.approx(known["since"] + set_by, abs=1.0), check_id


@pytest.mark.parametrize("step", CLOCK_STEPS)
def test_the_status_tells_how_long_ago_by_a_clock_that_is_never_set(pair: Steps, step: str) -> None:
    for check_id, check in pair[step]["status"].items():
        known = pair["before the clock is set"]["status"][check_id]
        assert 0.0 < check["for_seconds"] - known["for_seconds"] < 600.0
        assert check["next_run"] is None or check["next_run"] <= 10.0
    assert re.search(r" \d+[smh]\d*[sm]? ", pair[step]["table"])
    assert " 3d" not in pair[step]["table"]


def test_after_all_that_what_changes_is_seen(pair: Steps) -> None:
    demand_kept(pair, "all back by whatever clock")
    assert tables(pair, "all back by whatever clock")[-1] == FULL


def test_run_is_full_and_nobody_healthy_leaves(pair: Steps) -> None:
    full = pair["full"]
    assert full["free"] == 0
    demand_only(pair, "full", FULL)
    for step in ("all lost, and full", "one back, and full", "room again", "all back with room"):
        demand_kept(pair, step)
    before_room = pair["lb2 is away"]["moved"]
    assert full["moved"] == pair["all back with room"]["moved"] == before_room


def test_run_is_full_and_who_has_no_vip_leaves(pair: Steps) -> None:
    step = pair["all lost, and full"]
    assert tables(pair, "all lost, and full")[-1] == WITHOUT_B
    assert {name.rpartition("@")[2]: text for name, text in step["files"].items() if "101" in name} == {
        "10.0.0.42": "0\n",
        "10.0.0.43": "1\n",
    }
    assert tables(pair, "one back, and full")[-1] == {**WITHOUT_B, "file": "ab"}


def test_a_full_run_is_told_once_and_its_end_too(pair: Steps) -> None:
    """A verdict that is known to be wrong is taken away, and a sign of life may find room in its place."""
    full, after = pair["room again"]["full"], pair["room again"]["said"]
    assert [line.partition(" of ")[0] for line in full if "No space left on device" in line].count("verdict") == 1
    assert "each verdict is written again" in after
    for what in ("verdict", "sign of life"):
        begun = [line for line in full + after if line.startswith(f"{what} of ") and " not written: " in line]
        assert len(begun) == (full + after).count(f"each {what} is written again"), full + after


def test_with_room_again_all_files_are_right(pair: Steps) -> None:
    told = pair["room again"]
    wanted = {f"tcp-10.0.0.{vip}-80/10.0.0.{real}": "0" for vip in (100, 101, 102) for real in (42, 43)}
    wanted |= {"tcp-10.0.0.100-80/10.0.0.43": "1", "tcp-10.0.0.102-80/10.0.0.43": "1"}
    assert {check_id: words[2] for check_id, words in told["verdicts"].items()} == wanted
    for check_id, words in told["verdicts"].items():
        assert int(words[1]) > told["uptime"], check_id
    assert {name.replace("@", "/"): text for name, text in told["files"].items()} == {
        check_id: f"{digit}\n" for check_id, digit in wanted.items()
    }
    assert tables(pair, "all back with room")[-1] == FULL


def test_somebody_looked_all_the_time_at_both(pair: Steps) -> None:
    assert max(told["unseen_seconds"] for told in pair.values()) <= UNSEEN_SECONDS
