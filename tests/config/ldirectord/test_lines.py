# SPDX-License-Identifier: GPL-2.0-or-later
"""Which line belongs to which block."""

from __future__ import annotations

import pytest

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.model import CONNECT, NEGOTIATE
from tests.config.ldirectord.texts import all_kinds, block, error_kinds, read

OPENING = "virtual=192.0.2.1:80\n"


@pytest.mark.parametrize("indentation", ["    ", "\t", "        ", "  \t", " \t ", "     "])
def test_four_blanks_or_a_tab_belong_to_the_block(indentation: str) -> None:
    found = read(f"{OPENING}{indentation}checktype=connect\n")
    assert found.findings == []
    assert found.site.virtuals[0].checktype == CONNECT


@pytest.mark.parametrize("indentation", [" ", "  ", "   ", "\u00a0\u00a0\u00a0\u00a0", "\f    "])
def test_anything_else_ends_it_and_is_refused(indentation: str) -> None:
    found = read(f"{OPENING}{indentation}checktype=connect\n")
    assert [each.span.line for each in found.errors] == [2]
    assert found.site.virtuals[0].checktype == NEGOTIATE


@pytest.mark.parametrize("blank", ["", " ", "    ", "\t", "\r"])
def test_a_blank_line_ends_a_block(blank: str) -> None:
    found = read(f"{OPENING}    checktype=connect\n{blank}\n    checkport=81\n")
    assert [(each.kind, each.span.line, each.span.column) for each in found.errors] == [(kinds.INDENTATION, 4, 5)]
    assert found.site.virtuals[0].checkport is None


@pytest.mark.parametrize("blanks", ["     ", "\t\t", "    \r", "\t \t"])
def test_blanks_that_are_no_blank_line(blanks: str) -> None:
    found = read(f"{OPENING}    checktype=connect\n{blanks}\n    checkport=81\n")
    assert [(each.kind, each.span.line) for each in found.errors] == [(kinds.INDENTATION, 3)]
    assert found.site.virtuals[0].checkport == 81


@pytest.mark.parametrize("comment", ["# c", "  # c", "      # c", "\t#", "#"])
def test_a_comment_does_not_end_a_block(comment: str) -> None:
    found = read(f"{OPENING}    checktype=connect\n{comment}\n    checkport=81\n")
    assert found.findings == []
    assert found.site.virtuals[0].checkport == 81


def test_global_lines_stand_anywhere_and_apply_to_all() -> None:
    found = read(
        f"{OPENING}    checktype=connect\nchecktimeout=3\n\nvirtual=192.0.2.2:80\n    real=192.0.2.9:80 gate\nfork=yes"
    )
    assert found.findings == []
    assert [each.checktimeout for each in found.site.virtuals] == [3, 3]
    assert found.site.settings.fork


@pytest.mark.parametrize("line", [" checktimeout=3", "\tvirtual=192.0.2.1:80", "    fork=no"])
def test_an_indented_line_outside_a_block_is_refused(line: str) -> None:
    assert error_kinds(line + "\n") == [kinds.INDENTATION]


def test_names_have_their_places() -> None:
    assert error_kinds("checktype=connect\n") == [kinds.UNKNOWN]
    assert error_kinds(block("autoreload=yes")) == [kinds.UNKNOWN]
    assert "inside a block" in str(read("checktype=connect\n").errors[0])
    assert "outside a block" in str(read(block("autoreload=yes")).errors[0])


@pytest.mark.parametrize("text", ["virtualx=192.0.2.1:80", "checktypex=1", "\\", "[vip]", "virtual 6=7"])
def test_unknown_lines(text: str) -> None:
    assert error_kinds(text + "\n") == [kinds.UNKNOWN]


def test_blanks_around_the_equals_sign() -> None:
    found = read("checktimeout \t=  7\nvirtual = 192.0.2.1:80\n    checktype\t = \tconnect\n")
    assert found.findings == []
    assert found.site.virtuals[0].checktimeout == 7


def test_a_backslash_continues_nothing() -> None:
    assert error_kinds('callback="/bin/x"\\\n  y\n')[-1] == kinds.INDENTATION


@pytest.mark.parametrize(
    ("end", "refused"),
    [("", True), ("\n", True), ("\n\n", False), ("\n#\n", False), ("\n    real=192.0.2.9:80 gate", False)],
)
def test_a_bare_virtual_at_the_very_end_is_taken_twice(end: str, refused: bool) -> None:
    assert error_kinds(f"checktimeout=3\nvirtual=192.0.2.1:80{end}") == ([kinds.LAST_LINE] if refused else [])


def test_byte_order_mark() -> None:
    found = read(b"\xef\xbb\xbfchecktimeout=3\n")
    assert [each.kind for each in found.errors] == [kinds.UNKNOWN]
    assert "byte order mark" in str(found.errors[0])


def test_carriage_returns_alone_end_no_line() -> None:
    found = read("checktimeout=5\rvirtual=192.0.2.1:80\r    checktype=connect\r")
    assert [(each.kind, each.span.column) for each in found.errors if each.kind == kinds.CARRIAGE_RETURN] == [
        (kinds.CARRIAGE_RETURN, 15)
    ]
    assert found.site.virtuals == []


def test_carriage_returns_before_newlines() -> None:
    assert error_kinds("fork=yes\r\n") == [kinds.VALUE]
    sound = 'checktimeout=5\r\nvirtual=192.0.2.1:80\r\n    checktype=connect\r\n    request="/a"\r\n\r\n'
    assert all_kinds(sound) == []
    assert error_kinds(block("checkcommand=/bin/x\r")) == [kinds.TRAILING]
    assert error_kinds(block("virtualhost=www\r")) == [kinds.TRAILING]
    assert all_kinds(block('checkcommand="/bin/x"\r', 'virtualhost="www"\r')) == []


def test_spans() -> None:
    text = (
        "checktimeout=3\r\n"
        "virtual=192.0.2.1:80 \n"
        "    # first\n"
        "\treal=192.0.2.9:80 gate\r\n"
        "    # behind\n"
        "# of the next one\n"
        "\n"
        "virtual=192.0.2.2:80\n"
        "\t\n"
    )
    found = read(text)
    first, second = found.site.virtuals
    assert first.span is not None
    assert first.line is not None
    assert second.span is not None
    assert first.line.octets == b"virtual=192.0.2.1:80 "
    assert first.span.octets.endswith(b"gate\r\n    # behind")
    assert second.span.octets == b"virtual=192.0.2.2:80"
    assert first.reals[0].directive.span.octets == b"\treal=192.0.2.9:80 gate"
    assert found.site.settings.directives["checktimeout"][0].span.octets == b"checktimeout=3"
    real = first.span_of("real")
    assert real is not None
    assert (real.line, real.column) == (4, 1)
