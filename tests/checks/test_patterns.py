# SPDX-License-Identifier: GPL-2.0-or-later
"""Patterns of three dialects: what they mean, and what is refused in which words."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lvs_rawcheck.checks.patterns import (
    PATTERN_DIALECTS,
    PatternReader,
    compile_pattern,
    from_pcre2,
    from_perl,
    pattern_reader,
)
from lvs_rawcheck.errors import UsageError


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "matches"),
    [
        ("OK", [], b"it is OK", True),
        ("OK", [], b"it is ok", False),
        ("ok", ["ignorecase"], b"OK", True),
        ("é", ["ignorecase"], "É".encode(), False),
        ("é", [], "é".encode(), True),
        (b"\xe9", [], b"\xe9", True),
        ("\udce9", [], b"\xe9", True),
        ("^b$", [], b"a\nb\nc", False),
        ("^b$", ["multiline"], b"a\nb\nc", True),
        ("a.b", [], b"a\nb", False),
        ("a.b", ["dotall"], b"a\nb", True),
        ("a b # c", ["verbose", "dotall"], b"ab", True),
        (r"\d", [], "٣".encode(), False),
    ],
)
def test_our_own(pattern: str | bytes, flags: list[str], text: bytes, matches: bool) -> None:
    assert bool(compile_pattern(pattern, flags).search(text)) is matches


@pytest.mark.parametrize(
    ("pattern", "flags", "said"),
    [
        ("a(b", [], "at offset 1: missing ), unterminated subpattern"),
        ("a**", [], "multiple repeat"),
        ("[[:alpha:]]", [], "Possible nested set"),
        ("[a--b]", [], "Possible set difference"),
        ("a(?i)b", [], "global flags not at the start"),
        ("(?u)a", [], "bad inline flags"),
        ("(?L)a", [], "locale"),
        ("\ud800", [], "surrogate"),
        ("a{99999999999}", [], "too large"),
        ("(" * 5000 + ")" * 5000, [], "too many groups"),
        ("a", ["caseless"], "no such flag of a Python pattern: caseless"),
    ],
)
def test_our_own_refused(pattern: str, flags: list[str], said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        compile_pattern(pattern, flags)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("pattern", "options", "matching", "other"),
    [
        (r"^OK$", "", b"OK\n", b"OK\n\n"),
        (r"^OK$", "dollar_endonly", b"OK", b"OK\n"),
        (r"OK\Z", "", b"OK\n", b"OK\nx"),
        (r"OK\z", "", b"OK", b"OK\n"),
        (r"(?m)^b$", "", b"a\nb\nc", b"ab"),
        (r"a\n^\z", "multiline alt_circumflex", b"a\n", b"a"),
        (r"[[:upper:]][[:digit:]]", "", b"xA1", b"a1"),
        (r"[[:^upper:]]", "", b"a", b"A"),
        (r"[^[:upper:]]", "caseless", b"1", b"a"),
        (r"\Qa.b[\E+", "", b"a.b[[", b"axb["),
        (r"a\E+b", "", b"aab", b"a+b"),
        (r"\h\H", "", b"\xa0x", b"\xa0\t"),
        (r"^\R$", "", b"\r\n", b"\n\r\n\n"),
        (r"[]a]{2}", "", b"]a", b"[]"),
        (r"a[]b", "allow_empty_class", None, b"ab"),
        (r"a[^]b", "allow_empty_class", b"a\nb", b"ab"),
        (r"a{,b", "", b"a{,b", b"ab"),
        (r"x(?i)y(?-i)z|w", "", b"xYz", b"XYz"),
        (r"(a(?i)b|c)d", "", b"Cd", b"CD"),
        (r"(?<=ab|c)d", "", b"cd", b"ad"),
        (r"(?<!ab|c)d", "", b"ad", b"cd"),
        (r"(?<n>a)\k<n>", "", b"aa", b"ab"),
        (r"(a)?b\1c", "", b"abac", b"bc"),
        (r"^(a)?b\1c", "match_unset_backref", b"bc", b"abc"),
        (r"(a)?b(?(1)c|d)", "", b"abc", b"xb"),
        (r"(a)\g{-1}", "", b"aa", b"a"),
        (r"<.+>x", "ungreedy", b"<a>x", b"<>x"),
        (r"(a)b", "no_auto_capture", b"ab", b"a"),
        ("a b #c\n d", "extended", b"abd", b"a b"),
        (r"a++b", "", b"aab", b"b"),
        (r"\cA\e\o{101}\x42\063", "", b"\x01\x1bAB3", b"A"),
        (r"\B", "", b"", b"a"),
        (r"a.b", "utf", "aéb".encode(), b"aXXb"),
        (r"^é{2}$", "utf", "éé".encode(), b"\xc3\xa9\xa9"),
        (r"^[^a]$", "utf", "€".encode(), "€€".encode()),
        (r"é", "", "é".encode(), b"\xe9"),
        (r"\xe9", "", b"\xe9", "é".encode()),
        (r"\xe9", "utf", "é".encode(), b"e"),
        (r"OK", "auto_callout no_auto_possess no_start_optimize no_dotstar_anchor use_offset_limit", b"OK", b"ok"),
    ],
)
def test_pcre2(pattern: str, options: str, matching: bytes | None, other: bytes) -> None:
    translated = from_pcre2(pattern, options.split())
    assert matching is None or translated.search(matching)
    assert not translated.search(other)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r'{"status":{"ok":true', b'{"status":{"ok":true}}', b"{}"),
        (r"^220 .*ready", b"220 mail ready\r\n", b"x220 ready"),
        (r"OK$", b"OK\n", b"OK\r\n"),
        (r"It worked[!.]", b"<h1>It worked!</h1>", b"It worked"),
        (r"(?i)\bup\b", b"server UP", b"setup"),
        (r"^192\.168\.\d+\.1$", b"192.168.12.1", b"192.168.x.1"),
        (r"price: $", b"price: ", b"price: 5"),
        (r"a@b", b"a@b", b"a"),
        (r"[[:xdigit:]]{4}", b"beef", b"bee"),
    ],
)
def test_perl(pattern: str, matching: bytes, other: bytes) -> None:
    translated = from_perl(pattern)
    assert translated.search(matching)
    assert not translated.search(other)


BOTH = ["pcre2", "perl"]


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    ("pattern", "place", "advice"),
    [
        (r"ab(?R)c", r"at offset 2, (?R)", "recursion"),
        (r"(a)(?1)", r"at offset 3, (?1)", "recursion"),
        (r"(?<n>a)(?&n)", r"at offset 7, (?&n)", "recursion"),
        (r"(?<n>a)(?P>n)", r"at offset 7, (?P>n)", "recursion"),
        (r"(?|(a)|(b))\1", r"at offset 0, (?|", "reset numbers"),
        (r"(*ANYCRLF)a", r"at offset 0, (*", "verbs"),
        (r"a\Kb", r"at offset 1, \K", "leave it out"),
        (r"\Ga", r"at offset 0, \G", r"\A"),
        (r"\X", r"at offset 0, \X", "octets"),
        (r"a\p{Lu}", r"at offset 1, \p{Lu}", "[A-Za-z]"),
        (r"\N{U+41}", r"\N{U+41}", r"\x2f"),
        (r"\x{100}", r"\x{100}", "no octet"),
        (r"\y", r"at offset 0, \y", "no such escape"),
        (r"\12", r"\12", r"\g{10}"),
        (r"a{,3}", r"at offset 1, {,3}", "{0,n}"),
        (r"a{ 2}", r"at offset 1, { 2}", "by version"),
        (r"a{3,2}", r"{3,2}", "turn the two round"),
        (r"a{0}", r"{0}", "repeats nothing"),
        (r"a{99999}", r"{99999}", "repetitions"),
        (r"a+*", r"at offset 2, *", "(?:...)"),
        (r"*a", r"at offset 0, *", "nothing to repeat"),
        (r"^*a", r"at offset 1, *", "only looks"),
        (r"(?=a)*", r"at offset 5, *", "only looks"),
        (r"(a", r"at offset 0, (", r"\("),
        (r"a)", r"at offset 1, )", r"\)"),
        (r"[a", r"at offset 0, [", r"\["),
        (r"[]", r"at offset 0, [", "never closed"),
        (r"[:alpha:]", r"[:alpha:]", "two pairs"),
        (r"[[:foo:]]", r"[:foo:]", "alpha"),
        (r"[[.x.]]", r"at offset 1, [", r"\["),
        (r"[\w-z]", r"at offset 1, \w", r"\-"),
        (r"[a-\d]", r"at offset 1, a-", r"\-"),
        (r"[z-a]", r"z-a", "turn the two round"),
        (r"[\R]", r"at offset 1, \R", "in a set"),
        (r"(?<=a+)b", r"at offset 0, (?<=a+)", "no one length"),
        (r"(?<=|a)b", r"at offset 0, (?<=|a)", "over nothing"),
        (r"(b|\1)", r"at offset 3, \1", "not complete"),
        (r"(?!(a))\1", r"at offset 7, \1", "negative look"),
        (r"(?(?=a)b)", r"at offset 0, (?(", "condition"),
        (r"(a)(?(1)b|c|d)", r"at offset 3", "two alternatives"),
        (r"(?(DEFINE)a)", r"at offset 0, (?(", "condition"),
        (r"(?{print})", r"(?{", "code"),
        (r"(?z)", r"(?z)", "switches"),
        (r"(?xx)", r"(?xx)", "write x once"),
        (r"(?~a)", r"(?", "no such group"),
        (r"\b{wb}", r"\b", "braces"),
        ("a\\", r"at offset 1, \ ".strip(), "backslash"),
        ("(?:" * 101 + ")" * 101, "at offset 300", "100 groups"),
        ("()" * 100, "at offset 198", "99 capturing"),
    ],
)
def test_refused_by_both(dialect: str, pattern: str, place: str, advice: str) -> None:
    with pytest.raises(UsageError) as refusal:
        PATTERN_DIALECTS[dialect](pattern, ())
    where, advice_found = str(refusal.value).rsplit(": ", 1)
    assert place in where
    assert advice in advice_found


@pytest.mark.parametrize(
    ("pattern", "options", "said"),
    [
        (r"[\w\s]\b", "ucp", "Unicode's properties"),
        (r"a", "ucp caseless", "folds more than ASCII"),
        (r"ok", "utf caseless", "third case"),
        (r"é", "utf caseless", "folds more than ASCII"),
        (r"[é]", "utf", "alternatives"),
        (r"\h", "utf", "beyond ASCII"),
        (b"\xe9", "utf", "not UTF-8"),
        (r"\x{d800}", "utf", "no character"),
        (r"\u0041", "alt_bsux", r"\o{...}"),
        (r"\C", "never_backslash_c", "not allowed"),
        (r"a", "firstline", r"\A\N*"),
        (r"a", "utf never_utf", "contradict"),
        (r"a", "nocase", "no such PCRE2 option: nocase"),
        (r"(?<n>a)|(?<n>b)", "", "two groups of one name"),
        (r"(?<n>a)(?<n>b)\k<n>", "dupnames", "several groups"),
        (r".*\R", "", "beside a dot"),
        (r"b+(?>(a)?)b", "", "can match nothing"),
        (r"(?=ab*|(?i)a)", "", "inside a look"),
        ("(?x)a#\\Q\nb", "", "comment"),
        (r"(?#\Q)\E)a", "", "comment"),
        (r"[\Q\Ea]", "", "empty quotation"),
    ],
)
def test_refused_from_pcre2(pattern: str | bytes, options: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        from_pcre2(pattern, options.split())


@pytest.mark.parametrize(
    ("pattern", "options", "said"),
    [
        ("", "", "last pattern that matched"),
        (r"\Qa.b\E", "", "escape each character"),
        (r"\d{a", "", r"\{"),
        (r"\R?a", "", r"repeated \R"),
        (r"\C", "", "not allowed"),
        (r"(?U)a+", "", "switches"),
        ("(?x)a \x85".encode("latin-1"), "", "blank or not"),
        ("a", "g", "no such Perl modifier here: g"),
    ],
)
def test_refused_from_perl(pattern: str | bytes, options: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        from_perl(pattern, options.split())


def test_dialects_by_name() -> None:
    assert pattern_reader("perl") is from_perl
    with pytest.raises(UsageError, match="pcre; there are python, pcre2, perl"):
        pattern_reader("pcre")


def answer_to(reader: PatternReader, pattern: bytes, options: Iterable[str]) -> re.Pattern[bytes] | str:
    """Return what a pattern becomes: itself compiled, or the sentence that refuses it."""
    try:
        return reader(pattern, options)
    except UsageError as refusal:
        return str(refusal)


SYNTAX = [rb"\Q", rb"\E", rb"(?", rb"(?<", rb"[[:", rb":]", rb"\x{", rb"\g{", rb"{1,", b"\x00", b"\xc3\xa9", b"(?#"]


@given(
    st.sampled_from(sorted(PATTERN_DIALECTS)),
    st.lists(
        st.one_of(st.sampled_from(SYNTAX), st.binary(max_size=3), st.sampled_from(list("()[]{}\\*+?|^$-a1i<>=!")))
    ),
    st.sampled_from([(), ("utf",), ("extended",), ("utf", "extended", "caseless")]),
)
@example("python", [b"(?\0"], ())
def test_anything_is_a_pattern_or_one_sentence(
    dialect: str, pieces: list[bytes | str], options: tuple[str, ...]
) -> None:
    pattern = b"".join(piece if isinstance(piece, bytes) else piece.encode() for piece in pieces)
    answer = answer_to(PATTERN_DIALECTS[dialect], pattern, options if dialect == "pcre2" else ())
    assert isinstance(answer, re.Pattern) or answer.isprintable()


@pytest.mark.parametrize(
    "piece", [b"(", b")", b"[", b"a", b"\\Qa", b"\\E", b"(?#", b"(?i)", b"()", b"\\", b"{", b"a{", b"#", b"|", b"[[:a"]
)
def test_a_long_pattern_costs_no_more_than_its_length(piece: bytes) -> None:
    """Quadratic reading of these 100,000 octets would take minutes, and the run with it."""
    answer = answer_to(from_pcre2, piece * (100_000 // len(piece)), ["extended"])
    assert isinstance(answer, re.Pattern) or len(answer) < 300


@pytest.mark.parametrize("reader", [from_pcre2, from_perl])
@pytest.mark.parametrize("pattern", [".*error", ".*?error.*", "(?s:.*)error", "(.*)err|.+or", "(?<x>.*)error|^y"])
@pytest.mark.parametrize("text", [b"x" * 300_000, b"x\n" * 150_000], ids=["one line", "many lines"])
def test_a_dot_star_is_not_tried_everywhere(reader: PatternReader, pattern: str, text: bytes) -> None:
    """As with the originals, which take milliseconds; the square of a line of this length is half a minute."""
    begun = time.process_time()
    assert reader(pattern).search(text) is None
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize(
    ("pattern", "translated"),
    [
        (".*a", rb"(?:\A|(?<=\n)).*a"),
        ("(?s).*a", rb"\A(?s:.)*a"),
        ("(.*)a\\1", rb"(.*)a(?:\1)"),
        ("(?>.*?a)b", rb"(?>.*?a)b"),
        ("(?=.*a)b", rb"(?=.*a)b"),
        ("a.*b", rb"a.*b"),
    ],
)
def test_where_a_dot_star_begins(pattern: str, translated: bytes) -> None:
    assert from_pcre2(pattern).pattern == translated


def test_a_dot_star_begins_where_the_search_does() -> None:
    assert [from_pcre2(".*b", [], 2).search(text, 2) is not None for text in (b"aab", b"baa", b"a\nb")] == [1, 0, 1]
    assert [from_perl("(?s:.*)b", [], 2).search(text, 2) is not None for text in (b"aab", b"baa", b"aaab")] == [1, 0, 1]
