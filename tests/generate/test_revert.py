# SPDX-License-Identifier: GPL-2.0-or-later
"""What was replaced, put back octet for octet, whatever was edited around it; what cannot be is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate.folder_site import CONFIGURATION, FolderSite

OTHER_SERVER = """
virtual_server 192.0.2.2 443 {
    lb_algo rr
    lb_kind DR
    protocol TCP
    real_server 192.0.2.11 443 {
        TCP_CHECK {
        }
    }
}
"""


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    return FolderSite(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        CONFIGURATION,
        CONFIGURATION.replace("\n", "\r\n"),
        CONFIGURATION.removesuffix("\n"),
        CONFIGURATION.replace("    ", "\t"),
        CONFIGURATION.replace("connect_timeout 3", "connect_timeout 3 # three  |"),
        CONFIGURATION.replace("{\n            connect_timeout 3\n        }", "{ connect_timeout 3 }"),
        CONFIGURATION.replace("    state BACKUP\n", '    state BACKUP\n    notify_master "/bin/true theirs" root\n'),
        CONFIGURATION + OTHER_SERVER,
    ],
    ids=["plain", "CRLF", "no last newline", "tabs", "comment", "one line", "own notify", "two"],
)
def test_writing_and_taking_back_gives_the_same_octets(site: FolderSite, text: str) -> None:
    site.conf.write_bytes(text.encode())
    assert site.write().status == 0
    assert site.conf.read_bytes() != text.encode()
    assert site.run("--revert", "--write").status == 0
    assert site.conf.read_bytes() == text.encode()
    again = site.run("--revert", "--write")
    assert (again.status, again.stdout) == (0, "there is nothing to put back\n")


def test_what_was_edited_around_it_stays(site: FolderSite) -> None:
    site.write()
    edits = [("lb_algo rr", "lb_algo wlc  # since May"), ("misc_timeout 5", "misc_timeout 9")]
    text = site.conf.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    site.conf.write_text(f"# ours\n{text}{OTHER_SERVER}")
    assert site.run("--revert", "--write").status == 0
    assert site.conf.read_text() == f"# ours\n{CONFIGURATION.replace(*edits[0])}{OTHER_SERVER}"


def test_what_was_indented_anew_is_found(site: FolderSite) -> None:
    site.write()
    site.conf.write_text("".join(f"  {line}\n" for line in site.conf.read_text().splitlines()))
    assert site.run("--revert", "--write").status == 0
    assert b"MISC_CHECK" not in site.conf.read_bytes()
    assert site.conf.read_bytes().count(b"TCP_CHECK {\n") == 2


def test_what_cannot_be_put_back_is_named(site: FolderSite) -> None:
    site.write()
    lines = site.conf.read_text().splitlines(keepends=True)
    marker = next(number for number, line in enumerate(lines) if "192.0.2.12, in place of" in line)
    del lines[marker]
    site.conf.write_text("".join(lines))
    outcome = site.run("--revert", "--write")
    assert outcome.status == 1
    assert "what was here before is not known" in outcome.stderr
    assert "tcp-192.0.2.1-80/192.0.2.12" in outcome.stderr
    text = site.conf.read_text()
    assert text.count("MISC_CHECK {\n") == 1
    assert text.count("    TCP_CHECK {\n") == 1


def test_a_marker_with_nothing_behind_it_is_named(site: FolderSite) -> None:
    text = CONFIGURATION + "# lvs-rawcheck tcp-192.0.2.1-80/192.0.2.11, in place of:\n#|TCP_CHECK {\n#|}\n"
    site.conf.write_text(text)
    outcome = site.run("--revert", "--write")
    assert outcome.status == 1
    assert f"{site.conf}:25: nothing of keepalived's follows this marker" in outcome.stderr
    assert site.conf.read_text() == text


def test_without_write_it_is_only_shown(site: FolderSite) -> None:
    site.write()
    tree = site.tree()
    outcome = site.run("--revert")
    assert outcome.status == 1
    assert "-        MISC_CHECK {" in outcome.stdout
    assert "+        TCP_CHECK {" in outcome.stdout
    assert site.tree() == tree


def test_some_virtual_servers_alone(site: FolderSite) -> None:
    site.conf.write_text(CONFIGURATION + OTHER_SERVER)
    site.write()
    outcome = site.run("--revert", "--write", "--only", "192.0.2.2", "--json")
    assert outcome.status == 0
    text = site.conf.read_text()
    assert text.endswith(OTHER_SERVER)
    assert text.count("MISC_CHECK {\n") == 2
    assert "notify_master" in text
    commands = outcome.json["commands"]["tidy"]
    assert commands == [f"rm -- {site.services}/tcp-192.0.2.2-443.toml"]


def test_service_files_stay_until_the_reload(site: FolderSite) -> None:
    site.write()
    outcome = site.run("--revert", "--write")
    assert (site.services / "tcp-192.0.2.1-80.toml").exists()
    assert f"rm -- {site.services}/tcp-192.0.2.1-80.toml" in outcome.stdout


def test_nobody_is_told_to_remove_what_a_stanza_that_is_left_names(site: FolderSite) -> None:
    site.write()
    lines = site.conf.read_text().splitlines(keepends=True)
    site.conf.write_text("".join(line for line in lines if "192.0.2.12, in place of:" not in line))
    outcome = site.run("--revert", "--write")
    assert outcome.status == 1
    assert site.conf.read_text().count("MISC_CHECK {\n") == 1
    assert "rm --" not in outcome.stdout


def test_it_says_that_servers_come_back_for_a_moment(site: FolderSite) -> None:
    site.write()
    assert "until the restored check fails" in site.run("--revert", "--write").stdout


def test_added_stanzas_go_and_nothing_comes_in_their_place(site: FolderSite) -> None:
    assert site.write("--keep-existing").status == 0
    assert site.conf.read_bytes().count(b"TCP_CHECK") == 2
    assert site.run("--revert", "--write").status == 0
    assert site.conf.read_text() == CONFIGURATION


def test_stanzas_that_need_no_registry(site: FolderSite) -> None:
    program = site.scripts / "verdict"
    assert site.write("--style", "inline", "--program", str(program)).status == 0
    assert not site.services.exists()
    assert site.run("--revert", "--write", "--program", str(program)).status == 0
    assert site.conf.read_text() == CONFIGURATION
