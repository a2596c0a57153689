# SPDX-License-Identifier: GPL-2.0-or-later
"""What a daemon goes on from that was started anew, and signals that come while it starts."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.checks.site import V4, active, healthy
from tests.daemon.desk import PATIENCE, Desk
from tests.daemon.process import Process, process
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.topology import Network, wait_until

pytestmark = pytest.mark.netns

FIRST, SECOND = f"web/{V4.real}", f"web/{V4.other_real}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def exits(desk: Desk) -> dict[str, str]:
    """Return what the script would exit with by the daemon's verdicts."""
    return {each: (desk.state / "verdict" / each).read_text().split()[2] for each in (FIRST, SECOND)}


def test_who_was_kept_by_min_healthy_is_kept_by_a_daemon_started_anew(
    network: Network, desk: Desk, tmp_path: Path
) -> None:
    director, real, other = active(network), healthy(network), healthy(network, "other_real")
    desk.write("web", V4, V4.real, V4.other_real, min_healthy=1)
    with process(desk, director, tmp_path) as daemon:
        lose_vip(real, V4.vip)
        wait_until(lambda: exits(desk)[FIRST] == "1", "the first one is down", PATIENCE)
        lose_vip(other, V4.vip)
        wait_until(lambda: bool(daemon.status()[SECOND]["held"]), "the last one is kept", PATIENCE)
        for end in (daemon.stop, daemon.kill):
            end()
            daemon.start()
            wait_until(lambda: all(each["runs"] > 2 for each in daemon.status().values()), "all have run", PATIENCE)
            assert exits(desk) == {FIRST: "1", SECOND: "0"}
            assert (desk.state / "track" / SECOND.replace("/", "@")).read_text().strip() == "0"
            assert daemon.status()[SECOND]["held"]
        real.add_address(host_prefix(V4.vip), "lo")
        wait_until(lambda: exits(desk) == {FIRST: "0", SECOND: "1"}, "another one is up: it may go", PATIENCE)


def test_a_reload_asked_for_while_it_starts_ends_nothing(network: Network, desk: Desk, tmp_path: Path) -> None:
    director = active(network)
    healthy(network)
    for number in range(100):
        desk.write(f"web{number}", V4, V4.real)
    daemon = Process(desk, director, tmp_path)
    try:
        daemon.spawn()
        wait_until((desk.state / "daemon").exists, "it has opened its files", PATIENCE)
        desk.write("late", V4, V4.real)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: f"late/{V4.real}" in daemon.status(), "what was written by then is read", PATIENCE)
    finally:
        daemon.close()


def test_who_is_not_on_the_link_is_told_by_the_role_of_now(network: Network, desk: Desk, tmp_path: Path) -> None:
    director = active(network)
    director.ip("route", "add", "default", "via", V4.real)
    far = "web/192.0.2.9"
    desk.write("web", V4, "192.0.2.9", role_file=f'"{desk.role_file}"')
    desk.role_file.write_text("0\n")
    with process(desk, director, tmp_path) as daemon:
        wait_until(lambda: bool(daemon.status()[far]["path"] == "standard"), "a standby asks by the kernel", PATIENCE)
        desk.role_file.write_text("1\n")
        wait_until(lambda: bool(daemon.status()[far]["reason"] == "not-on-link"), "the active one has no way", PATIENCE)
        words = (desk.state / "verdict" / far).read_text().split()
        assert (words[2:5], words[6]) == (["1", "raw", "1"], "not-on-link")
        assert daemon.ask(far) == 1
        assert not (desk.state / "last").exists(), "the script believes it, and makes no check itself"
