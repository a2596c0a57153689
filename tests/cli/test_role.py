# SPDX-License-Identifier: GPL-2.0-or-later
"""`role` and `notify`: what the role files say, what the VIPs say, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.commands import Desk, Outcome
from tests.cli.registry_desk import register, service
from tests.cli.site import PORT, REAL_IP6, VIP, VIP6, Site
from tests.netns.topology import Host

pytestmark = pytest.mark.netns

LOST_VIP = "10.0.0.101"  # on nobody


def role(desk: Desk, host: Host | None, *words: str) -> Outcome:
    return desk.run(host, "lvs-rawcheck", "role", *desk.own_folders(), *words)


def notify(desk: Desk, *words: str) -> Outcome:
    return desk.run(None, "lvs-rawcheck", "notify", "-s", str(desk.state), *words)


def follow(desk: Desk, instance: str, name: str = "web", vips: Sequence[str] = (VIP,)) -> Path:
    """Register a service that follows an instance; return the role file."""
    path = desk.state / "role" / instance
    register(desk, service(f'role_file = "{path}"', endpoints=[f"{vip}:{PORT}" for vip in vips]), name)
    return path


def test_the_role_file_by_hand(desk: Desk) -> None:
    assert notify(desk, "MASTER", "VI_1").status == 0
    assert (desk.state / "role" / "VI_1").read_text()[0] == "1"
    assert notify(desk, "BACKUP", "VI_1").status == 0
    assert (desk.state / "role" / "VI_1").read_text()[0] == "0"
    slips: list[list[str]] = [["MASTER"], ["MASTER", "../VI_1"], ["master", "VI_1"], []]
    for words in slips:
        outcome = notify(desk, *words)
        assert (outcome.status, outcome.stderr.startswith("notify: ")) == (1, True)
    chained = notify(desk, "MASTER", "VI_1", "--", "/bin/sh", "-c", "kill -PIPE $$; exit 7")
    assert chained.status == -13  # what Python ignores is not ignored there
    assert desk.run(None, "lvs-rawcheck", "notify", "--help").status == 0


def test_both_agree(desk: Desk, site: Site) -> None:
    follow(desk, "VI_1")
    notify(desk, "MASTER", "VI_1")
    outcome = role(desk, site.director, "--json")
    assert outcome.status == 0
    assert outcome.json["instances"] == [
        {
            "instance": "VI_1",
            "role_file": str(desk.state / "role" / "VI_1"),
            "by_role_file": "master",
            "by_vip": "master",
            "agree": True,
            "vips": {VIP: "master"},
            "trouble": None,
        }
    ]
    notify(desk, "BACKUP", "VI_1")
    (instance,) = role(desk, site.standby, "--json").json["instances"]
    assert (instance["by_role_file"], instance["by_vip"], instance["agree"]) == ("backup", "backup", True)


def test_they_do_not(desk: Desk, site: Site) -> None:
    follow(desk, "VI_1")
    notify(desk, "BACKUP", "VI_1")
    outcome = role(desk, site.director)
    assert outcome.status == 1
    head, _, row = outcome.stdout.splitlines()
    assert head.split() == [
        "instance",
        "by",
        "role",
        "file",
        "by",
        "VIP",
        "agree",
        "VIPs",
        "held",
        "VIPs",
        "not",
        "held",
    ]
    assert row.split() == ["VI_1", "backup", "master", "NO", VIP]


def test_half_of_the_vips(desk: Desk, site: Site) -> None:
    follow(desk, "VI_1", vips=[VIP, LOST_VIP])
    notify(desk, "MASTER", "VI_1")
    (instance,) = role(desk, site.director, "--json").json["instances"]
    assert (instance["by_vip"], instance["agree"]) == ("split", False)
    assert instance["vips"] == {VIP: "master", LOST_VIP: "backup"}


def test_a_role_that_nobody_told(desk: Desk, site: Site) -> None:
    follow(desk, "VI_1")
    outcome = role(desk, site.standby, "--json")
    (instance,) = outcome.json["instances"]
    assert (outcome.status, instance["agree"]) == (1, False)
    assert "No such file or directory" in instance["trouble"]


def test_auto_and_an_instance_without_services(desk: Desk, site: Site) -> None:
    register(desk, service('role_file = "auto"', endpoints=[f"[{VIP6}]:{PORT}"], address=REAL_IP6))
    notify(desk, "MASTER", "VI_9")
    outcome = role(desk, site.director, "--json")
    found = {
        each["instance"]: (each["by_role_file"], each["by_vip"], each["agree"]) for each in outcome.json["instances"]
    }
    assert (outcome.status, found) == (0, {"VI_9": ("master", None, None), "auto": (None, "master", None)})


def test_one_of_several(desk: Desk, site: Site) -> None:
    follow(desk, "VI_1")
    follow(desk, "VI_2", "mail", [LOST_VIP])
    notify(desk, "MASTER", "VI_1")
    assert role(desk, site.director, "VI_1").status == 0
    assert role(desk, site.director).status == 1
    wrong = role(desk, site.director, "VI_3")
    assert (wrong.status, "no such instance: 'VI_3' (there are: VI_1, VI_2)" in wrong.stderr) == (1, True)
    assert role(desk, site.director, "VI_1", "VI_2").status == 1


def test_a_file_that_cannot_be_read_is_told(desk: Desk, site: Site) -> None:
    register(desk, "[", "bad")
    outcome = role(desk, site.director)
    assert (outcome.status, "bad.toml:1:" in outcome.stderr) == (1, True)
    assert outcome.stdout == "no instance: there is no role file, and no service names one\n"
