# SPDX-License-Identifier: GPL-2.0-or-later
"""One file as leaves: words and braces as they stand on its physical lines, nothing expanded.

What keepalived makes of them is another matter (conditions, definitions); the leaves are for showing and editing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lvs_rawcheck.config.findings import Finding
from lvs_rawcheck.config.tree import Leaf, SourceFile

_VALUE = re.compile(rb'"[^"\r\n]*(?:"|(?=[\r\n]|\Z))|[{}]|[^ \t\f\v\r\n"{}!#]+')
_LEADING = re.compile(rb"(?:[ \t\f\v\r\n]+|[!#][^\n]*)*")


def leaves_of(file: SourceFile, errors: Iterable[Finding] = ()) -> list[Leaf]:
    """Return the leaves of a file: the last one has no value if text follows the last word.

    errors: what cannot be read; the leaf at such a place carries the sentence.
    """
    problems = sorted((each.span.start, each.message) for each in errors if each.span.file is file)
    leaves: list[Leaf] = []
    octets = file.octets
    place = 0
    while place < len(octets):
        leading = _LEADING.match(octets, place)
        assert leading is not None
        begin = leading.end()
        value = _VALUE.match(octets, begin)
        end = begin if value is None else value.end()
        if problems and problems[0][0] < max(end, begin + 1):
            problem: str | None = problems[0][1]
            while problems and problems[0][0] < max(end, begin + 1):
                problems.pop(0)
        else:
            problem = None
        leaves.append(Leaf(octets[place:begin], octets[begin:end], begin, problem))
        place = end
    return leaves
