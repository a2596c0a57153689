# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that keepalived is told of by the daemon's track files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck import clock
from tests.diagnose.verify.site import ID, OTHER, OTHER_ID, REAL, SERVICE, TOLD_AT, VIP, Site

KEY = f"[{VIP}]:tcp:80"


class ToldSite(Site):
    """A sound one, with a FILE_CHECK for each server."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in ("track", "daemon"):
            (self.state / name).mkdir()
        (self.state / "daemon" / "alive").write_text(f"{int(clock.uptime())} 64\n")
        for address in (REAL, OTHER):
            self.track_file(address).write_text("0\n")
            (self.state / "last" / SERVICE / address).unlink()
        blocks = "".join(
            f'track_file {SERVICE}/{address} {{\n    file "{self.track_file(address)}"\n    weight 0\n}}\n'
            for address in (REAL, OTHER)
        )
        self.config = blocks + self.config

    def track_file(self, address: str) -> Path:
        """Return a server's."""
        return self.state / "track" / f"{SERVICE}@{address}"

    def stanza(self, check_id: str) -> str:
        """Return a stanza of ours."""
        return f"        FILE_CHECK {{\n            track_file {check_id}\n            weight 0\n        }}\n"

    def live(self, address: str, last_ran: float, key: str = KEY) -> str:
        """Return a live checker as a dump of 2.2.7 tells it."""
        return (
            f" {key} -> [{address}]:tcp:80\n   Enabled = yes\n   Up = yes\n   Has run = yes\n"
            f"   Delay loop = 60000000 us\n   Retries = 0\n   Keepalive method = FILE_CHECK\n"
            f"     Tracked file = {SERVICE}/{address}\n     Reloaded = No\n"
        )


@pytest.fixture
def site(tmp_path: Path) -> ToldSite:
    """A sound site."""
    return ToldSite(tmp_path)


def test_a_sound_site(site: ToldSite) -> None:
    verification = site.verify()
    assert (verification.planned, verification.live, verification.findings) == (2, 2, [])
    assert site.waited == []


def test_one_that_is_not_live(site: ToldSite) -> None:
    site.change_dump(site.live(OTHER, TOLD_AT), "")
    assert site.found() == {"not-live": {OTHER_ID}}


def test_one_that_the_configuration_has_no_more(site: ToldSite) -> None:
    site.config = site.config.replace(site.stanza(OTHER_ID), "")
    assert site.found() == {"unplanned": {f"{OTHER} of {KEY}"}}


def test_another_track_file_than_planned(site: ToldSite) -> None:
    site.change_dump(f"Tracked file = {SERVICE}/{OTHER}", "Tracked file = theirs")
    assert site.found() == {"not-live": {OTHER_ID}}


@pytest.mark.parametrize("text", [None, "", "2\n"])
def test_no_verdict(text: str | None, site: ToldSite) -> None:
    file = site.track_file(REAL)
    file.unlink() if text is None else file.write_text(text)
    assert site.found() == {"no-track-file": {ID}}


def test_a_verdict_that_keepalived_does_not_follow(site: ToldSite) -> None:
    site.track_file(REAL).write_text("1\n")
    assert site.found() == {"verdict-lost": {ID}}


def test_a_verdict_that_it_followed_meanwhile(site: ToldSite) -> None:
    site.track_file(REAL).write_text("1\n")

    def recover() -> None:
        site.track_file(REAL).write_text("0\n")

    assert site.found(recover) == {}


def test_a_dead_daemon_is_told_once(site: ToldSite) -> None:
    (site.state / "daemon" / "alive").write_text(f"{int(clock.uptime()) - 60} 64\n")
    assert [finding.kind for finding in site.verify().findings] == ["daemon"]


def test_a_check_that_the_registry_lacks(site: ToldSite) -> None:
    site.service = site.service.replace(OTHER, "10.0.0.44")
    assert site.found() == {"unregistered": {OTHER_ID}}


def test_a_file_check_of_the_sites_own_is_no_check_of_ours(site: ToldSite) -> None:
    site.config = site.config.replace(str(site.track_file(OTHER)), "/srv/theirs")
    assert site.found() == {"unplanned": {f"{OTHER} of {KEY}"}}


def test_one_of_the_sites_own_beside_ours_that_is_not_live(site: ToldSite) -> None:
    own = "        FILE_CHECK {\n            track_file theirs\n            weight 0\n        }\n"
    site.config = 'track_file theirs {\n    file "/srv/x"\n    weight 0\n}\n' + site.config
    site.config = site.config.replace(site.stanza(ID), own + site.stanza(ID))
    assert site.found() == {"not-live-beside": {ID}}
