# SPDX-License-Identifier: GPL-2.0-or-later
"""What keepalived makes of a text before it looks at any word: each case was tried with keepalived 2.2.7."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.keepalived.texts import kinds, lines, read, written

CASES = {
    "comment anywhere": ("A!B\nc#d\n", ["A", "c"]),
    "single quotes protect no comment": ("a 'b#c'\n", ["a 'b"]),
    "double quotes do": ('a "b#c!d" # e\n', ['a "b#c!d"']),
    "an escaped sign is a comment for the children": ("a\\#b\n", ["a"]),
    "CRLF": ("a b\r\nc\r\n", ["a b", "c"]),
    "no last newline": ("a\nb", ["a", "b"]),
    "only space and tab are leading blanks": ("\ufeffa\n\u00a0b\n", ["\ufeffa", "\u00a0b"]),
    "a backslash at the end of a comment stays": ("# text \\\n", ["\\"]),
    "no continuation": ("a \\\nb\n", ["a\\", "b"]),
    "braces split": ("real_server a 80 { TCP_CHECK { } }\n", ["real_server a 80", "{", "TCP_CHECK", "{", "}", "}"]),
    "brace on the next line": ("a\n{\n}\n", ["a", "{", "}"]),
    "an unquoted brace inside a word": ("a b{c d\n", ["a b", "{", "c d"]),
    "quoted brace": ('a "b{c}" {\n', ['a "b{c}"', "{"]),
    "no escaped quote for the search of braces": ('a "b\\"c{d"\n', ['a "b\\"c', "{", 'd"']),
    "single quotes protect no brace": ("a 'b{c'\n", ["a 'b", "{", "c'"]),
    "definition": ("$P=80\na $P\n", ["a 80"]),
    "blank before = is no definition": ("$M = 5\n", ["$M = 5"]),
    "blanks after = are skipped, quotes kept": ('$M=   "5 6"\na $M\n', ['a "5 6"']),
    "where $NAME ends": ("$P=8\na $P,$P) $P/x $P:1 ${P}/x ${P}\n", ["a 8,8) $P/x $P:1 8/x 8"]),
    "in quotes only with braces": ('$P=8\na "$P" "${P}"\n', ['a "$P" "8"']),
    "undefined": ("a $U\nb ${U} c\n", ["a $U", "b $", "{", "U", "}", "c"]),
    "macro": ("$A=aa\n$B=${A}bb\n$A=cc\nx $B\n", ["x ccbb"]),
    "redefinition": ("$A=1\nx $A\n$A=2\nx $A\n", ["x 1", "x 2"]),
    "several lines": ("$A=a 1 \\\n  b 2 \\\nc {\nx $A\n}\n", ["x a 1", "b 2", "c", "{", "}"]),
    "several lines only at the end of a line": ("$A=a \\\nb\nx $A y\n", ["x $A y"]),
    "a blank line ends them": ("$A=a \\\n\nb\nx $A\n", ["b", "x a"]),
    "a comment ends them, for the children": ("$A=a \\\n# c\nb\nx $A\n", ["b", "x a"]),
    "one inside another": ("$A=1 \\\n2\n$B=3 \\\n4 $A\n$B\n5\n", ["3", "4 1", "2", "5"]),
    "built-in": ("a $_INSTANCE ${_BANG}b\n", ["a lb1"]),
    "sequence": ("~SEQ(I,1,3) a ${I}\n", ["a 1", "a 2", "a 3"]),
    "sequence with step": ("~SEQ(I, 10, -5, 0) a $I\n", ["a 10", "a 5", "a 0"]),
    "sequence of one number": ("~SEQ(I,2) a $I\n", ["a 1", "a 2"]),
    "hexadecimal sequence": ("~SEQx(I,9,11) a $I\n", ["a 9", "a a", "a b"]),
    "sequence with braces": ("~SEQ(I,1,2) a $I { b }\n", ["a 1", "{", "b", "}", "a 2", "{", "b", "}"]),
    "a sequence can define": ("~SEQ(I,1,3) $X=v${I}\na $X\n", ["a v3"]),
    "its numbers can be defined": ("$N=2\n~SEQ(I,1,${N}) a $I\n", ["a 1", "a 2"]),
    "a definition can be one": ("$S=~SEQ(I,1,2) a ${I}\n$S\n", ["a 1", "a 2"]),
    "list": ("~LST({a,b},{1,2},{3}) x ${a}-${b}\n", ["x 1-2", "x 3-"]),
    "list of single values": ("~LST(a,1,2) x $a\n", ["x 1", "x 2"]),
    "no sequence": ("~foo a\n", ["~foo a"]),
    "this node": ("@lb1 a\n@lb2 b\n@^lb1 c\n@^lb2 d\n", ["a", "d"]),
    "a condition alone": ("@lb1\n@^lb2\na\n", ["a"]),
    "a condition takes one line, not a block": ("@lb2 a {\nb\n}\n", ["b", "}"]),
    "a conditional definition": ("@lb1 $A=1\n@lb2 $A=2\nx $A\n", ["x 1"]),
    "a definition with a condition": ("$A=@lb2\n$A x\ny\n", ["y"]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_logical_lines(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert [line.text.decode() for line in lines(written(tmp_path, text))] == expected


VERSIONS = {
    "long line cut": ((2, 3, 4), "a " + "b" * 1030 + "\nc\n", [1023, 9, 1]),
    "long line dropped": ((2, 4, 0), "a " + "b" * 1030 + "\nc\n", [1]),
    "comment takes the backslash": ((2, 4, 0), "# text \\\na\n", [1]),
    "and so ends a definition": ((2, 4, 0), "$A=x ! c \\\ny\nz $A\n", [1, 3]),
    "which goes on before": ((2, 3, 4), "$A=x ! c \\\ny\nz $A\n", [3, 1]),
    "escapes work without a copy": ((2, 0, 20), "a\\#b\n", [3]),
}


@pytest.mark.parametrize(("version", "text", "lengths"), VERSIONS.values(), ids=VERSIONS)
def test_versions_differ(tmp_path: Path, version: tuple[int, ...], text: str, lengths: list[int]) -> None:
    assert [len(line.text) for line in lines(written(tmp_path, text), version)] == lengths


def test_lines_know_where_they_come_from(tmp_path: Path) -> None:
    main = written(tmp_path, '$P=80\n  a b # c\nx "y z" ${P} { d }\n')
    found = {line.text: line for line in lines(main)}
    assert str(found[b"a b"].span) == f"{main}:2:3"
    expanded = found[b'x "y z" 80']
    assert expanded.span_of(8, 10).octets == b"${P}"
    assert expanded.span.octets == b'x "y z" ${P}'
    assert found[b"d"].span.octets == b"d"


INCLUDES = {
    "relative to the including file": ("include d/a\nz\n", {"d/a": "x\ninclude b\n", "d/b": "y\n"}, ["x", "y", "z"]),
    "sorted": ("include d/*.conf\n", {"d/b.conf": "b", "d/a.conf": "a", "d/.c.conf": "c"}, ["a", "b"]),
    "braces": ("include {b,a}.inc\n", {"a.inc": "a", "b.inc": "b"}, ["b", "a"]),
    "quotes belong to the name": ('include "a.inc"\nz\n', {"a.inc": "a"}, ["z"]),
    "a brace behind the name too": ("x { include a.inc }\n", {"a.inc": "a"}, ["x", "{"]),
    "definitions cross files": ("include a.inc\nx $A\n", {"a.inc": "$A=1\n"}, ["x 1"]),
    "includes with letters": ("includer a.inc\nincludem a.inc\n", {"a.inc": "a"}, ["a", "a"]),
    "an include can open a block": ("include a.inc\nb\n}\n", {"a.inc": "a {\n"}, ["a", "{", "b", "}"]),
    "on condition: twice": ("@lb1 include a.inc\n", {"a.inc": "a\n"}, ["a", "a"]),
    "by definition: twice": ("$I=include a.inc\n$I\n", {"a.inc": "a\n"}, ["a", "a"]),
    "not for this node": ("@lb2 include a.inc\nz\n", {"a.inc": "a\n"}, ["z"]),
    "missing": ("include nothing\nz\n", {}, ["z"]),
}


@pytest.mark.parametrize(("text", "others", "expected"), INCLUDES.values(), ids=INCLUDES)
def test_includes(tmp_path: Path, text: str, others: dict[str, str], expected: list[str]) -> None:
    assert [line.text.decode() for line in lines(written(tmp_path, text, others))] == expected


def test_a_double_include_is_found(tmp_path: Path) -> None:
    assert kinds(read(tmp_path, "@lb1 include a.inc\n", {"a.inc": "# nothing\n"})) == ["double-include"]


def test_executable_files_and_directories_are_skipped(tmp_path: Path) -> None:
    main = written(tmp_path, "include *.inc\n", {"a.inc": "a\n", "b.inc": "b\n", "c.inc/d": ""})
    (tmp_path / "a.inc").chmod(0o755)
    assert [line.text for line in lines(main)] == [b"b"]


ENDLESS = {
    "includes itself": "include keepalived.conf\n",
    "stands for itself": "$A=${A}\nx $A\n",
    "grows": "$A=${A} ${A} \n$A $C=aa$A\n",
    "sequence": "~SEQ(I,1,999999999) ~SEQ(J,1,999999999) ~SEQ(K,1,999999999) \n",
    "braces": "include " + "{a,b}" * 60 + "\n",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in ENDLESS.items() if name != "sequence"])
def test_what_never_ends_is_said(tmp_path: Path, text: str) -> None:
    assert [finding for finding in read(tmp_path, text).errors if finding.kind in ("include", "expansion")]


@pytest.mark.full
def test_a_sequence_without_end_is_said(tmp_path: Path) -> None:
    assert kinds(read(tmp_path, ENDLESS["sequence"])) == ["expansion"]
