# SPDX-License-Identifier: GPL-2.0-or-later
"""Instances made to maintain their role files, beside whatever scripts the site has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.corpus import require_corpus
from tests.generate.notify_desk import GROUPS, Desk

OURS = "/usr/lib/lvs-rawcheck/notify"
ROLE_WORDS = {"notify_master": "MASTER", "notify_backup": "BACKUP", "notify_fault": "FAULT", "notify_stop": "STOP"}
BECOME = "/usr/bin/setpriv --clear-groups --pdeathsig TERM"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A host without a user keepalived_script."""
    return Desk(tmp_path, GROUPS)


def instance(*lines: str, name: str = "VI_1") -> str:
    """Return an instance with further lines."""
    body = "".join(f"    {line}\n" for line in ("interface lo", "virtual_router_id 51", "priority 100", *lines))
    return f"vrrp_instance {name} {{\n{body}    virtual_ipaddress {{\n        192.0.2.1/24\n    }}\n}}\n"


def with_lines(before: str, *lines: str) -> str:
    """Return an instance with lines of ours before its closing brace."""
    return before.removesuffix("}\n") + "".join(f"    {line}\n" for line in lines) + "}\n"


def added(keyword: str, name: str = "VI_1") -> tuple[str, str]:
    """Return the two lines of a slot that was free."""
    return (
        f"# lvs-rawcheck {name}/{keyword}, added",
        f'{keyword} "{OURS} {ROLE_WORDS[keyword]} {name}" root',
    )


def all_four(name: str = "VI_1") -> list[str]:
    return [line for keyword in ROLE_WORDS for line in added(keyword, name)]


def demand_reversible(desk: Desk, before: str | bytes, after: bytes) -> None:
    """A second run finds nothing to do, and taking everything back gives the same octets."""
    assert desk.wire(after).after == after
    assert desk.reverted(after) == (before.encode() if isinstance(before, str) else before)


@pytest.mark.parametrize("theirs", [(), ("notify /etc/any",), ("notify_master_rx_lower_pri /x", "notify_deleted /y")])
def test_free_slots_are_used(desk: Desk, theirs: tuple[str, ...]) -> None:
    before = instance(*theirs)
    wired = desk.wire(before)
    assert wired.after.decode() == with_lines(before, *all_four())
    assert (wired.refused, wired.warnings) == ({}, [])
    demand_reversible(desk, before, wired.after)


@pytest.mark.parametrize("keyword", ROLE_WORDS)
def test_the_generic_slot_spares_the_sites_script(desk: Desk, keyword: str) -> None:
    before = instance(f"{keyword} '/etc/a script' nobody nogroup")
    wired = desk.wire(before)
    assert wired.after.decode() == with_lines(before, "# lvs-rawcheck VI_1/notify, added", f'notify "{OURS}" root')
    assert wired.warnings == [
        f"vrrp_instance VI_1: {keyword} stays as it is, the role file is written by the generic notify"
    ]
    demand_reversible(desk, before, wired.after)


@pytest.mark.parametrize(
    ("settings", "theirs", "command"),
    [
        ("", "/etc/fence", "/etc/fence"),
        ("", "/etc/fence root", "/etc/fence"),
        ("", "\"/etc/fence --level 'two words' ''\"", "/etc/fence --level 'two words' ''"),
        ("", "\"'/etc/my fence' a;b|c %H\"", "'/etc/my fence' a;b|c %H"),
        ("", "/etc/fence web", f"{BECOME} --regid webs --reuid web /etc/fence"),
        ("", "/etc/fence web root", f"{BECOME} --regid root --reuid web /etc/fence"),
        ("", "/etc/fence root webs", f"{BECOME} --regid webs --reuid root /etc/fence"),
        ("script_user web", "/etc/fence", f"{BECOME} --regid webs --reuid web /etc/fence"),
        ("script_user web root", "/etc/fence", f"{BECOME} --regid root --reuid web /etc/fence"),
        ("script_user web", "/etc/fence root", "/etc/fence"),
    ],
)
def test_where_both_are_taken_ours_becomes_theirs(desk: Desk, settings: str, theirs: str, command: str) -> None:
    before = f"global_defs {{\n    {settings}\n}}\n" + instance(f"notify_backup {theirs} # why", "notify /etc/any")
    wired = desk.wire(before)
    chained = before.replace(
        f"    notify_backup {theirs} # why\n",
        f"    # lvs-rawcheck VI_1/notify_backup, in place of:\n    #|notify_backup {theirs}\n"
        f'    notify_backup "{OURS} BACKUP VI_1 -- {command}" root # why\n',
    )
    others = (line for keyword in ROLE_WORDS if keyword != "notify_backup" for line in added(keyword))
    assert wired.after.decode() == with_lines(chained, *others)
    demand_reversible(desk, before, wired.after)


def test_a_user_keepalived_script_is_whom_theirs_ran_as(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {**GROUPS, "keepalived_script": "scripts"})
    before = instance("notify_stop /etc/fence", "notify /etc/any")
    wired = desk.wire(before)
    command = f"{BECOME} --regid scripts --reuid keepalived_script /etc/fence"
    assert f'notify_stop "{OURS} STOP VI_1 -- {command}" root' in wired.after.decode()
    demand_reversible(desk, before, wired.after)


@pytest.mark.parametrize(
    ("settings", "theirs", "why"),
    [
        ("", r"/etc/a\ b", "its notify_master has a backslash"),
        ("", '"/etc/a ${HOME}"', "a $ in"),
        ("$D=/etc", "${D}/fence", "its notify_master: it uses the definition D"),
        ("", "/etc/fence nosuch", "there is no user 'nosuch' here"),
        ("", "/etc/fence nosuch root", "there is no user 'nosuch' here"),
        ("global_defs {\nenable_script_security\n}", "/etc/fence root", "keepalived watches over who may write"),
        ("global_defs {\nenable_script_security\n}", "/etc/fence web root", "keepalived watches over who may write"),
        ("global_defs {\nenable_script_security\n}", "/etc/fence", "there is no user keepalived_script"),
        ("", '"/etc/fence' + " xxxxxxxxx" * 95 + '"', "octets, and keepalived reads"),
    ],
)
def test_what_cannot_be_kept_as_it_is_is_left(desk: Desk, settings: str, theirs: str, why: str) -> None:
    wired = desk.wire(f"{settings}\n" + instance(f"notify_master {theirs}", "notify /etc/any"))
    assert not wired.changed
    assert why in wired.refused["VI_1"]


def test_a_script_of_another_user_under_script_security_is_kept(desk: Desk) -> None:
    before = "global_defs {\n    enable_script_security\n}\n" + instance("notify_fault /a web", "notify /b web")
    wired = desk.wire(before)
    assert f'-- {BECOME} --regid webs --reuid web /a" root' in wired.after.decode()
    demand_reversible(desk, before, wired.after)


@pytest.mark.parametrize(
    "line",
    [
        "@lb2 notify_master /other",
        "@^lb1 notify /other",
        "@lb1 virtual_routes {",
        "~SEQ(I, 1, 2) notify_fault /x${I}",
        "include notify.conf",
        "@lb2 include notify.conf",
        "@lb2 ${MORE}",
    ],
)
def test_text_that_differs_from_node_to_node_is_left_alone(desk: Desk, line: str) -> None:
    (desk.folder / "notify.conf").write_text("nopreempt\n")
    further = "}" if line.endswith("{") else ""
    wired = desk.wire(instance(line, further))
    assert (wired.changed, list(wired.refused)) == (False, ["VI_1"])


@pytest.mark.parametrize("line", ["@lb1 state MASTER", "@lb2 priority 50", "garp_master_delay ${DELAY}"])
def test_a_line_that_cannot_be_a_script_is_no_obstacle(desk: Desk, line: str) -> None:
    before = "$DELAY=5\n" + instance(line)
    wired = desk.wire(before)
    assert wired.after.decode() == with_lines(before, *all_four())
    demand_reversible(desk, before, wired.after)


@pytest.mark.parametrize(
    "text",
    [
        "@lb1 " + instance(),
        "~SEQ(I, 1, 2) " + instance(name="VI_${I}"),
        "$BLOCK=\\\n    vrrp_instance VI_1 { \\\n    interface lo \\\n    } \\\n\n$BLOCK\n",
        "@lb1 vrrp_instance VI_1\n{\n    interface lo\n}\n",
        instance().replace("interface lo", "interface lo " + "x" * 1100),
    ],
)
def test_a_block_that_is_not_one_plain_stretch_is_left_alone(desk: Desk, text: str) -> None:
    wired = desk.wire(text)
    assert not wired.changed
    assert wired.refused


def test_a_definition_may_name_an_instance(desk: Desk) -> None:
    before = "$ID=7\n" + instance(name="VI_${ID}")
    wired = desk.wire(before)
    assert wired.after.decode() == with_lines(before, *all_four("VI_7"))
    demand_reversible(desk, before, wired.after)


@pytest.mark.parametrize("name", ['"VI 1"', "-x", "a..b", "a/b", ".a", "é", "x" * 201])
def test_an_instance_that_no_file_can_be_called_like_is_left_alone(desk: Desk, name: str) -> None:
    wired = desk.wire(instance(name=name))
    assert not wired.changed
    assert [why[:22] for why in wired.refused.values()] == ["no file can be called "]


@pytest.mark.parametrize(
    ("before", "head", "indent", "end"),
    [
        ("vrrp_instance VI_1 { interface lo }", "vrrp_instance VI_1 { interface lo ", "    ", "}"),
        (
            "vrrp_instance VI_1\r\n{\r\n\tadvert_int 1\r\n}",
            "vrrp_instance VI_1\r\n{\r\n\tadvert_int 1\r\n\t",
            "\t",
            "}",
        ),
        (
            " vrrp_instance VI_1 {\n   no_accept\n } # end\n",
            " vrrp_instance VI_1 {\n   no_accept\n   ",
            "   ",
            " } # end\n",
        ),
    ],
)
def test_the_layout_is_the_places_own(desk: Desk, before: str, head: str, indent: str, end: str) -> None:
    newline = "\r\n" if "\r" in before else "\n"
    wired = desk.wire(before)
    assert wired.after.decode() == head + f"{newline}{indent}".join(all_four()) + newline + end
    demand_reversible(desk, before, wired.after)


def test_octets_that_are_no_text_come_back(desk: Desk) -> None:
    before = instance("notify_master /etc/f\xe9", "notify /b").encode("latin-1")
    wired = desk.wire(before)
    assert b'MASTER VI_1 -- /etc/f\xe9" root' in wired.after
    demand_reversible(desk, before, wired.after)


def test_another_state_folder_and_another_place_of_the_script(tmp_path: Path) -> None:
    desk = Desk(tmp_path, GROUPS, scripts="/opt/our scripts/", state="/run/other/")
    wired = desk.wire(instance())
    assert "\n    notify_stop \"'/opt/our scripts/notify' -s /run/other STOP VI_1\" root\n" in wired.after.decode()
    # Moved: the same lines, with what is right now.
    assert Desk(tmp_path, GROUPS).wire(wired.after).after == Desk(tmp_path, GROUPS).wire(instance()).after


def test_only_the_instances_that_are_asked_for_are_touched(desk: Desk) -> None:
    first, second = instance(), instance(name="VI_2")
    one = desk.wire(first + second, "VI_2").after.decode()
    assert one == first + with_lines(second, *all_four("VI_2"))
    both = desk.wire(one, "VI_1").after.decode()
    assert both == with_lines(first, *all_four()) + with_lines(second, *all_four("VI_2"))


def test_a_second_script_of_the_sites_is_still_the_one_that_is_ignored(desk: Desk) -> None:
    before = instance("notify_master /first", "notify_master /second", "notify /any")
    wired = desk.wire(before)
    text = wired.after.decode()
    assert f'{OURS} MASTER VI_1 -- /first"' in text
    assert "\n    notify_master /second\n" in text
    demand_reversible(desk, before, wired.after)


# What the site does to the configuration once it is wired.


@pytest.mark.parametrize("above", [True, False])
def test_a_script_that_the_site_adds_later_gets_its_slot(desk: Desk, above: bool) -> None:
    wired = desk.wire(instance()).after.decode()
    theirs = "    notify_master /etc/fence web\n"
    edited = with_theirs(wired, theirs, above)
    again = desk.wire(edited).after.decode()
    assert "notify_backup" not in again
    assert theirs in again
    assert f'notify "{OURS}" root' in again
    demand_reversible(desk, with_theirs(instance(), theirs, above), again.encode())


def with_theirs(text: str, theirs: str, above: bool) -> str:
    """Return an instance with a line near its beginning, or at its end."""
    return text.replace("    priority", f"{theirs}    priority") if above else f"{text[:-2]}{theirs}}}\n"


def test_theirs_comes_back_once_the_generic_slot_is_free(desk: Desk) -> None:
    wired = desk.wire(instance("notify_master /etc/fence", "notify /any")).after.decode()
    again = desk.wire(wired.replace("    notify /any\n", "")).after.decode()
    before = instance("notify_master /etc/fence")
    assert again == desk.wire(before).after.decode()
    demand_reversible(desk, before, again.encode())


def test_a_line_of_ours_that_was_edited_is_set_right(desk: Desk) -> None:
    wired = desk.wire(instance()).after
    edited = wired.replace(b"MASTER VI_1", b"BACKUP VI_1", 1).replace(b"STOP VI_1", b"STOP VI_2", 1)
    assert desk.wire(edited).after == wired


def test_a_new_name_is_followed(desk: Desk) -> None:
    wired = desk.wire(instance()).after
    renamed = wired.replace(b"vrrp_instance VI_1", b"vrrp_instance VI_9")
    assert desk.wire(renamed).after == desk.wire(instance(name="VI_9")).after


def test_lines_of_the_sites_between_ours_stay(desk: Desk) -> None:
    wired = desk.wire(instance()).after
    marker = b"    # lvs-rawcheck VI_1/notify_fault, added\n"
    edited = wired.replace(marker, b"    nopreempt # for now\n" + marker)
    again = desk.wire(edited)
    assert again.after.count(b"nopreempt # for now") == 1
    expected = instance()[:-2] + "    nopreempt # for now\n}\n"
    assert desk.reverted(again.after).decode() == expected


@pytest.mark.full
def test_what_real_sites_have(tmp_path: Path) -> None:
    """Every instance is wired or refused with a sentence; a second run changes nothing; all can be taken back."""
    desk = Desk(tmp_path, GROUPS)
    wired_instances = refused = 0
    for file in require_corpus("keepalived"):
        before = file.read_bytes()
        if b"vrrp_instance" not in before:
            continue
        wired = desk.wire(before)
        demand_reversible(desk, before, wired.after)
        wired_instances += wired.after.count(b"\n") > before.count(b"\n")
        refused += len(wired.refused)
    assert wired_instances > refused


def test_keepalived_finds_nothing_to_say(desk: Desk) -> None:
    """Every way of wiring, read by the real one: no message that it did not have before (no users, see config_test)."""
    texts = [
        instance(),
        instance("notify_master /bin/true"),
        instance("notify_stop '/bin/echo a' root", "notify /bin/true"),
    ]
    for text in texts:
        wired = desk.wire(text)
        assert wired.changed
        assert messages(desk.folder, wired.after) == messages(desk.folder, text.encode())


def messages(folder: Path, octets: bytes) -> str:
    file = folder / "tried.conf"
    file.write_bytes(octets)
    done = subprocess.run(["keepalived", "-t", "-f", file], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode in (0, 4, 5, 6), done
    return done.stderr
