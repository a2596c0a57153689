# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks go on through an upgrade, whatever becomes of it: none fails, none mixes two versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.site import Site
from tests.netns.topology import Network
from tests.package.build import built, control_field
from tests.package.root import Root
from tests.package.site import DOWN, INLINE, MODULES, TWIN, VERDICT, checks_while, register, wrong

pytestmark = [pytest.mark.netns, pytest.mark.full]

NEXT = "0.1.0+next"
HOLD = "/run/lvs-rawcheck/hold"
SECONDS_MOST = 90.0


@pytest.fixture
def site(network: Network) -> Site:
    return Site(network)


@pytest.fixture
def director(root: Root) -> Root:
    """A root file system in which the package is installed, and a service registered."""
    root.install(built())
    register(root)
    return root


def test_no_check_fails_while_it_is_upgraded(
    director: Root, site: Site, record_property: Callable[[str, object], None]
) -> None:
    """Ten a second by the registry, ten by a command line; a drop-in too, and one of a server that is down."""
    director.do(*VERDICT, host=site.director)
    new = director.bring(built(NEXT))
    old = director.bring(built())
    twice = f"apt-get install -q -y --no-install-recommends {new} && dpkg -i {old} && dpkg -i {new}"
    upgrade = director.start(["sh", "-c", twice])
    ended = checks_while(director, site, upgrade, SECONDS_MOST)
    said = upgrade.communicate()[0]
    assert upgrade.returncode == 0, said
    record_property("checks", len(ended))
    assert {each.words for each in ended} == {VERDICT, INLINE, TWIN, DOWN}
    assert wrong(ended) == []
    assert installed(director) == [NEXT, "current"]
    assert current(director) == NEXT
    assert director.run("test", "-e", HOLD).returncode == 1
    assert "not empty" not in said


def test_unpacked_and_not_yet_configured_the_old_program_runs(director: Root, site: Site) -> None:
    """Hours may pass, and the host may boot meanwhile."""
    old = current(director)
    director.do("dpkg", "--unpack", director.bring(built(NEXT)))
    assert installed(director) == sorted([NEXT, "current", "kept"])
    assert current(director) == "kept"
    held = director.do("cat", HOLD).strip()
    assert held.isdigit()
    for words in (VERDICT, INLINE):
        director.do(*words, host=site.director)
    director.do("rm", "-r", "/run/lvs-rawcheck")
    director.do("dpkg", "--unpack", director.bring(built()))  # once more, and back
    assert current(director) == "kept"
    director.do(*INLINE, host=site.director)
    director.do("dpkg", "--configure", "lvs-rawcheck")
    assert (current(director), installed(director)) == (old, [old, "current"])


def test_held_verdicts_take_no_program(director: Root, site: Site) -> None:
    director.do(*VERDICT, host=site.director)
    director.do("dpkg", "--unpack", director.bring(built(NEXT)))
    director.do("mv", "/usr/bin/python3", "/usr/bin/python3.away")  # as while Python itself is unpacked
    director.do(*VERDICT, host=site.director)
    assert director.run(*INLINE, host=site.director).returncode != 0
    director.do("mv", "/usr/bin/python3.away", "/usr/bin/python3")
    director.do("dpkg", "--configure", "lvs-rawcheck")


def test_an_upgrade_that_fails_leaves_the_old_program(director: Root, site: Site, tmp_path: Path) -> None:
    """The archive ends in the midst of its files: preinst has run, and part of them is unpacked."""
    before = {path: mode for path, mode in director.files().items() if path.startswith(("/usr", "/etc/lvs"))}
    octets = built(NEXT).read_bytes()
    broken = tmp_path / "broken.deb"
    broken.write_bytes(octets[: len(octets) * 2 // 3])
    failed = director.run("dpkg", "--install", director.bring(broken))
    assert failed.returncode != 0
    director.do(*INLINE, host=site.director)
    assert director.run("test", "-e", HOLD).returncode == 1
    after = {path: mode for path, mode in director.files().items() if path.startswith(("/usr", "/etc/lvs"))}
    assert before == after


def test_the_same_version_again(director: Root, site: Site) -> None:
    version = control_field(built(), "Version")
    for _ in range(2):
        director.do("dpkg", "--install", director.bring(built()))
        director.do(*INLINE, host=site.director)
        assert installed(director) == [version, "current"]


def test_another_python_compiles_anew(director: Root) -> None:
    director.do("find", MODULES, "-name", "*.pyc", "-delete")
    director.do("dpkg-trigger", "--by-package=python3-minimal", "/usr/bin/python3")
    director.do("dpkg", "--triggers-only", "--pending")
    assert int(director.do("sh", "-c", f"find {MODULES}/{current(director)} -name '*.pyc' | wc -l")) > 100


def installed(root: Root) -> list[str]:
    """Return what lies in the program's folder."""
    return sorted(path.name for path in root.path(MODULES).iterdir())


def current(root: Root) -> str:
    """Return what the launchers use."""
    return str(root.path(f"{MODULES}/current").readlink())
