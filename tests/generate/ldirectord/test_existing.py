# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of ours that are there already: recognised, and planned anew around what somebody changed."""

from __future__ import annotations

import pytest

from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.ldirectord.revert import revert
from lvs_rawcheck.generate.options import PlanOptions
from lvs_rawcheck.generate.service_files import unknown_ids
from lvs_rawcheck.generate.splice import spliced
from tests.generate.ldirectord.desk import PATH, REAL, after, block, octets_after, only_server, plan, reasons

BEFORE = block(REAL, "checktype=negotiate", "service=http", "checktimeout=4", "scheduler=rr")
AFTER = after(BEFORE)


def reverted(text: str) -> str:
    """Return a text without what is ours."""
    found = revert(read_ldirectord(PATH, {PATH: text.encode()}), PlanOptions())
    return spliced(text.encode(), found.edits.get(PATH, ())).decode()


def changed(old: str, new: str, text: str = AFTER) -> str:
    """Return a text with one change, which is one."""
    assert text.count(old) == 1
    return text.replace(old, new)


def test_it_stands_in_three_places() -> None:
    assert AFTER.count("# lvs-rawcheck tcp-192.0.2.1-80, in place of:") == 2
    assert AFTER.count("# lvs-rawcheck tcp-192.0.2.1-80, added") == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"\t{REAL}\n", f"\t{REAL}\n\treal=192.0.2.12:80 gate\n"),
        ("\tservice=http\n", '\tservice=http\n\trequest="/new"\n'),
        ("\tscheduler=rr\n", "\t# of the site\n\tscheduler=wlc\n"),
        ("\tscheduler=rr\n", ""),
        ("virtual=192.0.2.1:80", "virtual=192.0.2.3:80"),
    ],
)
def test_what_is_changed_around_ours_is_planned_as_if_it_had_been_so(old: str, new: str) -> None:
    assert after(changed(old, new)) == after(changed(old, new, BEFORE))
    assert reverted(changed(old, new)) == changed(old, new, BEFORE)


@pytest.mark.parametrize("theirs", ["checktype=connect", "checktype=ping", "checktype = 5"])
def test_another_checktype_in_the_place_of_ours_is_the_sites(theirs: str) -> None:
    edited = changed("\tchecktype=external\n", f"\t{theirs}\n")
    assert after(edited) == after(changed("checktype=negotiate", theirs, BEFORE))
    assert reverted(edited) == changed("checktype=negotiate", theirs, BEFORE)


def test_a_checktype_that_asks_nothing_takes_ours_out_of_use_and_leaves_the_rest() -> None:
    edited = changed("\tchecktype=external\n", "\tchecktype=on\n")
    planned = plan(edited)
    assert planned.edits == {}
    assert "kept" in reasons(planned)[0]
    assert [left.check_id for left in planned.left] == ["tcp-192.0.2.1-80/192.0.2.11"]
    assert any("cannot be planned any more" in warning for warning in planned.warnings)


@pytest.mark.parametrize("theirs", ["checktype=connect", 'checkcommand="/site/own"', "checktimeout=17"])
def test_a_line_of_the_sites_behind_ours_counts_and_is_replaced(theirs: str) -> None:
    edited = AFTER.rstrip("\n") + f"\n\t{theirs}\n\n"
    result = after(edited)
    name = theirs.partition("=")[0]
    assert f"\t#|{theirs}\n" in result
    assert plan(result).edits == {}
    assert result.rindex(f"\t{name}=") > result.index(f"\t#|{theirs}")
    # What was there before ours came is there again where ours was not the last one.
    assert reverted(result) == BEFORE.rstrip("\n") + f"\n\t{theirs}\n\n"


def test_a_program_of_the_sites_in_the_place_of_ours() -> None:
    edited = changed("/etc/lvs-rawcheck/ldirectord/tcp-192.0.2.1-80", "/site/own")
    assert after(edited) == after(BEFORE.replace("\n\n", '\n\tcheckcommand="/site/own"\n\n'))


@pytest.mark.parametrize(
    "line",
    ["\tchecktype=external\n", '\tcheckcommand="/etc/lvs-rawcheck/ldirectord/tcp-192.0.2.1-80"\n'],
)
def test_a_line_of_ours_that_was_taken_out_is_put_in_again(line: str) -> None:
    assert after(changed(line, "")) == AFTER


def test_lines_of_ours_without_their_comments_are_the_sites() -> None:
    bare = "".join(line for line in AFTER.splitlines(True) if "#" not in line)
    planned = plan(bare)
    assert planned.edits == {}
    assert "what was here before is not known" in reasons(planned)[0]
    assert [left.service for left in planned.left] == ["tcp-192.0.2.1-80"]
    found = revert(read_ldirectord(PATH, {PATH: bare.encode()}), PlanOptions())
    assert (found.edits, found.stanzas) == ({}, [])
    assert "what was here before is not known" in found.lost[0]


def test_a_block_that_was_copied_gets_its_own_name() -> None:
    copy = AFTER.replace("virtual=192.0.2.1:80", "virtual=192.0.2.2:80")
    result = after(AFTER + copy)
    assert result == after(BEFORE + BEFORE.replace("192.0.2.1:80", "192.0.2.2:80"))


def test_a_block_that_cannot_be_converted_any_more_stays() -> None:
    edited = changed(f"\t{REAL}\n", f"\t{REAL}\n\treal=192.0.2.12:80 masq\n")
    planned = plan(edited)
    assert planned.edits == {}
    assert [left.check_id for left in planned.left] == [
        "tcp-192.0.2.1-80/192.0.2.11",
        "tcp-192.0.2.1-80/192.0.2.12",
    ]
    assert any("cannot be planned any more" in warning for warning in planned.warnings)


def test_a_server_that_became_a_name_keeps_the_service_file_in_use() -> None:
    planned = plan(changed("real=192.0.2.11:80", "real=web.example:80"))
    assert planned.edits == {}
    assert [left.check_id for left in planned.left] == ["tcp-192.0.2.1-80"]
    assert list(unknown_ids(planned, "/nowhere", lambda: None)) == []


def test_a_comment_cannot_name_a_path() -> None:
    text = AFTER.replace("# lvs-rawcheck tcp-192.0.2.1-80,", "# lvs-rawcheck ../../x,")
    found = revert(read_ldirectord(PATH, {PATH: text.encode()}), PlanOptions())
    assert found.stanzas == []
    assert all(left.service == "tcp-192.0.2.1-80" for left in plan(text, only=("192.0.2.9",)).left)


def test_what_is_not_meant_stays_without_a_word() -> None:
    planned = plan(AFTER, only=("192.0.2.9",))
    assert (planned.edits, planned.skipped) == ({}, [])
    assert [left.check_id for left in planned.left] == ["tcp-192.0.2.1-80/192.0.2.11"]
    assert not any("any more" in warning for warning in planned.warnings)


def test_other_options_change_ours() -> None:
    planned = plan(AFTER, wrappers="/srv/wrappers", timeout=9.0)
    result = octets_after(planned).decode()
    assert result == after(BEFORE, wrappers="/srv/wrappers", timeout=9.0)
    assert [check.is_new for check in planned.servers[0].checks] == [True]
    assert only_server(planned).settings[0] == ("timeout", 9.0)


def test_a_comment_of_ours_outside_of_any_block_is_left_and_said() -> None:
    comment = "# lvs-rawcheck tcp-192.0.2.1-80, in place of:\n#|checktype=on\n"
    for text in (comment + BEFORE, BEFORE + comment + "quiescent=no\n"):
        planned = plan(text)
        assert any("stands in no virtual's block" in warning for warning in planned.warnings)
        assert comment in octets_after(planned).decode()


def test_comments_whose_lines_were_all_taken_out() -> None:
    bare = "".join(line for line in AFTER.splitlines(True) if not line.strip().startswith("check"))
    assert after(bare) == AFTER
    assert reverted(bare) == BEFORE


def test_what_the_site_says_elsewhere_since_is_what_counts() -> None:
    text = changed("\tchecktype=external\n", "").replace(f"\t{REAL}\n", f"\tchecktype=connect\n\t{REAL}\n")
    wanted = BEFORE.replace("\tchecktype=negotiate\n", "").replace(f"\t{REAL}\n", f"\tchecktype=connect\n\t{REAL}\n")
    assert reverted(text) == wanted
    assert after(text) == after(wanted)


def test_an_error_is_told_where_it_stands() -> None:
    with pytest.raises(ConfigError) as caught:
        plan(changed("\tscheduler=rr\n", "\tscheduler=rr\n\tnonsense=1\n"))
    assert ":11:" in str(caught.value)


def test_revert_takes_the_virtuals_that_are_meant() -> None:
    both = AFTER + after(BEFORE.replace("192.0.2.1:80", "192.0.2.2:80"))
    configuration = read_ldirectord(PATH, {PATH: both.encode()})
    found = revert(configuration, PlanOptions(only=("192.0.2.2",)))
    assert (found.stanzas, found.remaining) == (["tcp-192.0.2.2-80"], ["tcp-192.0.2.1-80"])
    result = spliced(both.encode(), found.edits[PATH]).decode()
    assert result == AFTER + BEFORE.replace("192.0.2.1:80", "192.0.2.2:80")
