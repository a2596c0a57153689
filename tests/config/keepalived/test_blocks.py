# SPDX-License-Identifier: GPL-2.0-or-later
"""Braces and unknown words: what keepalived takes for a part of what."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived.configuration import Configuration
from tests.config.keepalived.texts import kinds, read

SERVER = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_kind DR\nreal_server 198.51.100.1 80 {\n%s\n}\n}\n"


def in_server(folder: Path, body: str, version: tuple[int, ...] = (2, 2, 7)) -> Configuration:
    return read(folder, SERVER % body, version=version)


def checkers(found: Configuration) -> list[str]:
    return [
        each.kind for virtual in found.site.virtual_servers for real in virtual.real_servers for each in real.checkers
    ]


def test_an_unknown_block_ends_the_one_around_it(tmp_path: Path) -> None:
    found = in_server(tmp_path, "foo {\n}\nweight 7\nTCP_CHECK {\n}")
    assert checkers(found) == []
    assert found.errors[0].kind == "unknown-block"
    assert (found.errors[0].span.line, "'real_server'" in found.errors[0].message) == (5, True)


def test_an_unknown_word_is_only_ignored(tmp_path: Path) -> None:
    found = in_server(tmp_path, "lb_kind DR\nTCP_CHECK {\nnonsense 5\n}")
    assert (checkers(found), kinds(found), found.errors) == (["TCP_CHECK"], ["unknown-keyword"] * 2, [])
    unknown = found.site.virtual_servers[0].real_servers[0].checkers[0].block.unknown
    assert [statement.words for statement in unknown] == [["nonsense", "5"]]


@pytest.mark.parametrize(
    ("version", "found"), [((2, 0, 20), []), ((2, 1, 0), ["PING_CHECK"]), ((2, 2, 7), ["PING_CHECK"])]
)
def test_words_come_with_versions(tmp_path: Path, version: tuple[int, ...], found: list[str]) -> None:
    assert checkers(in_server(tmp_path, "PING_CHECK {\n}", version)) == found


def test_words_are_case_sensitive(tmp_path: Path) -> None:
    found = read(tmp_path, "virtual_server 192.0.2.1 80 {\nPROTOCOL TCP\nreal_server 198.51.100.1 80 {\n}\n}\n")
    assert found.site.virtual_servers[0].protocol == "udp"


def test_several_words_in_one_line_are_lost(tmp_path: Path) -> None:
    found = in_server(tmp_path, "TCP_CHECK { connect_timeout 3 retry 2 }")
    checker = found.site.virtual_servers[0].real_servers[0].checkers[0]
    assert (checker.connect_timeout, checker.retry) == (3.0, 1)


def test_one_process_does_not_see_what_confuses_another(tmp_path: Path) -> None:
    instance = "vrrp_instance VI_1 {\ninterface eth0\n}\n"
    found = read(tmp_path, SERVER % "foo {\n}" + instance)
    assert [each.name for each in found.site.instances] == ["VI_1"]
    found = read(tmp_path, "vrrp_instance VI_1 {\nfoo {\n}\n}\n" + SERVER % "TCP_CHECK {\n}")
    assert checkers(found) == ["TCP_CHECK"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("global_defs {\n", 1),
        ("global_defs {\n}\n}\n", 3),
        ("global_defs\nrouter_id x\n}\n", 1),
        ("{\n}\n", 1),
        ("vrrp_instance V {\nvirtual_ipaddress {\n192.0.2.1\n}\n", 1),
    ],
)
def test_braces_that_do_not_pair(tmp_path: Path, text: str, line: int) -> None:
    assert ("brace", line) in [(finding.kind, finding.span.line) for finding in read(tmp_path, text).errors]


def test_the_first_of_several_notify_scripts_counts(tmp_path: Path) -> None:
    found = read(tmp_path, "vrrp_instance V {\nnotify /a\nnotify /b\n}\n")
    assert (found.site.instances[0].scripts["notify"].argv, kinds(found)) == (["/a"], ["value"])


def test_a_missing_value_ends_keepalived(tmp_path: Path) -> None:
    found = in_server(tmp_path, "weight\nTCP_CHECK {\n}")
    assert [(each.kind, each.span.line) for each in found.errors] == [("missing-value", 5)]
