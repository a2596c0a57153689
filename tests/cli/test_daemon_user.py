# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck daemon` started by hand as root: it reads frames as the package's user, where there is one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.commands import Desk
from tests.cli.site import PORT, REAL_IP, VIP, Site
from tests.director.test_privileges import GID, PASSWD, ROOT, UID, status_of
from tests.netns.topology import end_process, wait_until

pytestmark = pytest.mark.netns

NET_RAW = "0000000000002000"
SERVICE = f"""\
endpoint = ["{VIP}:{PORT}"]
interval = 0.2
[[check]]
kind = "tcp"
[[real_server]]
address = "{REAL_IP}"
"""
FOLDERS = ("verdict", "track", "daemon", "slots")


@contextmanager
def daemon_of(desk: Desk, site: Site, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A daemon over the desk's folders, with a first verdict."""
    (desk.services / "web.toml").write_text(SERVICE)
    child = desk.start(site.director, "lvs-rawcheck", "daemon", *desk.own_folders(), *words)
    try:
        track = desk.state / "track" / f"web@{REAL_IP}"
        wait_until(lambda: child.poll() is not None or track.exists(), "a first verdict", 20.0)
        assert child.poll() is None, child.communicate()[1]
        assert track.read_text() == "0\n"
        yield child
    finally:
        end_process(child)


def test_started_as_root_it_is_the_packages_user_and_can_send_raw_frames_only(desk: Desk, site: Site) -> None:
    desk.mount("/etc/passwd", PASSWD)
    with daemon_of(desk, site) as child:
        status = status_of(child)
        assert (status["Uid"], status["Gid"], status["Groups"]) == ([str(UID)] * 4, [str(GID)] * 4, [])
        for name in ("CapPrm", "CapEff", "CapBnd"):
            assert status[name] == [NET_RAW], name
        assert status["NoNewPrivs"] == ["1"]
        owners = {name: (desk.state / name).stat() for name in FOLDERS}
        assert {(found.st_uid, found.st_gid, found.st_mode & 0o777) for found in owners.values()} == {(UID, GID, 0o755)}
        found = (desk.state / "control.sock").stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (0, GID, 0o660)
        assert desk.state.stat().st_uid == 0
        asked = desk.run(None, "lvs-rawcheck", "status", "--json", "--state", str(desk.state))
        (check,) = json.loads(asked.stdout)["checks"]
        assert (asked.status, check["healthy"], check["path"]) == (0, True, "raw")
        child.terminate()
        assert child.wait(10) == 0


def test_it_comes_back_to_what_it_left(desk: Desk, site: Site) -> None:
    desk.mount("/etc/passwd", PASSWD)
    for _ in range(2):
        with daemon_of(desk, site) as child:
            child.kill()  # its socket stays, and nobody listens there
            child.wait(10)


def test_without_such_a_user_it_goes_on_as_root_and_says_so(desk: Desk, site: Site) -> None:
    desk.mount("/etc/passwd", ROOT)
    with daemon_of(desk, site) as child:
        assert status_of(child)["Uid"] == ["0"] * 4
        child.terminate()
        _, told = child.communicate(timeout=10)
        assert child.returncode == 0
    assert "goes on as root: there is no user lvs-rawcheck" in told


def test_two_daemons_of_one_state_folder_are_one_too_many(desk: Desk, site: Site) -> None:
    desk.mount("/etc/passwd", PASSWD)
    with daemon_of(desk, site):
        second = desk.run(site.director, "lvs-rawcheck", "daemon", *desk.own_folders())
        assert second.status == 1
        assert "another process does" in second.stderr


@pytest.mark.parametrize("text", ["metric = 1\n", "metrics = 9842\n"])
def test_settings_that_cannot_be_meant_start_nothing(desk: Desk, site: Site, text: str) -> None:
    config = desk.file("lvs-rawcheck.toml", text)
    outcome = desk.run(site.director, "lvs-rawcheck", "daemon", *desk.own_folders(), "--config", str(config))
    assert outcome.status == 1
    assert outcome.stderr.startswith(f"lvs-rawcheck: {config}: metric")


def test_metrics_are_served_where_the_settings_say(desk: Desk, site: Site) -> None:
    config = desk.file("lvs-rawcheck.toml", 'metrics = "127.0.0.1:9842"\n')
    ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9842/metrics', timeout=9).read().decode())"
    desk.mount("/etc/passwd", PASSWD)
    with daemon_of(desk, site, "--config", str(config)), site.director.entered():
        done = subprocess.run(["/usr/bin/python3", "-c", ask], capture_output=True, text=True, timeout=20, check=True)
    assert REAL_IP in done.stdout
