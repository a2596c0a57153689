# SPDX-License-Identifier: GPL-2.0-or-later
"""Style track-file: two runs, from one style to another and back, versions of keepalived that cannot have it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.keepalived.candidate import judge_by_keepalived, judge_version
from lvs_rawcheck.generate.keepalived.compare import PlanMismatch
from lvs_rawcheck.generate.keepalived.config_test import installed_version
from lvs_rawcheck.generate.keepalived.versions import version_fault
from lvs_rawcheck.generate.options import PlanOptions
from tests.generate.case import CASES, lay_out
from tests.generate.folder_site import CONFIGURATION, KEEPALIVED, FolderSite
from tests.generate.test_corpus import BESIDE, IN_PLACE, SOME_AT_LEAST, come_to_rest
from tests.generate.test_revert import OTHER_SERVER

STYLE = ("--style", "track-file")
ONLY = (*STYLE, "--file-check-only")
FIRST, SECOND = "tcp-192.0.2.1-80@192.0.2.11", "tcp-192.0.2.1-80@192.0.2.12"
TOLD = PlanOptions(style="track-file")
TOLD_ONLY = PlanOptions(style="track-file", file_check_only=True, add_missing=True)


class Site(FolderSite):
    """One with a folder of the daemon's, if there is one."""

    def tell(self, verdicts: dict[str, str], seconds_ago: int = 0) -> None:
        """Do what a daemon does that lived so long ago."""
        for folder in ("track", "daemon"):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        (self.state / "daemon" / "alive").write_text(f"{int(clock.uptime()) - seconds_ago} 64\n")
        for name, text in verdicts.items():
            (self.state / "track" / name).write_text(text)

    @property
    def text(self) -> str:
        """The configuration as it is."""
        return self.conf.read_text()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def told(site: Site) -> Site:
    """A site whose daemon has verdicts."""
    site.tell({FIRST: "0\n", SECOND: "1\n"})
    return site


# Two runs ----------------------------------------------------------------------------------------------------


def test_the_first_run_writes_the_service_files_alone(site: Site) -> None:
    outcome = site.write(*STYLE)
    assert outcome.status == 1
    assert site.text == CONFIGURATION
    assert [path.name for path in site.services.glob("*.toml")] == ["tcp-192.0.2.1-80.toml"]
    assert "2 of 2 checks have no track file with a verdict" in outcome.stderr
    assert "have no track file" not in outcome.stdout, "told once"
    assert "the configuration was not written: it takes two runs" in outcome.stdout


def test_the_second_run_writes_the_configuration(site: Site) -> None:
    site.write(*STYLE)
    site.tell({FIRST: "0\n", SECOND: "1\n"})
    assert site.write(*STYLE).status == 0
    assert site.text.count("FILE_CHECK {") == site.text.count("TCP_CHECK {") == 2
    assert site.run("--check", *STYLE).status == 0


def test_the_plan_says_what_is_missing(site: Site) -> None:
    site.tell({FIRST: "0\n"})
    outcome = site.run(*STYLE)
    assert outcome.status == 1
    assert "1 of 2 checks have no track file with a verdict" in outcome.stdout
    assert "tcp-192.0.2.1-80/192.0.2.12" in outcome.stdout
    assert "it takes two runs" in outcome.stdout
    assert "by the daemon: no process is started for them" in outcome.stdout


@pytest.mark.parametrize("text", ["", "\n", "2\n", "00\n", "up\n", "\0", "-1\n"])
def test_what_is_no_verdict_is_none(text: str, site: Site) -> None:
    site.tell({FIRST: "0\n", SECOND: text})
    assert site.write(*STYLE).status == 1
    assert site.text == CONFIGURATION


def test_a_link_is_no_verdict(told: Site) -> None:
    file = told.state / "track" / SECOND
    file.unlink()
    file.symlink_to(FIRST)
    assert told.write(*STYLE).status == 1
    assert told.text == CONFIGURATION


def test_a_fifo_holds_nobody_up(told: Site) -> None:
    file = told.state / "track" / SECOND
    file.unlink()
    os.mkfifo(file)
    assert told.write(*STYLE).status == 1


@pytest.mark.parametrize("alive", ["", "soon 64\n", "99999999999999999999999 1\n"])
def test_a_sign_of_life_that_is_none(alive: str, told: Site) -> None:
    (told.state / "daemon" / "alive").write_text(alive)
    assert told.write(*STYLE).status == 1


def test_what_a_dead_daemon_said_counts_for_nothing(site: Site) -> None:
    site.tell({FIRST: "0\n", SECOND: "0\n"}, seconds_ago=60)
    outcome = site.write(*STYLE)
    assert (outcome.status, site.text) == (1, CONFIGURATION)
    assert "no daemon keeps" in outcome.stderr


def test_force_does_not_make_verdicts(site: Site) -> None:
    assert site.write("--force", *STYLE).status == 1
    assert site.text == CONFIGURATION


def test_a_track_file_that_went_is_a_finding(told: Site) -> None:
    assert told.write(*STYLE).status == 0
    (told.state / "track" / FIRST).unlink()
    before = told.text
    assert told.run("--check", *STYLE).status == 1
    assert told.write(*STYLE).status == 1
    assert told.text == before


def test_another_host_is_not_looked_at(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    site = Site(root)
    assert site.write("--root", str(root), *STYLE).status == 0
    assert site.text.count("FILE_CHECK {") == 2


# From one style to another -----------------------------------------------------------------------------------

INLINE = ("--style", "inline")
STYLES = [(), ("--keep-existing",), STYLE, ONLY, INLINE]


@pytest.mark.parametrize("second", STYLES)
@pytest.mark.parametrize("first", STYLES)
def test_what_the_last_run_asked_for_is_there(first: tuple[str, ...], second: tuple[str, ...], tmp_path: Path) -> None:
    """But what was put beside the checkers on purpose stays there, until somebody asks for --file-check-only."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    changed, direct = (lay_out(CASES / "tcp", tmp_path / name) for name in ("one", "other"))
    state = ("--state", str(changed.state))
    for words in (first, second):
        changed.carry_out(changed.plan(*words, *state))
    assert changed.plan(*second, *state).status == 0
    stays = first == ("--keep-existing",) and second in ((), INLINE)
    words = (*second, "--keep-existing") if stays else second
    direct.carry_out(direct.plan(*words, *state))
    assert changed.conf.read_text() == direct.conf.read_text().replace(str(direct.services), str(changed.services))


@pytest.mark.parametrize("style", [STYLE, ONLY])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_everything_goes_back(style: tuple[str, ...], newline: str, told: Site) -> None:
    text = CONFIGURATION.replace("\n", newline)
    told.conf.write_bytes(text.encode())
    assert told.write(*style).status == 0
    assert told.write("--revert").status == 0
    assert told.conf.read_bytes() == text.encode()


def test_one_virtual_server_goes_back_with_its_blocks(told: Site) -> None:
    told.conf.write_text(CONFIGURATION + OTHER_SERVER)
    told.tell({"tcp-192.0.2.2-443@192.0.2.11": "0\n"})
    assert told.write(*STYLE).status == 0
    assert told.write("--revert", "--only", "192.0.2.2:443").status == 0
    assert told.text.endswith(OTHER_SERVER)
    assert told.text.count("track_file tcp-192.0.2.1-80/192.0.2.11") == 2
    assert told.run("--check", *STYLE, "--only", "192.0.2.1:80").status == 0


def test_a_virtual_server_that_is_not_meant_keeps_its_blocks(told: Site) -> None:
    told.conf.write_text(CONFIGURATION + OTHER_SERVER)
    told.tell({"tcp-192.0.2.2-443@192.0.2.11": "0\n"})
    assert told.write(*STYLE).status == 0
    outcome = told.run("--only", "192.0.2.2:443", "--json", *STYLE)
    assert (outcome.status, outcome.json["changes"]) == (0, [])
    assert not any("any more" in each for each in outcome.json["warnings"])
    assert told.write("--only", "192.0.2.2:443").status == 0
    assert told.text.count("track_file tcp-192.0.2.1-80/192.0.2.11") == 2
    assert "track_file tcp-192.0.2.2-443" not in told.text


def test_a_block_that_was_moved_up_stays_and_one_that_was_moved_down_comes_back(told: Site) -> None:
    told.write(*STYLE)
    begin = told.text.index("# lvs-rawcheck tcp-192.0.2.1-80/192.0.2.11, added\ntrack_file")
    end = told.text.index("# lvs-rawcheck tcp-192.0.2.1-80/192.0.2.12, added\ntrack_file")
    block, rest = told.text[begin:end], told.text[:begin] + told.text[end:]
    told.conf.write_text(block + rest)
    assert told.run("--check", *STYLE).status == 0
    told.conf.write_text(rest + block)  # keepalived would drop the FILE_CHECK above it
    assert told.write(*STYLE).status == 0
    assert told.text.index("track_file tcp-192.0.2.1-80/192.0.2.11 {") < told.text.index("virtual_server")
    assert told.text.count("track_file tcp-192.0.2.1-80/192.0.2.11 {") == 1


def test_a_block_that_is_still_named_stays(told: Site) -> None:
    """Where the marker of the FILE_CHECK is gone, it is not ours to take away, and it needs its block."""
    told.write(*STYLE)
    marker = "        # lvs-rawcheck tcp-192.0.2.1-80/192.0.2.11, added\n"
    told.conf.write_text(told.text.replace(marker, ""))
    outcome = told.write("--revert")
    assert outcome.status == 1
    assert "FILE_CHECK: what was here before is not known" in outcome.stderr
    assert told.text.count("track_file tcp-192.0.2.1-80/192.0.2.11") == 2
    assert "192.0.2.12 {" not in told.text.replace("real_server 192.0.2.12 80 {", "")


def test_a_server_that_is_gone_takes_its_block_along(told: Site) -> None:
    told.write(*STYLE)
    begin = told.text.index("    real_server 192.0.2.12 80")
    told.conf.write_text(told.text[:begin] + "}\n")
    assert told.write(*STYLE).status == 0
    assert "192.0.2.12" not in told.text


def test_a_track_file_of_the_same_name_is_the_sites_own(told: Site) -> None:
    block = 'track_file tcp-192.0.2.1-80/192.0.2.11 {\n    file "/srv/x"\n    weight 0\n}\n'
    told.conf.write_text(block + CONFIGURATION)
    (skip,) = told.run("--json", *STYLE).json["skipped"]
    assert "has a track_file called" in skip["reason"]


def test_nothing_is_held_out_by_a_word_that_file_check_has_not(told: Site) -> None:
    told.write(*STYLE)
    assert "alpha" not in told.text
    assert "init_file" not in told.text


# Refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.3.9", "no FILE_CHECK"),
        ("2.0.20", "no FILE_CHECK"),
        ("2.1", None),
        ("2.1.5", None),
        ("2.2.7", None),
        ("2.2.8", None),
        ("2.3", "crashes"),
        ("2.3.1", "crashes"),
        ("2.3.2", "crashes"),
        ("2.3.3", None),
        ("2.4.3", None),
    ],
)
def test_versions(version: str, said: str | None, told: Site) -> None:
    outcome = told.run("--keepalived-version", version, *STYLE)
    assert outcome.status == (1 if said is None else 2)
    assert said is None or said in outcome.stderr


def test_the_version_of_this_host_counts_as_well() -> None:
    assert judge_version(None) == judge_version((2, 2, 7)) == []
    (said,) = judge_version((2, 3, 2))
    assert said.startswith("this host's keepalived 2.3.2 crashes")


@pytest.mark.skipif(KEEPALIVED is None, reason="keepalived is not installed")
def test_this_host_says_its_version() -> None:
    version = installed_version()
    assert version is not None
    assert version_fault(version) is None


def test_a_program_that_says_no_version() -> None:
    assert installed_version("/bin/true") is None
    assert installed_version("/nonexistent") is None


@pytest.mark.parametrize("words", [("--file-check-only",), (*ONLY, "--keep-existing"), ("--style", "file")])
def test_what_does_not_go_together(words: tuple[str, ...], told: Site) -> None:
    assert told.run(*words).status == 2


@pytest.mark.parametrize("name", ["a b", "a$b", "a'b", 'a"b', "a\\b", "x" * 1100])
def test_a_folder_that_keepalived_cannot_be_told(name: str, told: Site) -> None:
    outcome = told.run("--json", "--state", f"/run/{name}", *STYLE)
    assert outcome.json["changes"] == []
    assert len(outcome.json["skipped"]) == 2


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("track-file.conf", "FILE_CHECK {\n    track_file {{ track_file }}\n}\n"),  # weight 1: never down
        ("track-file.conf", "FILE_CHECK {\n    track_file {{ track_file }}\n    weight 0 reverse\n}\n"),
        ("track-file-block.conf", "track_file {{ track_file }} {\n    file {{ file }}\n}\n"),
        (
            "track-file-block.conf",
            "track_file {{ track_file }} {\n    file {{ file }}\n    weight 0\n    init_file 1 overwrite\n}\n",
        ),
    ],
)
def test_a_template_that_says_something_else_is_found(template: str, text: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / "track_file", tmp_path)
    folder = tmp_path / "templates" / "keepalived"
    folder.mkdir(parents=True)
    (folder / template).write_text(text)
    with pytest.raises(PlanMismatch):
        desk.plan("--templates", str(folder.parent))


def test_a_template_that_names_no_file_is_refused(tmp_path: Path) -> None:
    desk = lay_out(CASES / "track_file", tmp_path)
    folder = tmp_path / "templates" / "keepalived"
    folder.mkdir(parents=True)
    (folder / "track-file-block.conf").write_text("track_file {{ track_file }} {\n    weight 0\n}\n")
    with pytest.raises(UsageError, match="it does not say"):
        desk.plan("--templates", str(folder.parent))


# keepalived, and real sites ----------------------------------------------------------------------------------


@pytest.mark.netns
@pytest.mark.skipif(KEEPALIVED is None, reason="keepalived is not installed")
@pytest.mark.parametrize("name", ["track_file", "track_file_only"])
def test_keepalived_has_nothing_to_say_of_it(name: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / name, tmp_path)
    planned = desk.plan()
    judgement = judge_by_keepalived(str(desk.conf), planned.plan.result(), None)
    assert (judgement.refusals, judgement.notes) == ([], [])
    configuration = read_keepalived(str(desk.conf), "lb1", overlay=planned.plan.result())
    assert configuration.errors == []


def test_plans_for_real_sites_come_to_rest() -> None:
    assert come_to_rest(TOLD, IN_PLACE, step=3) > 0


@pytest.mark.full
@pytest.mark.parametrize(
    ("options", "others"), [(TOLD, IN_PLACE), (TOLD, TOLD_ONLY), (TOLD_ONLY, BESIDE), (IN_PLACE, TOLD_ONLY)]
)
def test_plans_for_all_real_sites_come_to_rest(options: PlanOptions, others: PlanOptions) -> None:
    assert come_to_rest(options, others) > SOME_AT_LEAST
