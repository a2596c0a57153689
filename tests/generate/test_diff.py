# SPDX-License-Identifier: GPL-2.0-or-later
"""Diffs: what they say is what was done."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.generate.diff import unified_diff
from lvs_rawcheck.generate.splice import Edit, spliced

HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
TEXTS = st.lists(st.sampled_from(["a", "b", "{", "}", ""]), max_size=40).map("\n".join)


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[bytes, list[Edit]]:
    octets = draw(TEXTS).encode() + draw(st.sampled_from([b"", b"\n"]))
    places = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=6, unique=True)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return octets, [Edit(start, end, draw(st.sampled_from([b"", b"x", b"x\ny\n", b"\n"]))) for start, end in pairs]


def applied(lines: list[str], diff: list[str]) -> str:
    """Return what a diff makes of lines with their ends."""
    out: list[str] = []
    place = 0
    for number, line in enumerate(diff[2:], 2):
        match = HUNK.fullmatch(line)
        if match:
            first = int(match[1]) - (0 if match[2] == "0" else 1)
            out += lines[place:first]
            place = first
            assert len(out) == int(match[3]) - (0 if match[4] == "0" else 1)
        elif not line.startswith("\\"):
            no_end = number + 1 < len(diff) and diff[number + 1].startswith("\\")
            text = line[1:] + ("" if no_end else "\n")
            if line[0] in " -":
                assert lines[place] == text
                place += 1
            if line[0] in " +":
                out.append(text)
    return "".join(out + lines[place:])


@given(texts_with_edits())
def test_a_diff_makes_the_new_of_the_old(case: tuple[bytes, list[Edit]]) -> None:
    octets, edits = case
    diff = list(unified_diff("f", octets, edits))
    lines = octets.decode().splitlines(keepends=True)
    if not diff:
        assert not edits
        return
    assert applied(lines, diff) == spliced(octets, edits).decode()


def test_octets_that_are_no_text_are_shown() -> None:
    lines = list(unified_diff("f", b"\xff\n", [Edit(0, 0, b"x\n")]))
    assert lines == ["--- f", "+++ f (planned)", "@@ -1 +1,2 @@", "+x", " \\xff"]
