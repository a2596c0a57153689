# SPDX-License-Identifier: GPL-2.0-or-later
"""--root: a tree for another host, in which no link leads anywhere else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lvs_rawcheck.errors import ConfigError, UsageError
from lvs_rawcheck.generate.tree import Tree
from tests.generate.folder_site import CONFIGURATION, FolderSite


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


def placed(root: Path, path: str) -> str:
    return os.path.relpath(Tree(str(root)).place(path), root)


@pytest.mark.parametrize(
    ("links", "path", "place"),
    [
        ({}, "/etc/a.conf", "etc/a.conf"),
        ({"etc": "/srv/etc"}, "/etc/a.conf", "srv/etc/a.conf"),
        ({"etc": "srv/../../../etc2"}, "/etc/a.conf", "etc2/a.conf"),
        ({"a.conf": "/b.conf", "b.conf": "c.conf"}, "/a.conf", "c.conf"),
        ({}, "/../../etc/a.conf", "etc/a.conf"),
        ({"up": ".."}, "/up/up/a.conf", "a.conf"),
    ],
)
def test_links_mean_what_they_mean_on_the_other_host(root: Path, links: dict[str, str], path: str, place: str) -> None:
    for name, target in links.items():
        (root / name).symlink_to(target)
    assert placed(root, path) == place


def test_what_lies_in_the_tree_stays_there(root: Path, tmp_path: Path) -> None:
    assert placed(root, f"{root}/etc/a.conf") == "etc/a.conf"
    (tmp_path / "named").symlink_to(root)
    assert os.path.relpath(Tree(f"{tmp_path}/named").place(f"{tmp_path}/named/etc/a.conf"), root) == "etc/a.conf"


def test_links_in_a_circle_are_an_error(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(ConfigError, match="too many symbolic links"):
        placed(root, "/a")


def test_a_tree_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        Tree(f"{tmp_path}/missing")


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    folder = tmp_path / "site"
    folder.mkdir()
    return FolderSite(folder)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_all_goes_to_the_tree_and_nothing_else(site: FolderSite, root: Path) -> None:
    before = site.tree()
    outcome = site.run("--write", "--root", str(root))
    assert outcome.status == 0
    assert "no check was tried: --root is for another host" in outcome.stdout
    assert "another host's: whether the scripts are there" in outcome.stdout
    assert "systemctl" not in outcome.stdout
    assert site.tree() == before
    assert files(root) == sorted(
        (str(site.conf.relative_to("/")), f"{site.services.relative_to('/')}/tcp-192.0.2.1-80.toml")
    )
    assert b"MISC_CHECK" in (root / site.conf.relative_to("/")).read_bytes()
    again = site.run("--write", "--root", str(root))
    assert (again.status, again.stdout) == (0, "nothing to do\n")


def test_what_few_may_read_is_not_opened_to_more(site: FolderSite, root: Path) -> None:
    site.conf.chmod(0o600)
    assert site.run("--write", "--root", str(root)).status == 0
    assert stat.S_IMODE((root / site.conf.relative_to("/")).stat().st_mode) == 0o600


def test_a_configuration_of_the_tree_is_written_in_place(site: FolderSite, root: Path) -> None:
    conf = root / "etc" / "keepalived.conf"
    (root / "srv").mkdir()
    (root / "etc").mkdir()
    conf.symlink_to("/srv/real.conf")
    (root / "srv" / "real.conf").write_text(CONFIGURATION)
    outcome = site.run("--write", "--root", str(root), file=conf)
    assert outcome.status == 0
    assert conf.is_symlink()
    assert b"MISC_CHECK" in (root / "srv" / "real.conf").read_bytes()
    assert not Path("/srv/real.conf").exists()


def test_a_service_file_is_the_same_in_whichever_tree_it_was_made(site: FolderSite, tmp_path: Path) -> None:
    """Else the gate on the host itself would find it changed."""
    found = []
    for name in ("one", "two"):
        conf = tmp_path / name / "etc" / "keepalived.conf"
        conf.parent.mkdir(parents=True)
        conf.write_text(CONFIGURATION)
        assert site.write("--root", str(tmp_path / name), file=conf).status == 0
        (file,) = (tmp_path / name).rglob("tcp-192.0.2.1-80.toml")
        found.append(file.read_text())
    assert found[0] == found[1]
    assert "# /etc/keepalived.conf: virtual_server 192.0.2.1 80\n" in found[0]


def test_a_link_of_the_tree_does_not_lead_out_of_it(site: FolderSite, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    first = site.services.relative_to("/").parts[0]
    (root / first).symlink_to(os.path.relpath(outside, root))
    assert site.run("--write", "--root", str(root)).status == 0
    assert list(outside.iterdir()) == []


def test_a_configuration_of_the_tree_includes_none_of_this_host(site: FolderSite, root: Path) -> None:
    conf = root / "keepalived.conf"
    conf.write_text(f"include {site.conf}\n")
    outcome = site.run("--write", "--root", str(root), file=conf)
    assert outcome.status == 2
    assert "this configuration includes a file outside of it" in outcome.stderr
    assert files(root) == ["keepalived.conf"]
