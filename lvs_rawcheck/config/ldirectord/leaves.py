# SPDX-License-Identifier: GPL-2.0-or-later
"""A file as leaves: one for each line that is neither blank nor a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lvs_rawcheck.config.findings import Finding
from lvs_rawcheck.config.tree import Leaf, SourceFile

_LEADING = re.compile(rb"(?:\s+|#[^\n]*)*")
_TEXT = re.compile(rb"[^\n]*")


def leaves_of(file: SourceFile, errors: Iterable[Finding] = ()) -> list[Leaf]:
    """Return the leaves of a file: the last one has no value if text follows the last directive.

    errors: what cannot be read; the leaf of such a line carries the first sentence.
    """
    problems: dict[int, str] = {}
    for error in errors:
        if error.span.file is file:
            problems.setdefault(error.span.line, error.message)
    leaves: list[Leaf] = []
    place = 0
    while place < len(file.octets):
        leading = _LEADING.match(file.octets, place)
        assert leading is not None  # it matches the empty text
        text = _TEXT.match(file.octets, leading.end())
        assert text is not None
        value = text[0].rstrip()
        problem = problems.get(file.place(leading.end())[0])
        leaves.append(Leaf(leading[0], value, leading.end(), problem))
        place = leading.end() + len(value)
    return leaves
