# SPDX-License-Identifier: GPL-2.0-or-later
"""Real servers, and what the searches for their parts pass over."""

from __future__ import annotations

import pytest

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.reals import LINE_OCTETS_MAX, RANGE_MAX
from tests.config.ldirectord.texts import all_kinds, block, error_kinds, read, reals

SIX = "virtual6=[2001:db8::1]:80"


def kinds_of(text: str, opening: str = "virtual=192.0.2.1:80") -> list[str]:
    """Return the kinds of the errors of one line."""
    name = "real6" if opening.startswith("virtual6") else "real"
    return error_kinds(block(f"{name}={text}", opening=opening))


def test_all_parts() -> None:
    (real,) = reals('192.0.2.9:www gate 5 "x y", "ok, fine" l:10 u:20')
    assert (real.address, real.port, real.method, real.weight) == ("192.0.2.9", 80, "gate", 5)
    assert (real.request, real.receive) == ("/x y", "ok, fine")
    assert kinds_of('192.0.2.9:www gate 5 "x y", "ok, fine" l:10 u:20') == []


def test_defaults() -> None:
    (real,) = reals("192.0.2.9 masq")
    assert (real.port, real.weight, real.request, real.receive) == (0, 1, None, None)
    (real,) = reals("[2001:DB8::9]:443 ipip 0", SIX)
    assert (real.address, real.port, real.method, real.weight) == ("2001:db8::9", 443, "ipip", 0)


@pytest.mark.parametrize("strings", ['"x", "y"', '"x","y"', '"x" "y"', '"x",   "y"'])
def test_separators(strings: str) -> None:
    (real,) = reals(f"192.0.2.9:80 gate {strings}")
    assert (real.request, real.receive) == ("/x", "y")


def test_three_strings() -> None:
    (real,) = reals('192.0.2.9:80 gate "a", "b", "c"')
    assert (real.request, real.receive) == ('/a", "b', "c")


def test_a_request_that_begins_with_a_slash_loses_the_receive_string() -> None:
    text = '192.0.2.9:80 gate 1 "/x", "ok" l:10'
    (real,) = reals(text)
    assert (real.request, real.receive) == ("/x", None)
    assert kinds_of(text) == [kinds.DROPPED]
    assert '"ok" l:10' in str(read(block(f"real={text}")).errors[0])


@pytest.mark.parametrize(
    ("text", "kind", "addresses"),
    [
        ("[192.168.6.5]:80 gate", kinds.ADDRESS_FORM, ["0.0.0.80"]),
        ("@192.0.2.9:80 gate", kinds.ELSEWHERE, ["192.0.2.9"]),
        ("010.0.0.9:80 gate", kinds.ADDRESS_FORM, ["8.0.0.9"]),
        ("192.0.2.9:80 - gate", kinds.DROPPED, ["192.0.2.9"]),
        ('192.0.2.9:80 gate "a","b" 5', kinds.DROPPED, ["192.0.2.9"]),
        ('192.0.2.9:80 gate 1 "a" l:5', kinds.DROPPED, ["192.0.2.9"]),
        ("192.0.2.9:80 gate u:20 l:10", kinds.DROPPED, ["192.0.2.9"]),
        ("192.0.2.9:80 gate weight 5", kinds.DROPPED, ["192.0.2.9"]),
    ],
)
def test_misread(text: str, kind: str, addresses: list[str]) -> None:
    assert kind in kinds_of(text)
    assert set(kinds_of(text)) <= kinds.MISREAD
    assert [real.address for real in reals(text)] == addresses


def test_zeros_that_change_nothing() -> None:
    assert kinds_of("192.0.002.007:80 gate") == []
    assert all_kinds(block("real=192.0.002.007:80 gate")) == [kinds.ADDRESS_FORM]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("192.0.2.9:80", kinds.REAL),
        ("", kinds.REAL),
        ("192.0.2.9:80 route", kinds.METHOD),
        ("192.0.2.9:80 !", kinds.METHOD),
        ("192.0.2.8 -> 192.0.2.9:80 gate", kinds.METHOD),
        ("192.0.2.9:80 gate -1", kinds.REAL),
        ("192.0.2.9:80 gate 1.5", kinds.REAL),
        ('192.0.2.9:80 gate "GET /x 7", "ok"', kinds.REAL),
        ('192.0.2.9:80 gate 1 "x"', kinds.REAL),
        ("192.0.2.9:nosuchservice gate", kinds.PORT),
        ("192.0.2.9:65536 gate", kinds.PORT),
        ("192.0.2.300:80 gate", kinds.ADDRESS),
        ("192.0.2.9->192.0.2.8:80 gate", kinds.RANGE),
    ],
)
def test_refused(text: str, kind: str) -> None:
    assert kind in kinds_of(text)
    assert reals(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2001:db8::9 gate", kinds.ADDRESS),
        ("[::ffff:1.2.3.4]:80 gate", kinds.ADDRESS),
        ("192.0.2.9:80 gate", kinds.ADDRESS),
        ("[2001:db8::8]->[2001:db8::9]:80 gate", kinds.RANGE),
    ],
)
def test_refused_under_virtual6(text: str, kind: str) -> None:
    assert kind in kinds_of(text, SIX)


def test_families_do_not_mix() -> None:
    assert error_kinds(block("real6=[2001:db8::9]:80 gate")) == [kinds.FAMILY]
    assert error_kinds(block("real=192.0.2.9:80 gate", opening=SIX)) == [kinds.FAMILY]
    assert error_kinds(block("fallback6=[::1]:80")) == [kinds.FAMILY]


def test_ranges() -> None:
    found = reals("192.0.2.8->192.0.2.10:80 gate 3")
    assert [real.address for real in found] == ["192.0.2.8", "192.0.2.9", "192.0.2.10"]
    assert {(real.port, real.weight) for real in found} == {(80, 3)}
    assert kinds_of("192.0.2.8->192.0.2.10:80 gate") == []
    assert kinds_of("192.0.2.8->192.0.2.8:80 gate") == []


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("5.245.224.250->5.245.225.2:80 gate", 0),
        ("0.0.0.7->0.0.0.9 gate", 83),
        ("0.0.0.7->0.0.0.255 gate", 0),
        ("0.0.0.100->0.0.3.232 gate", 1),
    ],
)
def test_ranges_are_counted_as_text(text: str, servers: int) -> None:
    assert len(reals(text)) == servers
    assert kinds_of(text) == [kinds.RANGE_ORDER]


def test_nobody_looks_at_what_follows_an_empty_range() -> None:
    assert kinds_of("0.0.0.7->0.0.0.255 route -1") == [kinds.RANGE_ORDER]


@pytest.mark.parametrize("text", ["10.0.0.0->10.255.255.255:80 gate", "5.245.224.250->5.245.224.255:80 gate"])
def test_ranges_without_an_end_in_sight(text: str) -> None:
    assert kinds_of(text) == [kinds.RANGE_ORDER]
    assert reals(text) == []
    assert len(reals("10.0.0.0->10.0.255.255:80 gate")) == RANGE_MAX


def test_names() -> None:
    found = read(block("real=web1.example.com:80 gate", "real=web2->web4:80 gate 2"))
    assert [(real.host, real.address) for real in found.site.virtuals[0].reals] == [
        ("web1.example.com", None),
        ("web2->web4", None),
    ]
    assert {each.kind for each in found.findings} == {kinds.NAME}


def test_a_line_too_long() -> None:
    assert kinds_of("a" * (LINE_OCTETS_MAX + 1)) == [kinds.LONG_LINE]


@pytest.mark.parametrize("text", ["127.0.0.1:80", "127.0.0.1", "127.0.0.1:80 masq", "127.0.0.1:http"])
def test_fallback(text: str) -> None:
    assert all_kinds(block(f"fallback={text}")) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("127.0.0.1:80 route", kinds.METHOD),
        ('"127.0.0.1:80"', kinds.ADDRESS),
        ("[::1]:80", kinds.ADDRESS),
        ("127.0.0.1:nosuchservice", kinds.PORT),
        ("127.0.0.1:80 127.0.0.2:80 gate", kinds.DROPPED),
        (":80", kinds.ADDRESS_FORM),
        ("127.0.0.1:80 0", kinds.DROPPED),
    ],
)
def test_odd_fallbacks(text: str, kind: str) -> None:
    assert error_kinds(block(f"fallback={text}")) == [kind]
    assert error_kinds(f"fallback={text}\n") == [kind]


def test_a_global_fallback_is_resolved_for_both_protocols() -> None:
    assert error_kinds("fallback=127.0.0.1:tftp\n") == [kinds.PORT]
    assert error_kinds(block("protocol=udp", "fallback=127.0.0.1:tftp")) == []


def test_a_global_fallback_does_not_serve_firewall_marks() -> None:
    mark = block("checktype=connect", opening="virtual=7")
    assert all_kinds("fallback=127.0.0.1:80\n" + mark) == [kinds.FALLBACK]
    assert all_kinds("fallback6=[::1]:80\n" + mark) == []
    own = block("checktype=connect", "fallback=127.0.0.1:80", opening="virtual=7")
    assert all_kinds("fallback=127.0.0.1:80\n" + own) == []
