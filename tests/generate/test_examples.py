# SPDX-License-Identifier: GPL-2.0-or-later
"""Each site of examples/keepalived becomes what its folder says, stays so, goes back, and pleases keepalived itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.registry.read import parse_service
from lvs_rawcheck.registry.write import UNTOUCHED, condition
from tests.generate.example_sites import AFTER, MAIN, conf_in, expected_of, generate, lay_out, made_of, sites

SITES = sites()
KEEPALIVED = shutil.which("keepalived") or "/usr/sbin/keepalived"
# Debian 12's keepalived ends itself when a script's user is not the one that tests (2.2.5 to 2.2.7).
OTHER_USERS = re.compile(r"\bnobody( nogroup)?$", re.MULTILINE)
FILE_AND_LINE = re.compile(r"^\(.*?: Line \d+\) ", re.MULTILINE)

by_site = pytest.mark.parametrize("site", SITES, ids=[site.name for site in SITES])


@dataclass(frozen=True)
class Made:
    """A site, the tree that the program wrote it into, and what it made of it."""

    site: Path
    root: Path
    texts: dict[str, str]


@pytest.fixture(scope="module", params=SITES, ids=[site.name for site in SITES])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Each site as the program writes it."""
    root = tmp_path_factory.mktemp(request.param.name)
    return Made(request.param, root, made_of(request.param, root))


def messages(conf: Path) -> Counter[str]:
    """Return what keepalived says of a configuration, without places, which another line above moves."""
    for path in conf.parent.rglob("*.conf"):
        path.write_text(OTHER_USERS.sub("root", path.read_text()))
    done = subprocess.run([KEEPALIVED, "-t", "-f", str(conf)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode in (0, 4, 5, 6), done
    return Counter(FILE_AND_LINE.sub("", done.stderr).splitlines())


def test_there_are_sites() -> None:
    assert len(SITES) >= 8


def test_it_becomes_what_its_folder_says(made: Made) -> None:
    expected = expected_of(made.site)
    assert sorted(made.texts) == sorted(expected)
    for name, text in made.texts.items():
        assert text == expected[name], name


def test_again_there_is_nothing_to_do_and_it_goes_back(made: Made) -> None:
    conf = conf_in(made.site, made.root)
    again = generate(made.site, made.root, "--check")
    assert again.returncode == 0, again.stdout
    back = generate(made.site, made.root, "--revert", "--write")
    assert back.returncode == 0, back.stderr
    for path in conf.parent.rglob("*.conf"):
        assert path.read_bytes() == (made.site / path.relative_to(conf.parent)).read_bytes()


@by_site
def test_keepalived_has_nothing_more_to_say_of_it_afterwards(site: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(site / AFTER, after)
    assert messages(after / MAIN) == messages(lay_out(site, before))


@by_site
def test_its_service_files_are_as_we_leave_them(site: Path) -> None:
    for path in (site / AFTER / "services.d").glob("*.toml"):
        assert condition(path.read_bytes()) == UNTOUCHED
        service = parse_service(path.name, path.stem, path.read_bytes(), import_site_packages)
        assert service.real_servers
