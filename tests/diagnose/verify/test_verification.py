# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of finding, from a sound site with one thing changed; and what is no finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.wire.address import parse_address
from tests.diagnose.verify.site import ID, OTHER, OTHER_ID, REAL, SERVICE, TOLD_AT, VIP, Site

pytestmark = pytest.mark.netns  # needs root: a script that is not root's keepalived may not run

KEY = f"[{VIP}]:tcp:80"
MARKER = f"        # lvs-rawcheck {OTHER_ID}, added\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A sound site."""
    return Site(tmp_path)


def test_a_sound_site_is_looked_at_once(site: Site) -> None:
    verification = site.verify()
    assert (verification.planned, verification.live, verification.findings) == (2, 2, [])
    assert site.waited == []


# The plan


def test_a_configuration_without_any_check_of_ours_proves_nothing(site: Site) -> None:
    site.config = (
        f"virtual_server {VIP} 80 {{\n    real_server {REAL} 80 {{\n        TCP_CHECK {{\n        }}\n    }}\n}}\n"
    )
    site.dumps = [text[: text.index("------< Health")] for text in site.dumps]
    assert site.found() == {"nothing-planned": {str(site.config_path)}}


def test_an_unknown_word_s_block_swallows_the_check_behind_it(site: Site) -> None:
    """What keepalived does not know is a part of the block around it, and its brace ends that one."""
    stanza = site.stanza(OTHER_ID)
    site.config = site.config.replace(stanza, f"        shiny {{\n        }}\n{MARKER}{stanza}")
    line = site.config[: site.config.index(MARKER)].count("\n") + 1
    # And keepalived, having been given the configuration before that, runs it still.
    assert site.found() == {"marker": {f"{site.config_path}:{line}"}, "unplanned": {f"{OTHER} of {KEY}"}}


def test_a_notify_line_of_ours_has_a_marker_and_is_no_check(site: Site) -> None:
    line = '    # lvs-rawcheck VI_1/notify_stop, added\n    notify_stop "/usr/lib/lvs-rawcheck/notify STOP VI_1" root\n'
    instance = f"vrrp_instance VI_1 {{\n    virtual_router_id 51\n{line}}}\n"
    site.config = instance + site.config
    assert site.found() == {}
    # Here the unknown word's brace ends the instance, and keepalived never reads the line.
    site.config = site.config.replace("    # lvs", "    shiny {\n    }\n    # lvs", 1)
    assert site.found() == {"marker": {f"{site.config_path}:5"}}


def test_a_second_server_of_the_same_address_is_left_out_with_its_check(site: Site) -> None:
    second = f"    real_server {REAL} 80 {{\n{site.stanza(ID)}    }}\n}}\n"
    site.config = site.config.removesuffix("}\n") + second
    assert site.found() == {"left-out": {ID}}


# What is live


def test_a_check_that_is_not_live(site: Site) -> None:
    site.dumps = [text[: text.index(f" {KEY} -> [{OTHER}]")] for text in site.dumps]
    (finding,) = site.verify().findings
    assert (finding.kind, finding.where) == ("not-live", OTHER_ID)
    assert "up unchecked" in finding.what
    assert "reload" in finding.fix


def test_a_virtual_server_that_keepalived_does_not_know(site: Site) -> None:
    site.config = site.config.replace(f"virtual_server {VIP} 80", f"virtual_server {VIP} 81")
    site.service = site.service.replace(f"{VIP}:80", f"{VIP}:81")
    found = site.found()
    assert found["not-live"] == {ID, OTHER_ID}
    assert found["unplanned"] == {f"{REAL} of {KEY}", f"{OTHER} of {KEY}"}


def test_the_command_of_another_folder_is_another_command(site: Site) -> None:
    site.change_dump(f"'{site.verdict}' '{ID}'", f"'/old/verdict' '{ID}'")
    (finding,) = site.verify().findings
    assert (finding.kind, finding.where) == ("other-command", ID)
    assert "/old/verdict" in finding.what


def test_a_folder_that_is_a_link_is_the_same_command(site: Site) -> None:
    """keepalived puts the canonical path in the place of the first word."""
    (site.folder / "link").symlink_to(site.folder)
    site.config = site.config.replace(f'"{site.verdict} ', f'"{site.folder}/link/verdict ')
    assert site.found() == {}


def test_a_script_that_is_a_link_loses_its_name(site: Site) -> None:
    """keepalived keeps it only where a file of that name is beside the link's target (lib/notify.c)."""
    target = site.folder / "elsewhere" / "launcher.py"
    target.parent.mkdir()
    site.verdict.rename(target)
    site.verdict.symlink_to(target)
    named = site.dumps[0]
    site.dumps = [named.replace(str(site.verdict), str(target))]
    assert site.found() == {}
    (target.parent / site.verdict.name).symlink_to(target)
    site.dumps = [named.replace(str(site.verdict), str(target.parent / site.verdict.name))]
    assert site.found() == {}


def test_another_checker_beside_ours_that_was_dropped(site: Site) -> None:
    theirs = '        MISC_CHECK {\n            misc_path "/no/such/script"\n        }\n'
    site.config = site.config.replace(site.stanza(ID), site.stanza(ID) + theirs)
    assert site.found() == {"not-live-beside": {ID}}


@pytest.mark.parametrize(
    ("old", "new", "kind"), [("uid:gid = 0:0", "uid:gid = 33:33", "user"), ("dynamic = NO", "dynamic = YES", "dynamic")]
)
def test_how_it_runs(site: Site, old: str, new: str, kind: str) -> None:
    site.change_dump(old, new, 1)
    assert site.found() == {kind: {ID}}


@pytest.mark.parametrize("harm", ["chmod -x", "rm"])
def test_a_script_that_was_taken_away_counts_as_success(site: Site, harm: str) -> None:
    if harm == "rm":
        site.verdict.unlink()
    else:
        site.verdict.chmod(0o644)
    assert site.found() == {"script": {ID, OTHER_ID}}


def test_a_time_limit_before_the_deadline_is_found_and_the_default_is_the_delay_loop(site: Site) -> None:
    site.change_dump("timeout = 4", "timeout = 0")  # not written: 6 s, the virtual server's delay_loop
    assert site.found() == {}
    site.service = site.service.replace("timeout = 2.0", "timeout = 6.0")
    assert site.found() == {"misc-timeout": {ID, OTHER_ID}}


# What runs


def test_ha_suspend_with_a_group_is_found_wherever_it_is(site: Site) -> None:
    group = (
        " ------< Virtual server >------\n VS GROUP = [WEB]:0\n   protocol = TCP\n   Using HA suspend\n"
        "------< Health checkers >------"
    )
    site.change_dump("------< Health checkers >------", group)
    assert site.found() == {"ha-suspend": {"[WEB]:0"}}


def test_a_suspended_check_is_right_while_the_vip_is_elsewhere(site: Site) -> None:
    site.change_dump("Enabled = yes", "Enabled = no", 1)
    assert site.found() == {"suspended": {ID}}
    site.roles = {parse_address(VIP): "backup"}
    site.role_file.write_text("0\n")
    assert site.found() == {}


def test_a_check_that_is_never_run_again_is_late_beside_the_others(site: Site) -> None:
    """After a fork that failed: two intervals, its time limit and a grace, 28 s here."""
    site.change_dump(f"{TOLD_AT - 4:.6f}", f"{TOLD_AT - 29:.6f}")
    assert site.found() == {}
    site.change_dump(f"{TOLD_AT - 29:.6f}", f"{TOLD_AT - 31:.6f}")
    assert site.found() == {"late": {OTHER_ID}}


def test_a_standstill_is_seen_by_looking_twice(site: Site) -> None:
    site.change_dump(f"{TOLD_AT - 4:.6f}", f"{TOLD_AT - 1004:.6f}")
    site.change_dump(f"{TOLD_AT - 2:.6f}", f"{TOLD_AT - 1002:.6f}")
    assert site.found() == {"standstill": {"keepalived"}}
    assert site.waited == [11.0]


def test_a_clock_that_was_set_is_no_standstill(site: Site) -> None:
    site.change_dump(f"{TOLD_AT - 4:.6f}", f"{TOLD_AT - 1004:.6f}")
    site.change_dump(f"{TOLD_AT - 2:.6f}", f"{TOLD_AT - 1002:.6f}")
    site.dumps.append(site.dumps[0].replace(f"{TOLD_AT - 1004:.6f}", f"{TOLD_AT - 998:.6f}"))
    assert site.found() == {}


# The registry


def test_a_registry_that_lacks_what_a_stanza_names(site: Site) -> None:
    site.service = site.service.rpartition("[[real_server]]")[0]
    (finding,) = site.verify().findings
    assert (finding.kind, finding.where) == ("unregistered", OTHER_ID)
    assert "has no real server 10.0.0.43" in finding.what


def test_a_service_file_that_cannot_be_used(site: Site) -> None:
    site.service += "adress = 1\n"
    findings = site.verify().findings
    assert {(each.kind, each.where) for each in findings} == {("unregistered", ID), ("unregistered", OTHER_ID)}
    assert "adress" in findings[0].what


def test_no_registry_at_all(site: Site) -> None:
    assert site.found() == {}
    for path in site.services.iterdir():
        path.unlink()
    site.services.rmdir()
    site.services = site.folder / "other"
    site.services.mkdir()
    site.service = ""
    assert set(site.found()) == {"unregistered"}


def test_a_stanza_that_names_another_server_s_check(site: Site) -> None:
    site.config = site.config.replace(f"{site.verdict} {OTHER_ID}", f"{site.verdict} {ID}")
    site.change_dump(f"'{OTHER_ID}'", f"'{ID}'")
    assert site.found() == {"other-server": {ID}}


def test_a_check_of_another_vip(site: Site) -> None:
    site.service = site.service.replace(f"{VIP}:80", "10.0.0.101:80")
    site.roles[parse_address("10.0.0.101")] = "master"
    assert site.found() == {"other-vip": {ID, OTHER_ID}}


def test_modes(site: Site) -> None:
    site.service = f'mode = "observe"\n{site.service}'
    assert site.found() == {"mode": {ID, OTHER_ID}}
    (site.state / "mode").mkdir()
    (site.state / "mode" / SERVICE).write_text("enforce -\n")
    assert site.found() == {}, "what is set by hand goes before the registry"
    (site.state / "mode" / SERVICE).write_text("standard -\n")
    assert {each.fix for each in site.verify().findings} == {f"lvs-rawcheck mode {SERVICE} --clear"}
    (site.state / "mode" / SERVICE).write_text("nonsense\n")
    assert site.found() == {"mode": {ID, OTHER_ID}}


def test_a_degraded_check_and_a_backup_s_standard_one(site: Site) -> None:
    site.write_last(REAL, path="standard")
    assert site.found() == {"degraded": {ID}}
    site.write_last(REAL, path="standard", role="0")
    assert site.found() == {}


def test_a_check_that_was_run_and_left_no_verdict(site: Site) -> None:
    (site.state / "last" / SERVICE / REAL).write_text("garbage\n")
    assert site.found() == {"no-verdict": {ID}}


def test_a_verdict_that_keepalived_did_not_hear(site: Site) -> None:
    site.write_last(REAL, status=1, reason="no-answer")
    assert site.found() == {"verdict-lost": {ID}}
    site.change_dump("Last status = 0", "Last status = 1", 1)
    assert site.found() == {}, "a failure that is retried"


# Roles


@pytest.mark.parametrize(
    ("file", "by_vip", "found"),
    [
        ("1", "master", {}),
        ("0", "backup", {}),
        ("0", "master", "role"),
        ("1", "backup", "role"),
        ("1", None, {}),
        ("", "backup", "role-file"),
    ],
)
def test_role_files(site: Site, file: str, by_vip: str | None, found: object) -> None:
    site.role_file.write_text(file)
    site.roles = {parse_address(VIP): by_vip}
    assert site.found() == ({found: {str(site.role_file)}} if isinstance(found, str) else found)


def test_the_role_file_of_a_command_line(site: Site) -> None:
    program = site.folder / "lvs-rawcheck"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    other = site.state / "role" / "other"
    other.write_text("0\n")
    words = f"check tcp {OTHER} {VIP}:80 -r {other} --reply-mac known"
    site.config = site.config.replace(f'"{site.verdict} {OTHER_ID}"', f'"{program} {words}"')
    site.change_dump(f"'{site.verdict}' '{OTHER_ID}'", " ".join(f"'{word}'" for word in [str(program), *words.split()]))
    assert site.found() == {"role": {str(other)}}


# The table


@pytest.mark.parametrize(
    ("dump", "table", "kind", "where"),
    [
        (("alive = 1", "alive = 0"), None, "failed-in-table", REAL),
        (("alive = 1", "alive = 0"), ("0050 Route 1", "0050 Route 0"), None, REAL),
        (None, ("  -> 0A00002A:0050 Route 1 0 0\n", ""), "not-in-table", REAL),
        (("RS set = 1", "RS set = 0"), ("  -> 0A00002A:0050 Route 1 0 0\n", ""), None, REAL),
        (None, ("0 0\n", "0 0\n  -> 0A000063:0050 Route 1 0 0\n"), "foreign", "10.0.0.99"),
    ],
)
def test_the_table(
    site: Site, dump: tuple[str, str] | None, table: tuple[str, str] | None, kind: str | None, where: str
) -> None:
    if dump is not None:
        site.change_dump(*dump, 1)
    if table is not None:
        site.table = site.table.replace(*table, 1)
    assert site.found() == ({kind: {f"{where}:80 of tcp {VIP}:80"}} if kind is not None else {})


def test_a_sorry_server_in_the_table_is_not_foreign(site: Site) -> None:
    site.table = site.table.replace("0 0\n", "0 0\n  -> 0A000063:0050 Route 1 0 0\n", 1)
    site.change_dump("   protocol = TCP\n", "   protocol = TCP\n   sorry server = [10.0.0.99]:tcp:80\n", 1)
    assert site.found() == {}


def test_a_difference_that_passes_between_two_looks_is_none(site: Site) -> None:
    """The dump and the table are not of one moment."""
    site.change_dump("alive = 1", "alive = 0", 1)

    def catches_up() -> None:
        site.table = site.table.replace("  -> 0A00002A:0050 Route 1 0 0\n", "")

    site.change_dump("RS set = 1", "RS set = 0", 1)
    assert site.found(catches_up) == {}
    assert site.waited == [3.0]


def test_every_vip_of_a_group_and_marks(site: Site) -> None:
    group = (
        " ------< Virtual server group >------\n Virtual Server Group = WEB, IPv4 = yes, IPv6 = no\n"
        "   VIP Range = 10.0.0.100-10.0.0.101, VPORT = 80\n   FWMARK = 7\n ------< Virtual server >------"
    )
    site.change_dump(" ------< Virtual server >------", group, 1)
    site.change_dump(f" VS VIP = {VIP}, VPORT = 80", " VS GROUP = [WEB]:0", 1)
    site.change_dump(f" {KEY} ->", " [WEB]:0 ->")
    entries = "    10.0.0.100-101 80\n    fwmark 7\n"
    site.config = f"virtual_server_group WEB {{\n{entries}}}\n" + site.config.replace(f"{VIP} 80 {{", "group WEB {", 1)
    site.service = site.service.replace(f'["{VIP}:80"]', f'["{VIP}:80", "10.0.0.101:80"]')
    site.roles[parse_address("10.0.0.101")] = "master"
    lost = {f"{address}:80 of tcp 10.0.0.101:80" for address in (REAL, OTHER)}
    assert site.found() == {"not-in-table": lost | {f"{address} of fwmark 7" for address in (REAL, OTHER)}}


def test_another_namespace_s_table_is_not_compared_and_said_so(site: Site) -> None:
    site.change_dump("------< LVS Topology", " Network namespace ipvs = lvs\n------< LVS Topology", 1)
    assert site.found() == {"not-compared": {"keepalived"}}
