# SPDX-License-Identifier: GPL-2.0-or-later
"""How far patterns look beyond their match, and the law that makes of it: what holds for a part holds for the whole."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lvs_rawcheck.checks.patterns import from_pcre2
from lvs_rawcheck.checks.patterns.reach import WITHOUT_LIMIT, reach


@pytest.mark.parametrize(
    ("pattern", "octets"),
    [
        (b"", 0),
        (rb"^ab*(c|[^d])(?<=x)\A.", 0),
        (rb"ab\b", 1),
        (rb"a(?:b|c\Z)*", 1),
        (rb"(?m)a$", 2),
        (rb"a(?!bc)", 2),
        (rb"a(?!bc$)", 4),
        (rb"a(?=.*b)", 0),
        (rb"(a)(?=(.)b)\2", 2),
        (rb"(?<!a\b)b", 1),
        (rb"(?>a|bcd)e", 3),
        (rb"(?:ab){2,3}+", 6),
        (rb"(a)?(?(1)b|c$)", 2),
        (rb"(?x) a # $", 0),
        (rb"[$]\$", 0),
    ],
)
def test_reach(pattern: bytes, octets: int) -> None:
    assert reach(re.compile(pattern)) == octets


@pytest.mark.parametrize("pattern", [rb"\A(?!.*E)", rb"(?=.*$)", rb"(?>a*)b", rb"a++"])
def test_some_reach_without_limit(pattern: bytes) -> None:
    assert reach(re.compile(pattern)) >= WITHOUT_LIMIT - 1


def test_translated_patterns_reach_no_further_than_they_must() -> None:
    assert reach(from_pcre2(r"(?m)^ok$")) == 2
    assert reach(from_pcre2(r"ok\R")) == 2
    assert reach(from_pcre2(r".*ok\B")) == 1
    assert reach(from_pcre2("ok", ["utf"])) == 1


ITEMS = st.sampled_from(
    [*("a", "b", ".", "[ab]", "[^a]", r"\n", "^", "$", r"\Z", r"\b", r"\B", r"\A"), *("", r"\1", "(?(1)a|b)", "(?m:$)")]
)
REPEATS = st.sampled_from(["", "", "*", "+", "?", "*?", "*+", "?+", "{2}", "{1,2}+"])
GROUPS = st.sampled_from(["(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"])
SEQUENCES = st.recursive(
    st.builds("{}{}".format, ITEMS, REPEATS),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("{}|{}".format, inner, inner),
        st.builds("{}{}){}".format, GROUPS, inner, REPEATS),
    ),
    max_leaves=7,
)


BEGINNINGS = [bytes(octets) for length in range(5) for octets in itertools.product(b"ab\n", repeat=length)]
RESTS = [bytes(octets) for length in range(1, 4) for octets in itertools.product(b"ab\n", repeat=length)]


@pytest.mark.parametrize("examples", [100, pytest.param(3000, marks=pytest.mark.full)])
def test_a_match_that_was_reached_holds_however_the_text_goes_on(examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(SEQUENCES, st.sampled_from(["", "(?s)", "(?m)"]))
    def run(pattern: str, flags: str) -> None:
        try:
            compiled = re.compile(f"{flags}(a|){pattern}".encode())
        except re.error:
            assume(False)
        octets = reach(compiled)
        for beginning in BEGINNINGS:
            match = compiled.search(beginning)
            if match is not None and match.end() + octets <= len(beginning):
                assert all(compiled.search(beginning + rest) for rest in RESTS), beginning

    run()
