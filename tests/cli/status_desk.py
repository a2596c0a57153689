# SPDX-License-Identifier: GPL-2.0-or-later
"""`status`, asked at a desk, and a daemon that answers it: a loop of the test's, with states of its making."""

from __future__ import annotations

from lvs_rawcheck.daemon.state import CheckState
from tests.cli.commands import Desk, Outcome
from tests.daemon.talking import Desk as Daemon

NOBODYS_GROUP = 65534


def status(desk: Desk, *words: str) -> Outcome:
    return desk.run(None, "lvs-rawcheck", "status", "--state", str(desk.state), *words)


def summary(outcome: Outcome) -> str:
    """Return what is said below the table, but for the daemon's own number and age."""
    return outcome.stdout.splitlines()[-1].partition("; daemon ")[0]


def daemon_of(desk: Desk, *states: CheckState) -> Daemon:
    desk.state.mkdir(exist_ok=True)
    return Daemon(desk.state, list(states), group=NOBODYS_GROUP)


def verdicts(desk: Desk) -> dict[str, bool | None]:
    """Return what status tells of each check, nothing while no daemon answers."""
    outcome = status(desk, "--json")
    return {check["id"]: check["healthy"] for check in outcome.json["checks"]} if outcome.status != 2 else {}


def check_of(desk: Desk, check_id: str) -> dict[str, object]:
    """Return what status tells of one check."""
    found: dict[str, object] = next(each for each in status(desk, "--json").json["checks"] if each["id"] == check_id)
    return found
