# SPDX-License-Identifier: GPL-2.0-or-later
"""Translated patterns match exactly where libpcre2 and Perl do: a grammar of patterns, hundreds of texts each."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvs_rawcheck.checks.patterns import PatternReader, from_pcre2, from_perl
from lvs_rawcheck.errors import UsageError
from tests.checks.pattern_oracles import PCRE2_OPTIONS, Pcre2, Perl, Span


class Original(Protocol):
    def spans(self, pattern: bytes, options: Iterable[str], subjects: list[bytes]) -> list[Span | None] | None: ...


@pytest.fixture(scope="module")
def pcre2() -> Pcre2:
    return Pcre2()


@pytest.fixture(scope="module")
def perl() -> Iterator[Perl]:
    with Perl() as process:
        yield process


SHORT = [bytes(octets) for length in range(4) for octets in itertools.product(b"ab\n-A", repeat=length)]
ODD = [
    b"\r\n",
    b"a\r\nb",
    b"c\r ",
    b"ba1",
    b"aabb",
    b"a]a",
    b"a.b",
    b"\x85\xe9\xa0",
    b"_ _",
    b"k K#",
    b"{a}{1,2}",
    b"a&|-b",
]
OCTETS = [bytes([octet]) for octet in range(256)]
CHARACTERS = [
    text.encode() for text in ("é", "aéb", "€€", "K\u017f", "😀a", "b\u0085", "éa\n", "a\u2028b", "éAé", "\xa0")
]

LITERALS = [
    "a", "b", "ab", "A", "-", "1", "_", " ", "#", "k", r"\.", r"\x61", r"\n", r"\e", r"\x{62}", r"\o{141}", r"\012",
    r"\cA", "]", "}", "{", "{,", "{a}", "\xe9", "\x85", r"\-", r"\'", r"\{", r"\0", r"\Qa.b\E", r"\Q*", r"\E", "(?#c)",
]  # fmt: skip
SETS = [
    ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\h", r"\H", r"\v", r"\V", r"\N", r"\R", r"\C", "[ab]", "[^a]",
    "[]a]", "[^]a]", "[a-b]", "[[:alpha:]]", "[[:^upper:]]", "[[:upper:]b]", "[^[:space:]]", "[[:punct:]]",
    "[-a]", r"[\w-]",
    r"[a\]b]", r"[\b]", r"[^\W]", "[[a]", "[A-z]", r"[\x00-\x7f]", "[\xe9a]", "[^\xe9]", "[a&&b]", "[+--b]", "[a||b]",
    r"[\Qa]\E]", r"[\Qa-\Eb]", r"[a\Q-\Eb]", "[[:cntrl:][:digit:]]", "[^[:^lower:]]", "[[:^ascii:]a]",
    r"[\n-a]", r"[\H]",
]  # fmt: skip
PLACES = ["^", "$", r"\A", r"\Z", r"\z", r"\b", r"\B"]
REFERENCES = [r"\1", r"\1", r"\2", r"\g{1}", r"\g{-1}", r"\k<n>", "(?P=n)", r"\g1"]
SWITCHES = ["(?i)", "(?s)", "(?m)", "(?x)", "(?n)", "(?-i)", "(?^)", "(?i-s)", "(?U)", "a #c\n*"]
QUANTIFIERS = [
    "",
    "",
    "",
    "*",
    "+",
    "?",
    "{2}",
    "{1,2}",
    "{2,}",
    "*?",
    "+?",
    "??",
    "{1,2}?",
    "*+",
    "++",
    "?+",
    "{1,2}+",
]
GROUPS = [
    "(",
    "(",
    "(?:",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    "(?>",
    "(?<n>",
    "(?i:",
    "(?s-i:",
    "(?(1)",
    "(?m:",
    "(?x: ",
]

ATOMS = st.one_of(*map(st.sampled_from, (LITERALS, SETS, SETS, PLACES, REFERENCES, SWITCHES)))


def branches_of(atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Alternatives of sequences of items, each with a quantifier or none."""
    item = st.builds(str.__add__, atoms, st.sampled_from(QUANTIFIERS))
    branch = st.lists(item, max_size=4).map("".join)
    return st.lists(branch, min_size=1, max_size=3).map("|".join)


def groups_of(atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.builds("{}{})".format, st.sampled_from(GROUPS), branches_of(atoms))
    return st.one_of(atoms, group)


PATTERNS = branches_of(st.recursive(ATOMS, groups_of, max_leaves=6))
TRANSLATED_OPTIONS = [
    "allow_empty_class", "caseless", "dollar_endonly", "dotall", "dupnames", "extended", "match_unset_backref",
    "multiline", "no_auto_capture", "ungreedy", "alt_circumflex", "no_start_optimize", "no_auto_possess", "never_utf",
]  # fmt: skip


def compare(
    original: Original, reader: PatternReader, pattern: bytes, options: Iterable[str], subjects: list[bytes]
) -> bool:
    """Assert that ours is refused or matches where theirs does; return whether it was translated."""
    options = list(options)
    try:
        ours = reader(pattern, options)
    except UsageError:
        return False
    theirs = original.spans(pattern, options, subjects)
    assert theirs is not None, f"theirs does not compile; ours: {ours.pattern!r}"
    for subject, span in zip(subjects, theirs, strict=True):
        found = ours.search(subject)
        assert (found and found.span()) == span, f"{subject!r}, ours: {ours.pattern!r}"
    return True


@pytest.mark.parametrize("item", [*LITERALS, *SETS, *PLACES, *("(?i)" + item for item in [*LITERALS, *SETS])])
@pytest.mark.parametrize("which", ["pcre2", "perl"])
def test_every_item_on_every_octet(item: str, which: str, request: pytest.FixtureRequest) -> None:
    reader = {"pcre2": from_pcre2, "perl": from_perl}[which]
    compare(request.getfixturevalue(which), reader, item.encode("latin-1"), [], SHORT + ODD + OCTETS)


def test_most_items_are_translated(pcre2: Pcre2, perl: Perl) -> None:
    items = [item.encode("latin-1") for item in [*LITERALS, *SETS, *PLACES]]
    assert sum(compare(pcre2, from_pcre2, item, [], ODD) for item in items) == len(items)
    refused_in_perl = [item for item in items if not compare(perl, from_perl, item, [], ODD)]
    assert all(item == rb"\C" or rb"\Q" in item or item == rb"\E" for item in refused_in_perl)


def quick_and_full(examples: int) -> list[object]:
    return [pytest.param(examples, id="quick"), pytest.param(20 * examples, id="full", marks=pytest.mark.full)]


def settled(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.mark.parametrize("examples", quick_and_full(200))
def test_pcre2(examples: int, pcre2: Pcre2) -> None:
    @settled(examples)
    @given(PATTERNS, st.lists(st.sampled_from(TRANSLATED_OPTIONS), max_size=3, unique=True))
    def run(pattern: str, options: list[str]) -> None:
        compare(pcre2, from_pcre2, pattern.encode("latin-1"), options, SHORT + ODD)

    run()


@pytest.mark.parametrize("examples", quick_and_full(100))
def test_pcre2_with_utf(examples: int, pcre2: Pcre2) -> None:
    @settled(examples)
    @given(PATTERNS, st.lists(st.sampled_from(TRANSLATED_OPTIONS[:-1]), max_size=2, unique=True))
    def run(pattern: str, options: list[str]) -> None:
        compare(pcre2, from_pcre2, pattern.encode(), [*options, "utf"], SHORT + CHARACTERS)

    run()


@pytest.mark.parametrize("examples", quick_and_full(200))
def test_perl(examples: int, perl: Perl) -> None:
    @settled(examples)
    @given(PATTERNS, st.lists(st.sampled_from("imsxn"), max_size=2, unique=True))
    def run(pattern: str, options: list[str]) -> None:
        compare(perl, from_perl, pattern.encode("latin-1"), options, SHORT + ODD)

    run()


BEGINNINGS = [
    ".*",
    ".*?",
    ".*+",
    ".+",
    ".{2,}",
    "(.*",
    "(?:.*",
    "(?s:.*",
    "(?s).*",
    "(?>.*",
    "(?=.*",
    "(.*)|(?:.*",
    "((.*)",
]
CLOSINGS = [")", ")?", ")*", "){2}", "a)"]
ENDS = ["", "", "\\1", "(?(1)a|b)", "|.*a", "|^a", "|b"]


@st.composite
def dot_stars(draw: st.DrawFn) -> str:
    """Patterns that begin with `.*`, in groups of all sorts, which each end somewhere."""
    beginning, rest, end = draw(st.sampled_from(BEGINNINGS)), draw(branches_of(ATOMS)), draw(st.sampled_from(ENDS))
    closing = draw(st.sampled_from(CLOSINGS)) * (beginning.count("(") - beginning.count(")"))
    return beginning + rest + closing + end


@pytest.mark.parametrize("examples", quick_and_full(150))
@pytest.mark.parametrize("which", ["pcre2", "perl"])
def test_what_begins_with_a_dot_star(examples: int, which: str, request: pytest.FixtureRequest) -> None:
    """Where the originals try only the beginnings of lines, so do we: no match is lost by that."""
    original = request.getfixturevalue(which)
    reader = {"pcre2": from_pcre2, "perl": from_perl}[which]
    texts = [*SHORT, *ODD, b"b\na", b"ab\nba\n", b"\n\nab", b"aab_b\nb"]

    @settled(examples)
    @given(dot_stars())
    def run(pattern: str) -> None:
        compare(original, reader, pattern.encode("latin-1"), [], texts)
        for text in texts[-4:]:
            for begin in range(len(text) + 1):
                try:
                    ours = reader(pattern.encode("latin-1"), [], begin)
                    everywhere = reader(f"(?:(?:){pattern})".encode("latin-1"), [])
                except UsageError:
                    continue
                found, expected = ours.search(text, begin), everywhere.search(text, begin)
                assert (found and found.span()) == (expected and expected.span()), f"{text!r} {begin} {ours.pattern!r}"

    run()


@pytest.mark.parametrize("option", sorted(PCRE2_OPTIONS))
def test_each_option_alone(option: str, pcre2: Pcre2) -> None:
    """Every name that keepalived knows is known here: translated to the same meaning, or refused by its name."""
    subjects = SHORT + CHARACTERS
    patterns = [
        b"A",
        b"^a$",
        b"a.b",
        b"a b",
        b"(a)(b)",
        b"(a)?b\\1",
        b"a+?",
        b"-[]a]",
        b"(?m)^\\z",
        b"a\\n",
        b"(?<a>b)",
    ]
    translated = [compare(pcre2, from_pcre2, pattern, [option], subjects) for pattern in patterns]
    assert any(translated) is (option != "firstline")


@pytest.mark.parametrize(
    "pattern",
    [rb"\R?.", rb"(?<=(?>aa)|b)(?=a)", rb"(?<!(?>))b", rb"(?=[ab]?+)(|a)?_"],
)
def test_what_perl_gets_wrong_is_refused(pattern: bytes, perl: Perl) -> None:
    assert perl.spans(pattern, [], [b"ba"]) is not None
    assert not compare(perl, from_perl, pattern, [], [])


@pytest.mark.parametrize(
    "pattern",
    [rb".*\R ", rb"b+(?>(ac)?)b", rb"b+(a)?+b", rb"(?:a|\Ab){0}.", b"(?=ab*|(?i)a)", rb"(?<!|(?>|)a)b"],
)
def test_what_pcre2_gets_wrong_is_refused(pattern: bytes, pcre2: Pcre2) -> None:
    assert pcre2.spans(pattern, [], [b"ba"]) is not None
    assert not compare(pcre2, from_pcre2, pattern, [], [])
