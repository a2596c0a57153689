# SPDX-License-Identifier: GPL-2.0-or-later
"""`status`, and `run ID` under a user who cannot send raw frames: both ask the daemon, here a loop of the test's."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.cli.status_text import duration
from lvs_rawcheck.daemon.listening import listen_at
from lvs_rawcheck.daemon.state import CheckState
from tests.cli.commands import NOBODY, WITHOUT_NET_RAW, Desk, Outcome
from tests.cli.registry_desk import CHECK, register, run, said, service
from tests.cli.site import PORT, REAL_IP, VIP, Site
from tests.daemon.talking import Desk as Daemon
from tests.daemon.talking import known
from tests.netns.topology import Host, end_process, wait_until

pytestmark = pytest.mark.netns

LOST_VIP = "10.0.0.101"  # no server has it
NOBODYS_GROUP = 65534


def status(desk: Desk, *words: str) -> Outcome:
    return desk.run(None, "lvs-rawcheck", "status", "--state", str(desk.state), *words)


def daemon_of(desk: Desk, *states: CheckState) -> Daemon:
    desk.state.mkdir(exist_ok=True)
    return Daemon(desk.state, list(states), group=NOBODYS_GROUP)


@pytest.fixture
def daemon(desk: Desk) -> Iterator[Daemon]:
    """A daemon that knows of one healthy check, and turns."""
    made = daemon_of(desk, known(REAL_IP))
    with made.loop.running():
        yield made
    made.close()


# What is shown.


def test_all_well(desk: Desk, daemon: Daemon) -> None:
    outcome = status(desk)
    head, rule, row, empty, counts = outcome.stdout.splitlines()
    assert (outcome.status, outcome.stderr, empty, bool(rule.strip("─ "))) == (0, "", "", False)
    assert " ".join(head.split()) == "service real server verdict reason since latency next run held"
    assert row.split()[:5] == ["web", REAL_IP, "up", "ok", "3m12s"]
    assert row.split()[5:] == ["0.7", "ms", *row.split()[7:9], "-"]
    assert counts == "1 checks: 1 up, 0 down, 0 unknown; 0 held"


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
    assert (outcome.status, outcome.stdout.splitlines()[-1]) == (0, "501 checks: 501 up, 0 down, 0 unknown; 0 held")


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
    assert json.loads(child.stdout.readline()) == {"checks": []}  # it looks again
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


# `run ID` by the daemon.


@pytest.fixture
def asking(desk: Desk, daemon: Daemon) -> Desk:
    """A desk of nobody's, whose check fails here by every path, while the daemon's is healthy."""
    register(desk, service("timeout = 2", endpoints=[f"{LOST_VIP}:81"]))
    daemon.checks.at_once = True
    desk.become = NOBODY
    return desk


def test_without_the_capability_the_daemon_is_asked(asking: Desk, daemon: Daemon, site: Site) -> None:
    outcome = run(asking, site.director)
    assert said(outcome) == (0, "ok", "raw")
    assert (outcome.json["by"], outcome.json["detail"], outcome.json["id"]) == ("daemon", "connected", CHECK)
    assert daemon.checks.begun == 1
    state = daemon.checks.states[CHECK]
    state.reason, state.detail, state.role, state.path = "refused", "RST in SYN_SENT", "backup", "standard"
    outcome = run(asking, site.director)
    assert (said(outcome), outcome.json["role"]) == ((1, "refused", "standard"), "backup")


def test_root_without_the_capability_asks_too(asking: Desk, daemon: Daemon, site: Site) -> None:
    asking.become = WITHOUT_NET_RAW
    assert said(run(asking, site.director)) == (0, "ok", "raw")


def test_root_asks_nobody(asking: Desk, daemon: Daemon, site: Site) -> None:
    asking.become = ()
    assert said(run(asking, site.director, "-t", "0.3"))[:2] == (1, "no-answer")
    assert daemon.checks.begun == 0


@pytest.mark.parametrize("reason", ["cannot-judge", "", "no such reason"])
def test_what_the_daemon_cannot_judge_is_judged_here(asking: Desk, daemon: Daemon, site: Site, reason: str) -> None:
    register(asking, service())  # which is healthy
    daemon.checks.states[CHECK].reason = reason
    outcome = run(asking, site.director)
    assert (said(outcome), "by" in outcome.json) == ((0, "ok", "standard"), False)


def test_who_may_not_ask_goes_on_as_without_a_daemon(asking: Desk, daemon: Daemon, site: Site) -> None:
    register(asking, service())
    asking.become = ("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--")
    outcome = run(asking, site.director)
    assert (said(outcome), "Permission denied" in outcome.stderr) == ((0, "ok", "standard"), True)


def test_a_check_that_the_daemon_does_not_know(asking: Desk, daemon: Daemon, site: Site) -> None:
    register(asking, service())
    daemon.checks.states.clear()
    outcome = run(asking, site.director)
    assert (said(outcome), "no such check" in outcome.stderr) == ((0, "ok", "standard"), True)


@pytest.mark.parametrize("ends", ["never", "at once", "after a word"])
def test_a_daemon_that_hangs_or_ends_takes_no_healthy_server_down(
    desk: Desk, site: Site, tmp_path: Path, ends: str
) -> None:
    register(desk, service("timeout = 1"))
    desk.become = NOBODY
    desk.state.mkdir()
    with listen_at(str(desk.state / "control.sock"), NOBODYS_GROUP) as listener:
        child = desk.start(site.director, "lvs-rawcheck", "run", *desk.own_folders(), "--json", CHECK)
        peer, _ = listener.accept()
        if ends != "never":
            peer.recv(4096)
            peer.send(b'{"checking": "web"}\n' if ends == "after a word" else b"")
            peer.shutdown(socket.SHUT_RDWR)
        outcome = desk.finish(child)
        peer.close()
    assert said(outcome) == (0, "ok", "standard")
    assert outcome.seconds < 1.5


def test_the_daemons_deadline_may_be_a_little_later_than_ours(asking: Desk, daemon: Daemon, site: Site) -> None:
    register(asking, service("timeout = 0.5", endpoints=[f"{VIP}:{PORT}"]))
    daemon.checks.at_once = False
    child = asking.start(site.director, "lvs-rawcheck", "run", *asking.own_folders(), "--json", CHECK)
    wait_until(lambda: CHECK in daemon.checks.asked, "it is asked")
    daemon.checks.states[CHECK].reason = "no-answer"
    daemon.checks.finish(CHECK)
    outcome = asking.finish(child)
    assert (said(outcome), outcome.json["by"]) == ((1, "no-answer", "raw"), "daemon")


# With the daemon itself.

OWN_USER = "root:x:0:0::/:/bin/sh\nlvs-rawcheck:x:4711:4712::/:/bin/false\n"
MEMBER = ("setpriv", "--reuid=4000", "--regid=4000", "--groups=4712", "--")


def test_the_daemon_itself(desk: Desk, site: Site) -> None:
    register(desk, service("interval = 0.2\ntimeout = 0.5"))
    register(desk, service("interval = 0.2\ntimeout = 0.2", endpoints=[f"{LOST_VIP}:{PORT}"]), "lost")
    desk.mount("/etc/passwd", OWN_USER)
    child = desk.start(
        site.director,
        "lvs-rawcheck",
        "daemon",
        *desk.own_folders(),
        "--metrics",
        "127.0.0.1:9842",
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _verdicts(desk) == {CHECK: True, f"lost/{REAL_IP}": False}, "both checks have run")
        outcome = status(desk)
        assert (outcome.status, outcome.stdout.splitlines()[-1]) == (1, "2 checks: 1 up, 1 down, 0 unknown; 0 held")
        desk.become = MEMBER
        outcome = run(desk, site.director)
        assert (said(outcome), outcome.json["by"]) == ((0, "ok", "raw"), "daemon")
        assert said(run(desk, site.director, check=f"lost/{REAL_IP}"))[:2] == (1, "no-answer")
        assert run(desk, site.director, check=f"lost/{REAL_IP}").json["by"] == "daemon"
        told = _scraped(site.director, ("127.0.0.1", 9842))
        assert f'lvs_rawcheck_check_up{{real_server="{REAL_IP}",service="web"}} 1.0' in told
        assert f'lvs_rawcheck_check_up{{real_server="{REAL_IP}",service="lost"}} 0.0' in told
    finally:
        end_process(child)
    assert status(desk).status == 2


def _verdicts(desk: Desk) -> dict[str, bool]:
    outcome = status(desk, "--json")
    return {check["id"]: check["healthy"] for check in outcome.json["checks"]} if outcome.status != 2 else {}


def _scraped(host: Host, place: tuple[str, int]) -> list[str]:
    with host.entered(), socket.create_connection(place, timeout=10) as client:
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65536), b"")).decode().splitlines()
    raise AssertionError  # never: nothing above swallows an exception
