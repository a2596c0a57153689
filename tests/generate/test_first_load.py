# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that are out of the table when the new configuration is first loaded, and stay out until they pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.director.ipvs import IpvsTable, parse_table
from lvs_rawcheck.generate.keepalived.first_load import plan_for_now
from lvs_rawcheck.generate.keepalived.plan import KeepalivedPlan
from lvs_rawcheck.generate.options import PlanOptions
from tests.generate.folder_site import CONFIGURATION, FolderSite

HEADING = b"IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress\n"
VIRTUAL = b"TCP  C0000201:0050 rr\n"
FIRST, SECOND = b"  -> C000020B:0050 Route 1 0 0\n", b"  -> C000020C:0050 Route 1 0 0\n"
BOTH, WITHOUT_SECOND = parse_table(HEADING + VIRTUAL + FIRST + SECOND), parse_table(HEADING + VIRTUAL + FIRST)
NO_SERVICE = parse_table(HEADING + b"TCP  C0000209:0050 rr\n" + FIRST)
SECOND_ID = "tcp-192.0.2.1-80/192.0.2.12"


@pytest.fixture
def site(tmp_path: Path) -> FolderSite:
    return FolderSite(tmp_path)


def plan(site: FolderSite, table: IpvsTable | None) -> KeepalivedPlan:
    options = PlanOptions(scripts=str(site.scripts), state=str(site.state), templates=str(site.folder))
    return plan_for_now(str(site.conf), options, None, (2, 2, 7), lambda: None, table)


def result(site: FolderSite, table: IpvsTable | None) -> str:
    return plan(site, table).result()[str(site.conf)].decode()


def stanza_of(text: str, address: str) -> list[str]:
    """Return the lines of the stanza of a real server."""
    lines = [line.strip() for line in text.partition(f"real_server {address} ")[2].splitlines()]
    return lines[lines.index("MISC_CHECK {") : lines.index("}")]


def test_only_a_server_that_is_out_is_held_out(site: FolderSite) -> None:
    text = result(site, WITHOUT_SECOND)
    assert {"alpha", "warmup 1"} <= set(stanza_of(text, "192.0.2.12"))
    assert not {"alpha", "warmup 1"} & set(stanza_of(text, "192.0.2.11"))


@pytest.mark.parametrize("table", [BOTH, NO_SERVICE, None], ids=["all in", "no such virtual server", "no table"])
def test_otherwise_nobody_is(site: FolderSite, table: IpvsTable | None) -> None:
    assert "alpha" not in result(site, table)


def test_where_checks_wait_for_the_vip_nobody_is(site: FolderSite) -> None:
    """Held out on a backup, all servers would be missing for a while after a takeover."""
    site.conf.write_text(CONFIGURATION.replace("    lb_algo rr\n", "    lb_algo rr\n    ha_suspend\n"))
    assert "alpha" not in result(site, WITHOUT_SECOND)


def test_a_second_run_before_the_reload_changes_nothing(site: FolderSite) -> None:
    site.conf.write_text(result(site, WITHOUT_SECOND))
    assert plan(site, WITHOUT_SECOND).result() == {}


def test_once_it_is_loaded_the_next_run_takes_it_out_again(site: FolderSite) -> None:
    planned = result(site, BOTH)
    site.conf.write_text(result(site, WITHOUT_SECOND))
    last = site.state / "last" / SECOND_ID
    last.parent.mkdir(parents=True)
    while True:  # until the kernel's clock for files has moved on
        last.write_text("1 0 1 raw 1 - no-answer\n")
        if last.stat().st_ctime_ns > site.conf.stat().st_ctime_ns:
            break
    assert result(site, WITHOUT_SECOND) == planned


def test_a_verdict_from_before_the_stanza_was_written_does_not_say_that_it_is_loaded(site: FolderSite) -> None:
    """Of the same check, before it was taken out and planned again."""
    last = site.state / "last" / SECOND_ID
    last.parent.mkdir(parents=True)
    last.write_text("1 0 1 raw 1 - no-answer\n")
    text = result(site, WITHOUT_SECOND)
    while True:  # until the kernel's clock for files has moved on
        site.conf.write_text(text)
        if site.conf.stat().st_ctime_ns > last.stat().st_ctime_ns:
            break
    assert plan(site, WITHOUT_SECOND).result() == {}


def test_a_server_that_is_in_again_is_held_out_no_longer(site: FolderSite) -> None:
    planned = result(site, BOTH)
    site.conf.write_text(result(site, WITHOUT_SECOND))
    assert result(site, BOTH) == planned
