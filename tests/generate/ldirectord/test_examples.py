# SPDX-License-Identifier: GPL-2.0-or-later
"""Each site of examples/ldirectord becomes what its folder says, stays so, goes back, and ldirectord takes both."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.generate.ldirectord.config_test import config_test
from lvs_rawcheck.registry.read import parse_service
from lvs_rawcheck.registry.write import UNTOUCHED, condition
from tests.generate.example_sites import AFTER, LDIRECTORD, OPTIONS, conf_in, expected_of, generate, made_of, sites
from tests.ldirectord.harness import needs_ldirectord

SITES = sites(LDIRECTORD)
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


def test_there_are_sites_and_the_readme_names_all() -> None:
    assert len(SITES) >= 7
    text = (LDIRECTORD.examples / "README.md").read_text()
    assert [site.name for site in SITES if f"`{site.name}`" not in text] == []


def test_it_becomes_what_its_folder_says(made: Made) -> None:
    expected = expected_of(made.site)
    assert sorted(made.texts) == sorted(expected)
    for name, text in made.texts.items():
        assert text == expected[name], name


def test_again_there_is_nothing_to_do_and_it_goes_back(made: Made) -> None:
    again = generate(made.site, made.root, "--check")
    assert again.returncode == 0, again.stdout
    back = generate(made.site, made.root, "--revert", "--write")
    assert back.returncode == 0, back.stderr
    assert conf_in(made.site, made.root).read_bytes() == (made.site / LDIRECTORD.main).read_bytes()


@needs_ldirectord
@by_site
def test_ldirectord_takes_it_before_and_after(site: Path) -> None:
    for path in (site / LDIRECTORD.main, site / AFTER / LDIRECTORD.main):
        found = config_test(str(path), path.read_bytes())
        assert found.accepted, found.message


@by_site
def test_its_programs_are_programs_and_its_service_files_as_we_leave_them(site: Path) -> None:
    services = sorted(path.stem for path in (site / AFTER / "services.d").glob("*.toml"))
    assert sorted(path.name for path in (site / AFTER / "wrappers").iterdir()) == services
    for name in services:
        path, wrapper = site / AFTER / "services.d" / f"{name}.toml", site / AFTER / "wrappers" / name
        assert condition(path.read_bytes()) == UNTOUCHED
        assert parse_service(path.name, name, path.read_bytes(), import_site_packages).real_servers
        assert os.access(wrapper, os.X_OK)
        assert subprocess.run(["/bin/sh", "-n", wrapper], check=False, timeout=20).returncode == 0


@by_site
def test_role_files_are_those_that_its_readme_names(site: Path) -> None:
    readme = site / "README.md"
    if not readme.exists():
        assert 'role_file = "auto"' in next((site / AFTER / "services.d").glob("*.toml")).read_text()
        return
    option = (site / OPTIONS).read_text().strip()
    assert f"generate ldirectord /etc/ha.d/ldirectord.cf {option} --write" in readme.read_text()
