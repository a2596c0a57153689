# SPDX-License-Identifier: GPL-2.0-or-later
"""`status` of a daemon, here a loop of the test's."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest

from lvs_rawcheck.cli.status_text import duration
from lvs_rawcheck.daemon.listening import listen_at
from lvs_rawcheck.errors import ConfigError
from tests.cli.commands import Desk
from tests.cli.registry_desk import CHECK, register, service
from tests.cli.site import REAL_IP
from tests.cli.status_desk import daemon_of, status, summary
from tests.daemon.talking import Desk as Daemon
from tests.daemon.talking import known
from tests.netns.topology import end_process

pytestmark = pytest.mark.netns


def test_all_well(desk: Desk, daemon: Daemon) -> None:
    outcome = status(desk)
    head, rule, row, empty, counts = outcome.stdout.splitlines()
    assert (outcome.status, outcome.stderr, empty, bool(rule.strip("─ "))) == (0, "", "", False)
    assert " ".join(head.split()) == "service real server verdict reason since latency next run held"
    assert row.split()[:5] == ["web", REAL_IP, "up", "ok", "3m12s"]
    assert row.split()[5:] == ["0.7", "ms", *row.split()[7:9], "-"]
    assert re.fullmatch(rf"1 checks: 1 up, 0 down, 0 unknown; 0 held; daemon {os.getpid()} since \d+s", counts)


@pytest.mark.parametrize("what", ["down", "unknown", "held"])
def test_not_all_well(desk: Desk, daemon: Daemon, what: str) -> None:
    other = known("10.0.0.43", healthy={"down": False, "unknown": None, "held": True}[what])
    other.held = "interface eth0 is down\x1b[31m" if what == "held" else None
    daemon.checks.states[other.check_id] = other
    outcome = status(desk)
    row = outcome.stdout.splitlines()[3]
    assert outcome.status == 1
    assert {"down": "DOWN", "unknown": "unknown", "held": "HELD: interface eth0 is down\\x1b[31m"}[what] in row
    assert ("now" in row) == (what == "unknown")  # it runs for the first time


def test_modes_are_shown(desk: Desk, daemon: Daemon) -> None:
    register(desk, service())
    daemon.checks.states[CHECK].observed = "no-answer"
    assert desk.run(None, "lvs-rawcheck", "mode", *desk.own_folders(), "web", "observe", "--for", "30m").status == 0
    lines = status(desk).stdout.splitlines()
    assert lines[-2:] == ["web: mode observe, set by hand", f"{CHECK}: only observed: no-answer"]


def test_modes_of_the_service_file_are_shown(desk: Desk, daemon: Daemon) -> None:
    daemon.checks.modes["web"] = "standard"
    assert status(desk).stdout.splitlines()[-1] == "web: mode standard, by its service file"
    assert [check["mode"] for check in status(desk, "--json").json["checks"]] == ["standard"]


def test_broken_service_files_are_shown_and_all_is_not_well(desk: Desk, daemon: Daemon) -> None:
    daemon.checks.faults.append(ConfigError("/etc/s.d/a.toml", 3, 7, "no such key: 'adress\x1b[31m'"))
    outcome = status(desk)
    assert (outcome.status, outcome.stderr) == (1, "")
    assert "0 held; 1 service files cannot be used; daemon " in outcome.stdout.splitlines()[-2]
    assert outcome.stdout.splitlines()[-1] == "/etc/s.d/a.toml: line 3: no such key: 'adress\\x1b[31m'"
    outcome = status(desk, "--json")
    assert outcome.status == 1
    assert outcome.json["faults"] == [{"file": "/etc/s.d/a.toml", "error": "line 3: no such key: 'adress\x1b[31m'"}]
    assert outcome.json["daemon"]["pid"] == os.getpid()


def test_for_programs(desk: Desk, daemon: Daemon) -> None:
    (check,) = status(desk, "--json").json["checks"]
    assert (check["id"], check["healthy"], check["reason"], check["held"]) == (CHECK, True, "ok", False)
    assert {"id", "healthy", "reason", "detail", "since", "latency_ms", "held"} <= set(check)


def test_hundreds(desk: Desk, daemon: Daemon) -> None:
    for number in range(500):
        state = known(f"10.1.{number // 250}.{number % 250}")
        daemon.checks.states[state.check_id] = state
    assert len(status(desk, "--json").json["checks"]) == 501
    outcome = status(desk)
    assert (outcome.status, summary(outcome)) == (0, "501 checks: 501 up, 0 down, 0 unknown; 0 held")


def test_no_checks(desk: Desk, daemon: Daemon) -> None:
    daemon.checks.states.clear()
    outcome = status(desk)
    assert (outcome.status, outcome.stdout.splitlines()[0]) == (0, "no checks: the registry is empty")


def test_no_daemon(desk: Desk) -> None:
    outcome = status(desk)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "no daemon listens at" in outcome.stderr
    daemon_of(desk).close()  # its socket is left behind
    assert status(desk, "--json").status == 2


def test_not_allowed(desk: Desk, daemon: Daemon) -> None:
    desk.become = ("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--")
    outcome = status(desk)
    assert (outcome.status, "Permission denied" in outcome.stderr) == (2, True)
    os.chmod(daemon.path, 0o666)
    outcome = status(desk)
    assert (outcome.status, "not allowed: only root and members" in outcome.stderr) == (2, True)


@pytest.mark.full
def test_a_daemon_that_hangs(desk: Desk) -> None:
    desk.state.mkdir()
    with listen_at(str(desk.state / "control.sock"), None):
        outcome = status(desk)
    assert (outcome.status, "does not answer" in outcome.stderr) == (2, True)
    assert outcome.seconds < 6


def test_help_and_slips(desk: Desk) -> None:
    assert desk.run(None, "lvs-rawcheck", "status", "--help").status == 0
    assert status(desk, "web").status == 2
    assert status(desk, "--no-such").status == 2


def test_watch_until_ctrl_c(desk: Desk, daemon: Daemon) -> None:
    child = desk.start(None, "lvs-rawcheck", "status", "--state", str(desk.state), "--watch", "--json")
    assert child.stdout is not None
    assert [check["id"] for check in json.loads(child.stdout.readline())["checks"]] == [CHECK]
    daemon.checks.states.clear()
    assert json.loads(child.stdout.readline())["checks"] == []  # it looks again
    child.send_signal(signal.SIGINT)
    outcome = desk.finish(child)
    assert (outcome.status, outcome.log) == (0, [])


def test_watch_waits_for_a_daemon(desk: Desk) -> None:
    child = desk.start(None, "lvs-rawcheck", "status", "--state", str(desk.state), "--watch")
    assert child.stdout is not None
    assert child.stdout.readline().startswith("no daemon listens at")
    child.send_signal(signal.SIGINT)
    assert desk.finish(child).status == 2


def test_watch_ends_when_nobody_reads(desk: Desk, daemon: Daemon) -> None:
    child = desk.start(None, "lvs-rawcheck", "status", "--state", str(desk.state), "--watch")
    assert child.stdout is not None
    child.stdout.close()
    try:
        assert child.wait(20) == 0
    finally:
        end_process(child)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (0, "0s"), (59.9, "59s"), (60, "1m00s"), (192, "3m12s"), (7500, "2h05m"), (356_400, "4d03h")],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown
