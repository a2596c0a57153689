# SPDX-License-Identifier: GPL-2.0-or-later
"""What cannot be read: file, line, column and a sentence; and nothing but that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.config.keepalived import read_keepalived
from lvs_rawcheck.config.tree import join_leaves
from lvs_rawcheck.errors import ConfigError, ConfigSyntaxError
from tests.config.keepalived.texts import read, written
from tests.corpus import require_corpus


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        (b"a\n b\0c\n", "nul", (2, 3)),
        (b'global_defs {\n  router_id "x\n}\n', "quote", (2, 3)),
        (b"global_defs {\n}\n  }\n", "brace", (3, 3)),
        (b"a\n  global_defs {\n", "brace", (2, 15)),
        (b"~SEQ(I,1,0,5) a\n", "sequence", (1, 1)),
        (b"~LST(a) b\n", "sequence", (1, 1)),
        (b"\\#a\n", "escaped-comment", (1, 2)),
    ],
)
def test_places(tmp_path: Path, text: bytes, kind: str, place: tuple[int, int]) -> None:
    found = read(tmp_path, text)
    assert [(each.kind, (each.span.line, each.span.column)) for each in found.errors if each.kind == kind] == [
        (kind, place)
    ]
    with pytest.raises(ConfigError, match=r"keepalived\.conf:\d+:\d+: ."):
        found.require_sound()
    assert [leaf for leaf in found.leaves(found.main.path) if leaf.problem]


def test_a_condition_without_a_known_node_is_an_error(tmp_path: Path) -> None:
    assert [each.kind for each in read(tmp_path, "@lb1 global_defs {\n}\n", node=None).errors] == ["condition"] * 1 + [
        "brace"
    ]


@pytest.mark.parametrize("what", ["nothing", "directory", "executable", "fifo", "nul"])
def test_main_file(tmp_path: Path, what: str) -> None:
    main = tmp_path / "keepalived.conf"
    if what == "directory":
        main.mkdir()
    elif what == "executable":
        written(tmp_path, "").chmod(0o755)
    elif what == "fifo":
        os.mkfifo(main)
    with pytest.raises(ConfigSyntaxError, match=r"keepalived\.conf.*: "):
        read_keepalived(f"{main}\0" if what == "nul" else str(main))


def test_an_overlay_stands_for_the_disk(tmp_path: Path) -> None:
    main = written(tmp_path, "include a.inc\n", {"a.inc": "x\n"})
    overlay = {str(tmp_path / "a.inc"): b"vrrp_instance V {\n}\n"}
    assert [each.name for each in read_keepalived(str(main), overlay=overlay).site.instances] == ["V"]


# Separated by bars.
PIECES = (
    b'\n|\n|\n| |{|}|"|#|!|\\|\0|\r|$A=|$A|${A}|${B}|$B=x\\\n|~SEQ(A,1,3) |~LST({A,B},{1,2},{3,4}) |@lb1 |@^lb2 |'
    b"include keepalived.conf|include /|virtual_server 192.0.2.1 80|virtual_server group g|virtual_server fwmark 3|"
    b"real_server 198.51.100.1 80|virtual_server_group g|192.0.2.1-5 80|TCP_CHECK|HTTP_GET|url|path /|MISC_CHECK|"
    b"misc_path '|connect_timeout|retry x|weight -3|SMTP_CHECK|host|vrrp_instance V|virtual_ipaddress|notify \"|"
    b"vrrp_sync_group G|group|global_defs|script_user|\xff\xfe|\xc3\xa9|lb_kind DR|status_code 9-1|digest x|track_file"
)


@given(pieces=st.lists(st.sampled_from(PIECES.split(b"|")), max_size=60))
def test_any_text_is_read_and_comes_back(pieces: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    text = b"".join(pieces)
    found = read(folder, text)
    assert join_leaves(found.leaves(found.main.path)) == text
    for finding in found.findings:
        assert finding.message
        assert finding.span.line >= 1
    for virtual in found.site.virtual_servers:
        for real in virtual.real_servers:
            for checker in real.checkers:
                assert (
                    checker.span is None
                    or checker.span.octets.startswith(checker.block.keyword.encode())
                    or (checker.obstacles)
                )


@given(text=st.binary(max_size=300))
def test_any_octets_are_read_and_come_back(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = read(tmp_path_factory.getbasetemp(), text)
    assert join_leaves(found.leaves(found.main.path)) == text


def test_real_configurations_come_back() -> None:
    for path in require_corpus("keepalived"):
        try:
            found = read_keepalived(str(path), "lb1")
        except ConfigSyntaxError:
            continue
        for name, file in found.files.items():
            assert join_leaves(found.leaves(name)) == file.octets
