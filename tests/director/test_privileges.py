# SPDX-License-Identifier: GPL-2.0-or-later
"""A check started as root reads its frames as the package's user, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import LAUNCHER, NOBODY, Desk
from tests.cli.site import CLOSED_PORT, NOBODY_IP, PORT, REAL_IP, VIP, Site
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

UID, GID = 64123, 64124
ROOT = "root:x:0:0:root:/root:/bin/sh\n"
PASSWD = f"{ROOT}lvs-rawcheck:x:{UID}:{GID}::/nonexistent:/usr/sbin/nologin\n"
NO_CAPABILITY = "0000000000000000"


@pytest.fixture
def with_user(desk: Desk) -> Desk:
    desk.mount("/etc/passwd", PASSWD)
    return desk


def status_of(child: subprocess.Popen[str]) -> dict[str, list[str]]:
    """Return the fields of /proc/PID/status."""
    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
    return {name: words.split() for name, _, words in (line.partition(":") for line in lines)}


def start_waiting(desk: Desk, host: Host) -> subprocess.Popen[str]:
    words = ["check", "tcp", *desk.own_folders(), "-t", "0.6", NOBODY_IP, VIP, PORT]
    return desk.start(host, "lvs-rawcheck", *words)


def test_it_waits_as_the_user_and_cannot_go_back(with_user: Desk, site: Site) -> None:
    child = start_waiting(with_user, site.director)
    wait_until(lambda: status_of(child)["Uid"] == [str(UID)] * 4, "the check is the user")
    status = status_of(child)
    assert status["Gid"] == [str(GID)] * 4
    assert status["Groups"] == [str(GID)]
    assert status["CapPrm"] == status["CapEff"] == [NO_CAPABILITY]
    outcome = with_user.finish(child)
    assert outcome.status == 1
    assert f"{VIP}:{PORT} via {NOBODY_IP} down: no-neighbour" in outcome.stdout
    assert len(outcome.log) == 1


def test_verdicts_and_stamps_are_the_same(with_user: Desk, site: Site) -> None:
    healthy = with_user.check(site.director, "--json", REAL_IP, VIP, PORT)
    assert (healthy.status, healthy.json["path"], healthy.log) == (0, "raw", [])
    words = (REAL_IP, VIP, CLOSED_PORT)
    assert len(with_user.check(site.director, *words).log) == 1
    assert with_user.check(site.director, *words).log == []  # the stamp was written
    stamps = list((with_user.state / "logged").iterdir())
    assert len(stamps) == 2
    assert {stamp.stat().st_uid for stamp in stamps} == {0}


def test_the_standard_check_and_its_stamp(with_user: Desk, site: Site) -> None:
    role = str(with_user.file("role", "0"))
    assert with_user.check(site.standby, "-r", role, REAL_IP, VIP, PORT).status == 0
    assert len(with_user.check(site.standby, "-r", role, REAL_IP, VIP, CLOSED_PORT).log) == 1
    assert with_user.check(site.standby, "-r", role, REAL_IP, VIP, CLOSED_PORT).log == []


def test_packet_lines_and_the_drop_in(with_user: Desk, site: Site) -> None:
    outcome = with_user.drop_in(site.director, "-vv", "-c", "eth0", REAL_IP, VIP, PORT)
    assert outcome.status == 0
    assert "Flags [S], seq 1, ack 0" in outcome.stderr


@pytest.mark.parametrize("passing", [True, False])
def test_a_stale_and_wrong_neighbour_is_asked_for_as_the_user(with_user: Desk, network: Network, passing: bool) -> None:
    """The MAC changes without a word: the entry of the kernel is asked for anew, by the socket that root opened."""
    active = director(network, "director", ["10.0.0.21/24"], [VIP])
    server = real_server(network, "server", [f"{REAL_IP}/24"], [VIP])
    if passing:
        tcp_server(server, VIP, int(PORT))
    active.ip("neighbour", "replace", REAL_IP, "lladdr", "02:00:00:00:66:66", "nud", "stale", "dev", "eth0")
    outcome = with_user.check(active, "--json", "-t", "5", REAL_IP, VIP, PORT)
    assert outcome.json["reason"] == ("ok" if passing else "refused")
    assert server.mac in active.ip("neighbour", "show", REAL_IP)


@pytest.mark.parametrize(
    "passwd",
    [
        *(ROOT, "", f"{ROOT}lvs-rawcheck-2:x:1:1::/:/bin/sh\n", f"{ROOT}lvs-rawcheck:x:{UID}\n"),
        f"{ROOT}lvs-rawcheck:x:-1:{GID}::/nonexistent:/bin/sh\n",
    ],
    ids=["no such user", "empty file", "another name", "short line", "no number"],
)
def test_without_the_user_it_stays_root(desk: Desk, site: Site, passwd: str) -> None:
    desk.mount("/etc/passwd", passwd)
    child = start_waiting(desk, site.director)
    wait_until(lambda: has_its_sockets(child), "the check has its sockets")
    assert status_of(child)["Uid"] == ["0"] * 4
    assert desk.finish(child).status == 1
    assert desk.check(site.director, REAL_IP, VIP, PORT).status == 0


@pytest.mark.parametrize("number", [2**32 - 1, 2**32, 10**30])
def test_a_user_that_nobody_can_become(desk: Desk, site: Site, number: int) -> None:
    desk.mount("/etc/passwd", f"{ROOT}lvs-rawcheck:x:{number}:{GID}::/nonexistent:/bin/sh\n")
    outcome = desk.check(site.director, "--json", REAL_IP, VIP, PORT)
    assert outcome.status == 1
    assert outcome.json["reason"] == "cannot-judge"
    assert "cannot become user lvs-rawcheck" in outcome.json["detail"]


@pytest.mark.parametrize("lost", ["-setuid", "-setgid", "-setuid,-setgid"])
def test_without_the_capability_it_goes_on_as_what_it_is(with_user: Desk, site: Site, lost: str) -> None:
    with_user.become = ("setpriv", f"--bounding-set={lost}", f"--inh-caps={lost}", "--")
    outcome = with_user.check(site.director, "--json", REAL_IP, VIP, PORT)
    assert (outcome.status, outcome.json["path"], outcome.stderr, outcome.log) == (0, "raw", "", [])
    child = start_waiting(with_user, site.director)
    user = str(UID) if lost == "-setgid" else "0"
    wait_until(lambda: has_its_sockets(child), "the check has its sockets")
    wait_until(lambda: status_of(child)["Uid"] == [user] * 4, "what can be given up is given up")
    assert with_user.finish(child).status == 1


def has_its_sockets(child: subprocess.Popen[str]) -> bool:
    return len(list(Path(f"/proc/{child.pid}/fd").iterdir())) >= 6


def test_not_root_is_not_asked_to_become_anybody(with_user: Desk, site: Site) -> None:
    with_user.become = NOBODY
    role = str(with_user.file("role", "0"))
    assert with_user.check(site.standby, "-r", role, REAL_IP, VIP, PORT).status == 0


def test_who_could_not_read_the_program_is_not_become(with_user: Desk, site: Site) -> None:
    closed = with_user.folder / "closed"
    shutil.copytree(LAUNCHER.parents[1], closed / "lvs_rawcheck")
    closed.chmod(0o700)
    program = with_user.folder / "lvs-rawcheck"
    program.unlink()
    program.symlink_to(closed / "lvs_rawcheck" / "cli" / "launcher.py")
    for address, reason in ((REAL_IP, "ok"), (NOBODY_IP, "no-neighbour")):
        outcome = with_user.check(site.director, "--json", "-t", "0.5", address, VIP, PORT)
        assert outcome.json["reason"] == reason  # what a failing check loads late was there
