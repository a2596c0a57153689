# SPDX-License-Identifier: GPL-2.0-or-later
"""lvs-rawcheck.causes(7) is what the table says today, and says all of it."""

from __future__ import annotations

import re
from pathlib import Path

from lvs_rawcheck.diagnose.causes_page import page
from lvs_rawcheck.diagnose.signatures import PATH_ORDER

PAGE = Path(__file__).parents[2] / "debian" / "man" / "lvs-rawcheck.causes.7"


def test_the_page_is_made_of_the_table() -> None:
    made = f"python3 -m lvs_rawcheck.diagnose.causes_page > {PAGE.relative_to(PAGE.parents[2])}"
    assert PAGE.read_text() == page(), f"make it anew: {made}"


def test_every_cause_has_its_place_signs_and_remedy() -> None:
    parts = page().split("\n.Ss ")[1:]
    assert [part.splitlines()[0] for part in parts] == list(PATH_ORDER)
    for part in parts:
        assert "Known by" in part
        assert ("Remedy:" in part) == (not part.startswith("healthy"))


def test_no_line_is_taken_for_a_macro_that_is_none() -> None:
    for line in page().splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or re.match(r'\.(\\"|[A-Z][a-z] ?)', line), line
