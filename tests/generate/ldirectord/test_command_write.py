# SPDX-License-Identifier: GPL-2.0-or-later
"""`generate ldirectord FILE --write` and `--revert`: everything in its place, nothing that need not be, and back."""

from __future__ import annotations

import gc
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.registry.write import UNTOUCHED, condition
from tests.generate.ldirectord.folder_site import CONFIGURATION, MAIL, WEB, LdirectordSite
from tests.ldirectord.harness import needs_ldirectord

THIRD = """
virtual=192.0.2.3:443
\treal=192.0.2.11:443 gate
\tservice=https
\tchecktype=connect
"""


@pytest.fixture
def site(tmp_path: Path) -> LdirectordSite:
    return LdirectordSite(tmp_path)


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    yield
    gc.enable()  # the command ends its process


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def obey(commands: list[str]) -> None:
    """Run what a person is told to, in this order, but what tells a daemon."""
    for command in commands:
        if "reload" not in command:
            subprocess.run(["sh", "-ec", command], check=True, timeout=10, cwd="/")


def test_the_plan_is_written(site: LdirectordSite) -> None:
    outcome = site.write()
    assert (outcome.status, outcome.stderr) == (0, "")
    assert site.named() == [str(site.wrapper(WEB)), str(site.wrapper(MAIL))]
    for service in (WEB, MAIL):
        assert mode_of(site.wrapper(service)) == 0o755
        assert condition(site.service_file(service).read_bytes()) == UNTOUCHED
        assert not mode_of(site.service_file(service)) & 0o007
    assert f"programs written in {site.wrappers}: {WEB}, {MAIL}" in outcome.stdout
    assert "no check was tried: --no-probe" in outcome.stdout
    (backup,) = site.conf.parent.glob(".ldirectord.cf.*")
    assert backup.read_text() == CONFIGURATION
    assert f"written: {site.conf} (what was there: {backup})" in outcome.stdout


def test_a_second_run_touches_nothing(site: LdirectordSite) -> None:
    assert site.write().status == 0
    before, status = site.tree(), [each.stat() for each in (site.conf, site.wrapper(), site.service_file())]
    again = site.write()
    assert (again.status, again.stdout, again.stderr) == (0, "nothing to do\n", "")
    assert site.tree() == before
    for was, path in zip(status, (site.conf, site.wrapper(), site.service_file()), strict=True):
        now = path.stat()
        assert (now.st_ino, now.st_mtime_ns, now.st_ctime_ns) == (was.st_ino, was.st_mtime_ns, was.st_ctime_ns)


def test_what_is_checked_no_more_is_told_to_who_writes_without_a_look(site: LdirectordSite) -> None:
    site.conf.write_text(CONFIGURATION.replace("service=http", "service=ftp"))
    said = "note: virtual tcp:192.0.2.1:80: ftp: the login is checked, and no file is fetched any more"
    assert site.write().stdout.count(said) == 1
    assert said not in site.write().stdout


def test_the_file_is_not_touched_where_only_a_wrapper_changes(site: LdirectordSite) -> None:
    """By autoreload each new file is a reload, at which servers that are down come back for a moment."""
    assert site.write().status == 0
    before = site.conf.stat()
    intact = site.wrapper().read_bytes()
    site.wrapper().write_bytes(intact + b"# edited\n")
    outcome = site.write("--json").json
    assert (outcome["written"], outcome["executables"]) == ([], [str(site.wrapper())])
    assert outcome["commands"]["load"] == []
    assert site.wrapper().read_bytes() == intact
    now = site.conf.stat()
    assert (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert site.run("--check").status == 0


@pytest.mark.parametrize("ahead", [0, 3600], ids=["written-just-now", "dated-ahead"])
def test_each_file_is_another_to_who_looks_at_times_in_whole_seconds(site: LdirectordSite, ahead: int) -> None:
    """`return if ($stattime==$mtime)` (check_cfgfile): within the same second ldirectord would see no new file."""
    first = int(clock.wall_now()) + ahead
    os.utime(site.conf, (first, first + 0.25))
    commands = site.write("--json").json["commands"]
    second = int(site.conf.stat().st_mtime)
    assert site.run("--revert", "--write").status == 0
    third = int(site.conf.stat().st_mtime)
    assert first < second < third
    subprocess.run(["sh", "-c", commands["undo"][0]], check=True, timeout=10)
    assert site.conf.read_text() == CONFIGURATION
    assert int(site.conf.stat().st_mtime) == first  # no time that the daemon may have seen another text at


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_mode_and_links_are_kept(site: LdirectordSite, mode: int) -> None:
    site.conf.chmod(mode)
    link = site.folder / "ldirectord.cf"
    link.symlink_to("ha.d/ldirectord.cf")
    outcome = site.write(file=link)
    assert outcome.status == 0
    assert link.is_symlink()
    assert mode_of(site.conf) == mode
    assert f"{link} is a symbolic link: {site.conf} is written" in outcome.stdout
    assert f"ldirectord {link} reload" in outcome.stdout  # by its name the daemon is found


def test_the_commands_undo_a_first_run(site: LdirectordSite) -> None:
    commands = site.write("--json").json["commands"]
    obey(commands["undo"])
    assert site.conf.read_text() == CONFIGURATION
    assert site.wrapper().exists()  # called until the reload
    assert commands["load"] == [
        f"lvs-rawcheck generate ldirectord {site.conf} {' '.join(site.options())} --json --check",
        f"ldirectord {site.conf} reload",
        "ipvsadm -L -n",
    ]


def test_the_commands_undo_a_further_run(site: LdirectordSite) -> None:
    site.write()
    site.wrapper().chmod(0o755)
    tree = site.tree()
    again = site.write("--json", "--timeout", "9.5", "--observe")
    assert again.status == 0
    assert sorted(again.json["services"]) == [WEB, MAIL]
    assert len(again.json["executables"]) == 2
    assert site.tree() != tree
    obey(again.json["commands"]["undo"])
    assert site.tree() == tree
    assert mode_of(site.wrapper()) == 0o755
    assert site.run("--check").status == 0


def test_where_it_reads_the_file_by_itself_nobody_is_told_to_reload(site: LdirectordSite) -> None:
    site.conf.write_text(f"autoreload=yes\n{CONFIGURATION}")
    commands = site.write("--json").json["commands"]
    assert not [command for command in (*commands["load"], *commands["undo"]) if "reload" in command]


def test_an_edited_service_file_is_kept_and_what_it_lacks_refused(site: LdirectordSite) -> None:
    site.services.mkdir()
    path = site.service_file()
    path.write_text('endpoint = ["192.0.2.1:80"]\n[[check]]\nkind = "tcp"\n[[real_server]]\naddress = "192.0.2.11"\n')
    tree = site.tree()
    outcome = site.write()
    assert outcome.status == 1
    assert f"{WEB}/192.0.2.12: the service file was edited" in outcome.stderr
    assert site.tree() == tree
    path.write_text(path.read_text() + '[[real_server]]\naddress = "192.0.2.12"\n')
    edited = path.read_bytes()
    outcome = site.write()
    assert outcome.status == 0
    assert f"service file {WEB}: edited, and kept as it is" in outcome.stdout
    assert path.read_bytes() == edited


def test_a_server_that_left_the_configuration_leaves_the_registry_and_it_is_said(site: LdirectordSite) -> None:
    site.write()
    site.conf.write_text(site.conf.read_text().replace("\treal=192.0.2.12:80 gate 5\n", ""))
    outcome = site.write()
    assert outcome.status == 0
    assert f"{WEB}/192.0.2.12: in its service file no more" in outcome.stdout
    assert site.run("--check").status == 0


def test_a_virtual_that_left_leaves_files_to_be_removed_after_the_reload(site: LdirectordSite) -> None:
    site.write()
    site.conf.write_text(site.conf.read_text().partition("virtual=192.0.2.2")[0] + THIRD)
    commands = site.write("--json").json["commands"]
    assert site.wrapper(MAIL).exists()
    assert commands["tidy"] == [f"rm -- {site.service_file(MAIL)} {site.wrapper(MAIL)}"]


def test_a_copy_takes_no_check_from_the_site(site: LdirectordSite) -> None:
    site.write()
    tree = site.tree()
    copy = site.folder / "copy.cf"
    copy.write_text(CONFIGURATION.replace("\treal=192.0.2.12:80 gate 5\n", ""))
    outcome = site.write(file=copy)
    assert outcome.status == 1
    assert f"{WEB}: its service file was made of {site.conf}, whose checks it would lack" in outcome.stderr
    copy.unlink()
    assert site.tree() == tree


def test_two_configurations_of_one_registry(site: LdirectordSite) -> None:
    site.write()
    other = site.conf.with_name("other.cf")
    other.write_text("virtual=192.0.2.9:80\n\treal=192.0.2.11:80 gate\n\tservice=http\n")
    assert site.write(file=other).status == 0
    assert [site.run("--check", file=each).status for each in (site.conf, other)] == [0, 0]
    # The same virtual again, asked less: what the first one asks must not change behind its back.
    other.write_text(CONFIGURATION.replace("checktype=negotiate", "checktype=connect"))
    tree = site.tree()
    outcome = site.write(file=other)
    assert outcome.status == 1
    assert f"{WEB}: its service file was made of {site.conf}, which calls it still" in outcome.stderr
    assert site.tree() == tree
    # Moved, it follows its configuration.
    site.conf.unlink()
    assert site.write(file=other).status == 0


def test_a_missing_verdict_script_is_refused(site: LdirectordSite) -> None:
    site.verdict.unlink()
    tree = site.tree()
    outcome = site.write()
    assert outcome.status == 1
    assert f"{site.verdict} is not there: all servers would be down" in outcome.stderr
    assert site.tree() == tree


# --revert


@pytest.mark.parametrize(
    "text",
    [
        CONFIGURATION,
        CONFIGURATION.removesuffix("\n"),
        CONFIGURATION.replace("\t", "    "),
        CONFIGURATION.replace("checktype=negotiate", "checktype=negotiate # as since 2009 |"),
        CONFIGURATION + THIRD,
    ],
    ids=["plain", "no last newline", "blanks", "comment", "three"],
)
def test_writing_and_taking_back_gives_the_same_octets(site: LdirectordSite, text: str) -> None:
    site.conf.write_bytes(text.encode())
    assert site.write().status == 0
    assert site.conf.read_bytes() != text.encode()
    shown = site.run("--revert")
    assert shown.status == 1
    assert "-\tchecktype=external" in shown.stdout.replace("    ", "\t")
    assert site.run("--revert", "--write").status == 0
    assert site.conf.read_bytes() == text.encode()
    again = site.run("--revert", "--write")
    assert (again.status, again.stdout) == (0, "there is nothing to put back\n")


def test_what_was_edited_around_it_stays(site: LdirectordSite) -> None:
    site.write()
    edits = {"scheduler=wlc": "scheduler=rr", "checkinterval=5": "checkinterval=7", "gate 5": "gate 9"}
    text, expected = site.conf.read_text(), CONFIGURATION
    for old, new in edits.items():
        text, expected = text.replace(old, new), expected.replace(old, new)
    site.conf.write_text(f"# ours\n{text}{THIRD}")
    assert site.run("--revert", "--write").status == 0
    assert site.conf.read_text() == f"# ours\n{expected}{THIRD}"


def test_one_virtual_alone_and_what_nothing_calls_any_more(site: LdirectordSite) -> None:
    site.write()
    commands = site.run("--revert", "--write", "--only", "192.0.2.2", "--json").json["commands"]
    assert site.named() == [str(site.wrapper(WEB))]
    assert site.wrapper(MAIL).exists()
    assert commands["tidy"] == [f"rm -- {site.service_file(MAIL)} {site.wrapper(MAIL)}"]
    obey(commands["tidy"])
    assert not site.wrapper(MAIL).exists()
    assert site.run("--check", "--exclude", "192.0.2.2").status == 0


def test_it_says_that_servers_come_back_for_a_moment(site: LdirectordSite) -> None:
    site.write()
    assert "puts servers that are down back for a moment" in site.run("--revert", "--write").stdout


def test_what_cannot_be_put_back_is_named(site: LdirectordSite) -> None:
    site.write()
    lines = site.conf.read_text().splitlines(keepends=True)
    site.conf.write_text("".join(line for line in lines if f"lvs-rawcheck {MAIL}" not in line))
    outcome = site.run("--revert", "--write")
    assert outcome.status == 1
    assert f"calls {site.wrapper(MAIL)}: what was here before is not known" in outcome.stderr
    assert site.named() == [str(site.wrapper(MAIL))]


@pytest.mark.parametrize("kept", ["#|checktype=no such type", "#|nonsense"])
def test_nothing_is_put_back_that_ldirectord_would_refuse(site: LdirectordSite, kept: str) -> None:
    """A daemon whose reload fails goes on, and takes no verdict for what it is."""
    site.write()
    site.conf.write_text(site.conf.read_text().replace("#|checktype=negotiate", kept))
    tree = site.tree()
    outcome = site.run("--revert", "--write")
    assert outcome.status == 1
    assert "would refuse or misread the result" in outcome.stderr
    assert "nothing was written" in outcome.stdout
    assert site.tree() == tree


# --root


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


def test_all_goes_to_the_tree_and_nothing_else(site: LdirectordSite, root: Path) -> None:
    before = site.tree()
    site.verdict.unlink()
    outcome = site.run("--write", "--root", str(root))
    assert (outcome.status, outcome.stderr) == (0, "")
    assert "no check was tried: --root is for another host" in outcome.stdout
    assert "another host's: whether the scripts are there" in outcome.stdout
    assert " reload" not in outcome.stdout
    assert {**site.tree(), "scripts/verdict": before["scripts/verdict"]} == before
    there = [site.conf, *(site.wrapper(name) for name in (WEB, MAIL)), *(site.service_file(n) for n in (WEB, MAIL))]
    assert files(root) == sorted(str(path.relative_to("/")) for path in there)
    written = (root / site.conf.relative_to("/")).read_text()
    assert f'checkcommand="{site.wrapper()}"' in written  # as the other host sees it
    assert str(root) not in written + (root / site.service_file().relative_to("/")).read_text()
    assert mode_of(root / site.wrapper().relative_to("/")) == 0o755
    again = site.run("--write", "--root", str(root))
    assert (again.status, again.stdout) == (0, "nothing to do\n")


def test_a_configuration_in_the_tree_and_links_that_are_absolute_there(site: LdirectordSite, root: Path) -> None:
    conf = root / "etc" / "ha.d" / "ldirectord.cf"
    conf.parent.mkdir(parents=True)
    (root / "srv" / "ours").mkdir(parents=True)
    conf.symlink_to("/srv/ldirectord.cf")
    (root / "srv" / "ldirectord.cf").write_text(CONFIGURATION)
    (root / site.folder.relative_to("/")).mkdir(parents=True)
    (root / site.wrappers.relative_to("/")).symlink_to("/srv/ours")
    outcome = site.run("--write", "--root", str(root), file=conf)
    assert (outcome.status, outcome.stderr) == (0, "")
    assert conf.is_symlink()
    assert f'checkcommand="{site.wrapper()}"' in (root / "srv" / "ldirectord.cf").read_text()
    assert os.access(root / "srv" / "ours" / WEB, os.X_OK)
    assert not site.wrappers.exists()
    assert not Path("/srv/ours").exists()
    assert site.run("--check", "--root", str(root), file=conf).status == 0
    (root / "srv" / "ours" / WEB).unlink()
    assert site.run("--check", "--root", str(root), file=conf).status == 1


@needs_ldirectord
def test_reading_for_another_host_leaves_no_file_on_this_one(site: LdirectordSite, root: Path) -> None:
    """ldirectord makes a monitorfile by reading its name."""
    monitor = site.folder / "monitor"
    site.conf.write_text(CONFIGURATION.replace("\tscheduler=wlc", f"\tscheduler=wlc\n\tmonitorfile={monitor}"))
    outcome = site.run("--write", "--root", str(root))
    assert outcome.status == 0
    assert "it would make the other host's monitorfile here" in outcome.stdout
    assert not monitor.exists()
