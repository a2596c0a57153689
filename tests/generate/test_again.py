# SPDX-License-Identifier: GPL-2.0-or-later
"""Further runs over a configuration that has stanzas of ours: with other options, and after somebody edited it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.generate.keepalived.compare import PlanMismatch
from tests.generate.case import CASES, Desk, lay_out


def carried_out(name: str, folder: Path, *more: str) -> Desk:
    desk = lay_out(CASES / name, folder)
    desk.carry_out(desk.plan(*more))
    return desk


def edit(desk: Desk, old: str, new: str) -> None:
    text = desk.conf.read_text()
    assert old in text
    desk.conf.write_text(text.replace(old, new))


def test_a_virtual_server_that_is_not_meant_keeps_its_stanzas_and_its_files(tmp_path: Path) -> None:
    desk = carried_out("methods", tmp_path)
    again = desk.plan("--exclude", "192.0.2.1:80", "--exclude", "192.0.2.1:81")
    assert again.plan.edits == {}
    assert {left.service for left in again.plan.left} == {"tcp-192.0.2.1-80", "tcp-192.0.2.1-81"}
    assert again.plan.warnings == [each for each in again.plan.warnings if "any more" not in each]
    assert again.status == 0


def test_another_deadline_is_written_into_what_is_there(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    desk.carry_out(desk.plan("--timeout", "9"))
    assert desk.conf.read_text().count("misc_timeout 11") == 2
    assert "in place of" not in desk.conf.read_text().replace(", in place of:", "", 2)
    assert desk.plan("--timeout", "9").status == 0


def test_what_was_added_stays_without_being_asked_for_again(tmp_path: Path) -> None:
    desk = lay_out(CASES / "beside", tmp_path)
    desk.carry_out(desk.plan())
    plain = Desk(desk.conf, desk.services, ())
    assert plain.plan().status == 0


def test_a_server_that_is_new_joins_the_service(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    edit(
        desk, "protocol TCP\n", "protocol TCP\n    real_server 192.0.2.19 80 {\n        TCP_CHECK {\n        }\n    }\n"
    )
    again = desk.plan()
    assert [server.real_server for server in again.plan.changes] == ["192.0.2.19 80"]
    (text,) = again.registry.written.values()
    assert text.count(b"[[real_server]]") == 3


def test_a_line_is_counted_in_the_file_as_it_is(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    edit(desk, "\tprotocol TCP\n", "\tprotocol TCP\n")
    before = desk.conf.read_text()
    addition = "\treal_server 192.0.2.19 80 {\n\t\tTCP_CHECK {\n\t\t}\n\t}\n}\n"
    desk.conf.write_text(before.removesuffix("}\n") + addition)
    (server,) = desk.plan().plan.changes
    assert desk.conf.read_text().splitlines()[server.line - 1] == "\treal_server 192.0.2.19 80 {"


def test_what_cannot_be_planned_any_more_is_left_and_said(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    edit(desk, "lb_kind DR", "lb_kind NAT")
    again = desk.plan()
    assert len(again.plan.left) == 2
    assert sum("cannot be planned any more" in warning for warning in again.plan.warnings) == 2


def test_a_marker_without_its_stanza_is_said(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    edit(desk, "MISC_CHECK {\n\t\t\tmisc_path", "weight 4\n\t\tMISC_CHECK {\n\t\t\tmisc_path")
    assert sum("follows this marker" in warning for warning in desk.plan().plan.warnings) == 2


def test_a_stanza_that_the_registry_lacks_is_a_finding(tmp_path: Path) -> None:
    desk = carried_out("methods", tmp_path)
    (desk.services / "tcp-192.0.2.1-81.toml").unlink()
    other = desk.plan("--only", "192.0.2.1:80")
    assert other.missing_ids == ["tcp-192.0.2.1-81/192.0.2.12"]
    assert other.status == 1


def test_a_service_file_that_is_missing_is_a_change(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    (desk.services / "tcp-192.0.2.1-80.toml").unlink()
    again = desk.plan()
    assert again.plan.edits == {}
    assert again.status == 1


def test_a_service_file_that_somebody_edited_is_kept(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    file = desk.services / "tcp-192.0.2.1-80.toml"
    file.write_text(file.read_text().replace("timeout = 5.0", "timeout = 4.0"))
    again = desk.plan()
    assert again.registry.kept == ["tcp-192.0.2.1-80"]
    assert again.registry.written == {}
    assert again.status == 0


def test_an_edited_service_file_that_proves_another_vip_is_a_fault(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    file = desk.services / "tcp-192.0.2.1-80.toml"
    file.write_text(file.read_text().replace("192.0.2.1:80", "192.0.2.9:80"))
    again = desk.plan()
    (fault,) = again.registry.faults
    assert "is kept, and does not prove 192.0.2.1:80: add it to `endpoint`" in fault
    assert again.status == 1


@pytest.mark.parametrize(
    "template",
    [
        "MISC_CHECK {\n    misc_path {{ command }}\n}\n",  # no user, no time limit
        "MISC_CHECK {\n    misc_path {{ command }}\n    user {{ user }}\n",  # not closed
        "MISC_CHECK { misc_path {{ command }} misc_timeout {{ misc_timeout }} user {{ user }} }\n",  # one line
        "weight 0\n"  # of the real server
        "MISC_CHECK {\n    misc_path {{ command }}\n    misc_timeout {{ misc_timeout }}\n    user {{ user }}\n}\n",
    ],
)
def test_a_template_that_says_something_else_is_found(template: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / "tcp", tmp_path)
    folder = tmp_path / "templates" / "keepalived"
    folder.mkdir(parents=True)
    (folder / "service.conf").write_text(template)
    with pytest.raises(PlanMismatch):
        desk.plan("--templates", str(folder.parent))


def test_a_template_of_ones_own_is_used(tmp_path: Path) -> None:
    desk = lay_out(CASES / "tcp", tmp_path)
    folder = tmp_path / "templates" / "keepalived"
    folder.mkdir(parents=True)
    (folder / "service.conf").write_text(
        '{% from "keepalived/macros.conf" import misc_check %}\n'
        "{{ misc_check(command, misc_timeout, user, timers) }}# a word of our own\n"
    )
    desk.carry_out(desk.plan("--templates", str(folder.parent)))
    assert desk.conf.read_text().count("# a word of our own") == 2
    assert read_keepalived(str(desk.conf)).errors == []


@pytest.mark.parametrize(("first", "second"), [("a/b", "a:b"), ("a:b", "a/b")])
def test_a_name_stays_with_the_virtual_server_whose_stanzas_use_it(first: str, second: str, tmp_path: Path) -> None:
    desk = lay_out(CASES / "one_name", tmp_path)
    desk.carry_out(desk.plan("--only", first))
    for selection in (("--only", second), ()):
        again = desk.plan(*selection)
        assert again.plan.edits == {}
        assert again.registry.written == {}
        (skip,) = again.plan.skipped
        assert (skip.virtual_server, skip.reason) == (
            f"group {second}",
            f"stanzas of virtual_server group {first} name group-a-b already",
        )


def test_stanzas_that_were_copied_with_their_block_get_names_of_their_own(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    block = desk.conf.read_text()
    desk.conf.write_text(block + block.replace("virtual_server 192.0.2.1 80", "virtual_server 192.0.2.9 80"))
    again = desk.plan()
    assert again.plan.skipped == []
    assert set(again.registry.written) == {"tcp-192.0.2.9-80"}


def test_checkers_that_are_to_stay_after_all_come_back_beside_one_check_each(tmp_path: Path) -> None:
    desk = carried_out("tcp", tmp_path)
    desk.carry_out(desk.plan("--keep-existing"))
    text = desk.conf.read_text()
    assert (text.count("\tTCP_CHECK {"), text.count("MISC_CHECK {")) == (2, 2)
    assert "in place of" not in text
    again = desk.plan("--keep-existing")
    assert (again.status, again.plan.left) == (0, [])


def test_what_is_not_meant_is_no_trouble_in_an_included_file_either(tmp_path: Path) -> None:
    desk = carried_out("include_checker", tmp_path)
    again = desk.plan("--exclude", "192.0.2.1")
    assert {left.check_id for left in again.plan.left} == {"tcp-192.0.2.1-80/192.0.2.11"}
    assert again.plan.warnings == []
