# SPDX-License-Identifier: GPL-2.0-or-later
"""`mode`: the switch for three in the morning."""

from __future__ import annotations

import os

import pytest

from lvs_rawcheck.clock import uptime
from tests.cli.commands import NOBODY, NOTICE, Desk, Outcome
from tests.cli.registry_desk import register, service

pytestmark = pytest.mark.netns


@pytest.fixture
def desk_of_two(desk: Desk) -> Desk:
    """A registry of two services, one of which observes."""
    register(desk, service())
    register(desk, service('mode = "observe"'), "mail")
    return desk


def mode(desk: Desk, *words: str) -> Outcome:
    return desk.run(None, "lvs-rawcheck", "mode", *desk.own_folders(), *words)


def test_show(desk_of_two: Desk) -> None:
    outcome = mode(desk_of_two)
    assert (outcome.status, outcome.stdout) == (0, "mail: observe\nweb: enforce\n")
    assert mode(desk_of_two, "web").stdout == "web: enforce\n"
    assert not desk_of_two.state.exists()


def test_for_some_time(desk_of_two: Desk) -> None:
    outcome = mode(desk_of_two, "web", "observe", "--for", "30m")
    assert outcome.status == 0
    assert outcome.stdout.startswith("web: observe for 1")
    assert [(line.severity, line.text) for line in outcome.log] == [
        (NOTICE, "mode of web: observe for 1800 s, set by hand")
    ]
    written = (desk_of_two.state / "mode" / "web").read_text().split()
    assert written[0] == "observe"
    assert uptime() + 1700 < int(written[1]) <= uptime() + 1801
    told = mode(desk_of_two, "--json").json
    assert told["mail"] == {"mode": "observe", "registry": "observe", "set_by_hand": False, "seconds_left": None}
    assert 1700 < told["web"].pop("seconds_left") <= 1801
    assert told["web"] == {"mode": "observe", "registry": "enforce", "set_by_hand": True}


def test_until_reboot_and_clear(desk_of_two: Desk) -> None:
    assert mode(desk_of_two, "--all", "standard", "--until-reboot").status == 0
    for name in ("web", "mail"):
        path = desk_of_two.state / "mode" / name
        assert path.read_text() == "standard -\n"
        assert path.stat().st_mode & 0o777 == 0o644
    shown = mode(desk_of_two).stdout.splitlines()
    assert shown[1] == "web: standard until the next boot (the registry says enforce)"
    assert mode(desk_of_two, "web", "--clear").stdout == "web: enforce\n"
    assert mode(desk_of_two, "--all", "--clear").stdout == "mail: observe\nweb: enforce\n"
    assert list((desk_of_two.state / "mode").iterdir()) == []
    assert mode(desk_of_two, "--all", "--clear").status == 0


def test_a_service_whose_file_is_broken_can_be_switched(desk: Desk) -> None:
    register(desk, "[")
    assert mode(desk, "web", "standard", "--until-reboot").status == 0
    assert (
        mode(desk, "web").stdout == "web: standard until the next boot (the registry says nothing that can be read)\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["web", "observe"], "belong together"),
        (["web", "--for", "30m"], "belong together"),
        (["web", "observe", "--for", "30m", "--until-reboot"], "belong together"),
        (["wbe", "observe", "--for", "30m"], "no such service: 'wbe'"),
        (["../web", "observe", "--for", "30m"], "no such service"),
        (["web", "off", "--for", "30m"], "not one of enforce, observe, standard: 'off'"),
        (["web", "observe", "--for", "30"], "not a time like 90s"),
        (["web", "observe", "--for", "0m"], "not a time like 90s"),
        (["web", "observe", "--for", "9999d"], "not a time like 90s"),
        (["web", "observe", "--for", "٣m"], "not a time like 90s"),
        (["--clear"], "of which service?"),
        (["--all", "web", "observe", "--for", "1m"], "what is this: 'observe'"),
        (["web", "observe", "more", "--for", "1m"], "what is this: 'more'"),
        (["web", "observe", "--clear"], "goes with nothing else"),
        (["--no-such"], "unknown option --no-such"),
    ],
)
def test_slips(desk_of_two: Desk, words: list[str], told: str) -> None:
    outcome = mode(desk_of_two, *words)
    assert (outcome.status, outcome.stdout) == (1, "")
    assert told in outcome.stderr
    assert not desk_of_two.state.exists()


def test_who_may_not(desk_of_two: Desk) -> None:
    desk_of_two.state.mkdir()
    desk_of_two.become = NOBODY
    outcome = mode(desk_of_two, "web", "observe", "--for", "30m")
    assert (outcome.status, "cannot write a mode under" in outcome.stderr) == (1, True)


@pytest.mark.parametrize("spoil", ["link", "file", "open"])
def test_a_folder_that_others_arrange_is_not_written_to(desk_of_two: Desk, spoil: str) -> None:
    place = desk_of_two.state / "mode"
    desk_of_two.state.mkdir()
    elsewhere = desk_of_two.folder / "elsewhere"
    elsewhere.mkdir()
    if spoil == "link":
        place.symlink_to(elsewhere)
    elif spoil == "file":
        place.write_text("a file")
    else:
        place.mkdir()
        os.chmod(place, 0o777)
    outcome = mode(desk_of_two, "web", "observe", "--for", "30m")
    assert (outcome.status, list(elsewhere.iterdir())) == (1, [])


def test_no_registry(desk: Desk) -> None:
    outcome = desk.run(None, "lvs-rawcheck", "mode", "--state", str(desk.state), "--services", str(desk.folder / "no"))
    assert (outcome.status, "cannot read the registry" in outcome.stderr) == (1, True)
    assert desk.run(None, "lvs-rawcheck", "mode", "--help").status == 0
