# SPDX-License-Identifier: GPL-2.0-or-later
"""Which stanza may be edited, and why another may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.config.keepalived.model import Checker
from tests.config.keepalived.texts import read

HEAD = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_kind DR\n"
STANZA = "real_server 198.51.100.1 80 {\nTCP_CHECK {\nconnect_timeout 3\n}\n}\n"


def checkers(folder: Path, text: str, others: dict[str, str] | None = None) -> list[Checker]:
    site = read(folder, text, others).site
    return [each for virtual in site.virtual_servers for real in virtual.real_servers for each in real.checkers]


def obstacles(folder: Path, text: str, others: dict[str, str] | None = None) -> set[str]:
    found = checkers(folder, text, others)
    assert found
    return {obstacle.kind for each in found for obstacle in each.obstacles}


FREE = {
    "plain": HEAD + STANZA + "}\n",
    "one line": HEAD + "real_server 198.51.100.1 80 { TCP_CHECK { connect_timeout 3 } }\n}\n",
    "a definition in the real server's line": "$R=198.51.100.1\n" + HEAD + STANZA.replace("198.51.100.1", "$R") + "}\n",
    "a definition in the virtual server's line": "$V=192.0.2.1\n" + HEAD.replace("192.0.2.1", "$V") + STANZA + "}\n",
    "another server on condition": HEAD + STANZA + "@lb2 real_server 198.51.100.2 80 { TCP_CHECK { } }\n}\n",
    "comments and CRLF": (HEAD + "# @lb1\n" + STANZA + "}\n").replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", FREE.values(), ids=FREE)
def test_free(tmp_path: Path, text: str) -> None:
    assert obstacles(tmp_path, text) == set()


LONG = "# " + "x" * 1100 + "\n"
BOUND = {
    "condition inside": (HEAD + STANZA.replace("connect", "@lb1 connect") + "}\n", {"condition"}),
    "condition for another node inside": (HEAD + STANZA.replace("connect", "@lb2 connect") + "}\n", {"condition"}),
    "condition in the real server": (HEAD + STANZA.replace("TCP", "@lb2 weight 3\nTCP") + "}\n", {"condition"}),
    "condition in the virtual server": (HEAD + "@lb2 delay_loop 3\n" + STANZA + "}\n", {"condition"}),
    "condition before the virtual server": ("@lb1 " + HEAD + STANZA + "}\n", {"condition"}),
    "definition inside": ("$T=3\n" + HEAD + STANZA.replace("timeout 3", "timeout $T") + "}\n", {"definition"}),
    "definition made inside": (HEAD + STANZA.replace("connect", "$T=3\nconnect") + "}\n", {"assignment"}),
    "conditional definition around": (
        "@lb1 $V=192.0.2.1\n@lb2 $V=192.0.2.2\n" + HEAD.replace("192.0.2.1", "$V") + STANZA + "}\n",
        {"condition"},
    ),
    "sequence": (HEAD + "~SEQ(I,1,2) real_server 198.51.100.$I 80 { TCP_CHECK { } }\n}\n", {"sequence", "definition"}),
    "a line that is too long": (HEAD + STANZA.replace("connect", LONG + "connect") + "}\n", {"long-line"}),
}


@pytest.mark.parametrize(("text", "expected"), BOUND.values(), ids=BOUND)
def test_bound(tmp_path: Path, text: str, expected: set[str]) -> None:
    assert expected <= obstacles(tmp_path, text)


def test_a_definition_that_holds_the_stanza(tmp_path: Path) -> None:
    text = "$C=TCP_CHECK { \\\nconnect_timeout 3 \\\n}\n" + HEAD + "real_server 198.51.100.1 80 {\n$C\n}\n}\n"
    assert "definition" in obstacles(tmp_path, text)


def test_braces_that_pair_across_files(tmp_path: Path) -> None:
    opening = {"a.inc": "real_server 198.51.100.1 80 {\nTCP_CHECK {\n"}
    assert "shape" in obstacles(tmp_path, HEAD + "include a.inc\n}\n}\n}\n", opening)


def test_servers_of_an_included_file_are_free(tmp_path: Path) -> None:
    assert obstacles(tmp_path, HEAD + "include a.inc\n}\n", {"a.inc": STANZA}) == set()


def test_servers_of_a_file_included_twice_are_not(tmp_path: Path) -> None:
    other = HEAD.replace("192.0.2.1", "192.0.2.2")
    text = f"{HEAD}include a.inc\n}}\n{other}include a.inc\n}}\n"
    assert "repeated" in obstacles(tmp_path, text, {"a.inc": STANZA})


def test_servers_of_a_file_included_on_condition_are_not(tmp_path: Path) -> None:
    assert "condition" in obstacles(tmp_path, HEAD + "@lb1 include a.inc\n}\n", {"a.inc": STANZA})
