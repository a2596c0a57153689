# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks go on through an upgrade, whatever becomes of it: none fails, none mixes two versions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.site import Site
from tests.netns.topology import Network, wait_until
from tests.package.build import built, control_field
from tests.package.root import Root
from tests.package.site import CHECK, DOWN, INLINE, MODULES, SERVICE, TWIN, VERDICT, checks_while, register, wrong

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


def test_the_daemon_goes_on_through_an_upgrade_and_starts_anew(director: Root, site: Site) -> None:
    """Its program is taken away under it; it goes on, reloads, and the next one finds what it left: nothing flaps."""
    daemon = start_daemon(director, site)
    upgrade = director.start(["dpkg", "--install", director.bring(built(NEXT))])
    ended = checks_while(director, site, upgrade, SECONDS_MOST)
    said = upgrade.communicate()[0]
    assert upgrade.returncode == 0, said
    assert wrong(ended) == []
    assert installed(director) == [NEXT, "current"]  # no waiting for the daemon, whose folder is gone
    assert daemon.poll() is None
    # Kinds, failures and questions that it has not met before.
    kinds = ("http", "https", "smtp", "dns", "ldap", "imap")
    for kind in kinds:
        file = SERVICE.replace('kind = "tcp"', f'kind = "{kind}"').replace("timeout = 5.0", "timeout = 0.5")
        director.write(f"/etc/lvs-rawcheck/services.d/{kind}.toml", f"interval = 0.5\n{file}")
    tell_daemon(director, "HUP")
    wait_until(lambda: len(known(director)) == 1 + len(kinds), "all have been run", 20.0)
    assert known(director).pop(CHECK) == "ok"
    assert not {"cannot-judge", ""} & set(known(director).values())
    director.do("sh", "-c", "rm /etc/lvs-rawcheck/services.d/[!w]*")
    with watched(director, f"/run/lvs-rawcheck/track/{CHECK.replace('/', '@')}") as digits:
        tell_daemon(director, "TERM")
        said = daemon.communicate(timeout=20)[0]
        assert daemon.returncode == 0
        assert "Error" not in said, said
        anew = start_daemon(director, site)
    assert set(digits) == {"0"}
    for _ in range(10):
        director.do(*VERDICT, host=site.director)
    tell_daemon(director, "TERM")
    anew.communicate(timeout=20)


def start_daemon(root: Root, site: Site) -> subprocess.Popen[str]:
    """Return a daemon that is the package's user and has a verdict of its own."""
    began = float(root.do("cat", "/proc/uptime").split()[0])
    child = root.start(["lvs-rawcheck", "daemon"], site.director)

    def has_verdict() -> bool:
        assert child.poll() is None, child.communicate()[0]
        return int(root.run("cat", f"/run/lvs-rawcheck/verdict/{CHECK}").stdout.split()[0] or 0) >= int(began)

    wait_until(lambda: root.run("test", "-e", f"/run/lvs-rawcheck/verdict/{CHECK}").returncode == 0, "a verdict", 20.0)
    wait_until(has_verdict, "a verdict of its own", 20.0)
    assert root.do("stat", "-c", "%U", f"/run/lvs-rawcheck/verdict/{CHECK}").strip() == "lvs-rawcheck"
    return child


def tell_daemon(root: Root, signal: str) -> None:
    """Send the one daemon that runs in there a signal."""
    root.do("sh", "-c", f"kill -{signal} $(grep -lszx '[d]aemon' /proc/[0-9]*/cmdline | cut -d/ -f3)")


def known(root: Root) -> dict[str, str]:
    """Return the reason of each check that the daemon has run, by its ID."""
    checks = json.loads(root.run("lvs-rawcheck", "status", "--json").stdout)["checks"]
    return {check["id"]: check["reason"] for check in checks if check["runs"]}


@contextmanager
def watched(root: Root, path: str) -> Iterator[list[str]]:
    """What a file holds, looked at a hundred times a second, `gone` where it is not there; complete at the end."""
    look = f"while [ ! -e /run/looked ]; do cat {path} 2>/dev/null || echo gone; sleep 0.01; done"
    child = root.start(["timeout", "60", "sh", "-c", look])
    found: list[str] = []
    try:
        yield found
    finally:
        root.do("touch", "/run/looked")
        found += child.communicate(timeout=20)[0].split()
