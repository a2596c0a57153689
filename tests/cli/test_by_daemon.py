# SPDX-License-Identifier: GPL-2.0-or-later
"""`run ID` under a user who cannot send raw frames: it asks the daemon, a loop of the test's or the daemon itself."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lvs_rawcheck.daemon.listening import listen_at
from tests.cli.commands import NOBODY, WITHOUT_NET_RAW, Desk
from tests.cli.registry_desk import CHECK, register, run, said, service
from tests.cli.site import PORT, REAL_IP, VIP, Site
from tests.cli.status_desk import NOBODYS_GROUP, check_of, status, summary, verdicts
from tests.daemon.talking import Desk as Daemon
from tests.daemon.talking import known
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.topology import Host, end_process, wait_until

pytestmark = pytest.mark.netns

LOST_VIP = "10.0.0.101"  # no server has it


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
    state = daemon.checks.states[CHECK] = known(REAL_IP, healthy=False)
    state.role, state.path = "backup", "standard"
    outcome = run(asking, site.director)
    assert (said(outcome), outcome.json["role"]) == ((1, "refused", "standard"), "backup")


def test_what_others_are_told_counts_and_not_the_last_result(asking: Desk, daemon: Daemon, site: Site) -> None:
    state = daemon.checks.states[CHECK]
    state.reason, state.detail = "timeout", "no answer in time"  # the first of three in a row
    outcome = run(asking, site.director)
    assert said(outcome) == (0, "ok", "raw")
    assert outcome.json["detail"] == (
        "up, more results in a row are wanted to change it; the last result: timeout: no answer in time"
    )
    state.held = "min_healthy: 1 of web stay up, whatever is found"
    outcome = run(asking, site.director)
    assert (said(outcome), "up, held: min_healthy: 1 of web" in outcome.json["detail"]) == ((0, "ok", "raw"), True)
    state = daemon.checks.states[CHECK] = known(REAL_IP, healthy=False)
    state.reason, state.detail = "ok", "connected"  # the first of three again
    outcome = run(asking, site.director)
    assert said(outcome) == (1, "refused", "raw")
    assert outcome.json["detail"].startswith("down, more results in a row are wanted")
    assert outcome.json["detail"].endswith("; the last result: ok: connected")


def test_what_the_daemon_has_no_verdict_of_is_judged_here(asking: Desk, daemon: Daemon, site: Site) -> None:
    register(asking, service())  # which is healthy
    daemon.checks.states[CHECK] = known(REAL_IP, healthy=None)
    outcome = run(asking, site.director)
    assert (said(outcome), "by" in outcome.json) == ((0, "ok", "standard"), False)


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


@pytest.mark.parametrize(("digit", "told"), [("1", "backup"), ("0", "master")])
def test_a_verdict_of_the_role_before_counts_no_more(
    asking: Desk, daemon: Daemon, site: Site, digit: str, told: str
) -> None:
    role_file = asking.state / "role-of-web"  # where nobody may read it
    role_file.write_text(digit)
    register(asking, service(f'role_file = "{role_file}"'))  # which is healthy
    state = daemon.checks.states[CHECK] = known(REAL_IP, healthy=False)
    state.role, state.held = told, "interface eth0 is down"
    outcome = run(asking, site.director)
    assert (said(outcome), "by" in outcome.json) == ((0, "ok", "standard"), False)
    state.role = "master" if told == "backup" else "backup"
    outcome = run(asking, site.director)
    assert (said(outcome), outcome.json["by"]) == ((1, "refused", "raw"), "daemon")


def test_a_verdict_of_the_role_before_counts_no_more_where_the_vip_says_the_role(
    asking: Desk, daemon: Daemon, site: Site
) -> None:
    register(asking, service('role_file = "auto"'))
    state = daemon.checks.states[CHECK] = known(REAL_IP, healthy=False)
    state.role, state.held = "backup", "interface eth0 is down"
    outcome = run(asking, site.director)
    assert (said(outcome), outcome.json["role"], "by" in outcome.json) == ((0, "ok", "standard"), "master", False)
    state.role = "master"
    outcome = run(asking, site.director)
    assert (said(outcome), outcome.json["by"]) == ((1, "refused", "raw"), "daemon")


def test_a_verdict_by_a_raw_check_does_not_count_where_only_the_standard_one_is_wanted(
    asking: Desk, daemon: Daemon, site: Site
) -> None:
    register(asking, service("mode = 'standard'"))
    state = daemon.checks.states[CHECK] = known(REAL_IP, healthy=False)
    outcome = run(asking, site.director)
    assert (said(outcome), "by" in outcome.json) == ((0, "ok", "standard"), False)
    state.path = "standard"
    outcome = run(asking, site.director)
    assert (said(outcome), outcome.json["by"]) == ((1, "refused", "standard"), "daemon")


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
    daemon.checks.states[CHECK] = known(REAL_IP, healthy=False)
    daemon.checks.finish(CHECK)
    outcome = asking.finish(child)
    assert (said(outcome), outcome.json["by"]) == ((1, "refused", "raw"), "daemon")


# With the daemon itself.

OWN_USER = "root:x:0:0::/:/bin/sh\nlvs-rawcheck:x:4711:4712::/:/bin/false\n"
MEMBER = ("setpriv", "--reuid=4000", "--regid=4000", "--groups=4712", "--")


@pytest.fixture
def own_user(desk: Desk) -> None:
    """The package's user exists, and the desk's commands are a member's of its group, but for the daemon."""
    desk.mount("/etc/passwd", OWN_USER)


@contextmanager
def daemon_itself(desk: Desk, site: Site, *words: str) -> Iterator[None]:
    """A daemon that has begun, for a member of its group."""
    child = desk.start(site.director, "lvs-rawcheck", "daemon", *desk.own_folders(), *words, stderr=subprocess.DEVNULL)
    desk.become = MEMBER
    try:
        yield
    finally:
        end_process(child)
    assert status(desk).status == 2


def test_the_daemon_itself(desk: Desk, site: Site, own_user: None) -> None:
    register(desk, service("interval = 0.2\ntimeout = 0.5\nmode = 'enforce'"))
    register(desk, service("interval = 0.2\ntimeout = 0.2", endpoints=[f"{LOST_VIP}:{PORT}"]), "lost")
    with daemon_itself(desk, site, "--metrics", "127.0.0.1:9842"):
        wait_until(lambda: verdicts(desk) == {CHECK: True, f"lost/{REAL_IP}": False}, "both checks have run")
        outcome = status(desk)
        assert (outcome.status, summary(outcome)) == (1, "2 checks: 1 up, 1 down, 0 unknown; 0 held")
        outcome = run(desk, site.director)
        assert (said(outcome), outcome.json["by"]) == ((0, "ok", "raw"), "daemon")
        assert said(run(desk, site.director, check=f"lost/{REAL_IP}"))[:2] == (1, "no-answer")
        assert run(desk, site.director, check=f"lost/{REAL_IP}").json["by"] == "daemon"
        told = _scraped(site.director, ("127.0.0.1", 9842))
        assert f'lvs_rawcheck_check_up{{real_server="{REAL_IP}",service="web"}} 1.0' in told
        assert f'lvs_rawcheck_check_up{{real_server="{REAL_IP}",service="lost"}} 0.0' in told


def test_the_daemon_tells_run_what_it_tells_others(
    desk: Desk, site: Site, own_user: None, request: pytest.FixtureRequest
) -> None:
    settings = "interval = 0.2\ntimeout = 0.2"
    register(desk, service(f"{settings}\nfall = 1000"), "patient")
    register(desk, service(f"{settings}\nmin_healthy = 1"), "kept")
    register(desk, service(f"{settings}\nmode = 'standard'"), "standard")
    register(desk, "endpoint = 7\n", "broken")
    with daemon_itself(desk, site):
        wait_until(lambda: list(verdicts(desk).values()) == [True] * 3, "all have run")
        lose_vip(site.server, VIP)
        request.addfinalizer(lambda: site.server.add_address(host_prefix(VIP), "lo"))
        wait_until(lambda: check_of(desk, f"kept/{REAL_IP}")["held"] is True, "one is held")
        wait_until(lambda: check_of(desk, f"patient/{REAL_IP}")["reason"] == "no-answer", "one is in doubt")
        for service_name, why in (("patient", "more results in a row are wanted"), ("kept", "held: min_healthy: 1")):
            outcome = run(desk, site.director, check=f"{service_name}/{REAL_IP}")
            assert (said(outcome), outcome.json["by"]) == ((0, "ok", "raw"), "daemon")
            assert outcome.json["detail"].startswith(f"up, {why}")
            assert "; the last result: no-answer: " in outcome.json["detail"]
        outcome = status(desk)
        assert outcome.status == 1
        assert outcome.stdout.splitlines()[-2] == "standard: mode standard, by its service file"
        assert outcome.stdout.splitlines()[-1].startswith(f"{desk.services}/broken.toml: ")


def _scraped(host: Host, place: tuple[str, int]) -> list[str]:
    with host.entered(), socket.create_connection(place, timeout=10) as client:
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: client.recv(65536), b"")).decode().splitlines()
    raise AssertionError  # never: nothing above swallows an exception
