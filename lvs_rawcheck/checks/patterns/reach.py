# SPDX-License-Identifier: GPL-2.0-or-later
r"""How far a pattern looks beyond its match: whether a match in the beginning of a text is one in the whole of it.

`\A[^E]*\Z` and `\A(?!.*ERROR)` match what was cut off before the E, and not the whole. A match holds for whatever may
follow if all that was looked at on the way to it was there. `$`, `\Z` and `\b` look at what follows their place; a look
ahead, an atomic group and a possessive repeat, at as much as they can match. Nothing else loses a match to more text:
`re` goes every other way, if it must.

The pattern is read with `re`'s own parser, so that nothing is mistaken. What is unknown here reaches without limit.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

_PARSER: Any = importlib.import_module("re._parser")

_PLACES = {
    "AT_BEGINNING": 0,
    "AT_BEGINNING_STRING": 0,
    "AT_BOUNDARY": 1,
    "AT_NON_BOUNDARY": 1,
    "AT_END": 2,  # a newline, and the end
    "AT_END_STRING": 1,
}
_LOOKS = ("ASSERT", "ASSERT_NOT")
_EVERY_WAY = (
    *("LITERAL", "NOT_LITERAL", "IN", "ANY", "GROUPREF"),
    *("SUBPATTERN", "BRANCH", "MAX_REPEAT", "MIN_REPEAT", "GROUPREF_EXISTS"),
)
WITHOUT_LIMIT = 1 << 32  # octets: no text is as long; nor has `re` a greater count


def reach(pattern: re.Pattern[bytes]) -> int:
    """Return how many octets behind the end of a match were looked at for it, at the most."""
    return _reach_of_all(_PARSER.parse(pattern.pattern, pattern.flags), pattern.groups > 0)


def _reach_of_all(items: Any, may_refer: bool) -> int:
    """may_refer: whether something may refer to what a group in a look has matched."""
    return max((_reach(operation.name, arguments, may_refer) for operation, arguments in items), default=0)


def _reach(operation: str, arguments: Any, may_refer: bool) -> int:
    if operation == "AT":
        return _PLACES.get(arguments.name, WITHOUT_LIMIT)
    inside = max((_reach_of_all(part, may_refer) for part in _parts(arguments)), default=0)
    if operation in _EVERY_WAY:
        return inside
    if operation in _LOOKS:
        direction, part = arguments
        if direction < 0 or (operation == "ASSERT" and not inside and not may_refer):
            return inside  # what was found ahead is there still
        return inside + _longest(part)
    if operation == "ATOMIC_GROUP":
        return inside + _longest(arguments)
    if operation == "POSSESSIVE_REPEAT":
        _, most, part = arguments
        return inside + _longest(part) * int(most)
    return WITHOUT_LIMIT


def _longest(part: Any) -> int:
    longest: int = part.getwidth()[1]
    return longest


def _parts(arguments: Any) -> Iterator[Any]:
    """Yield the sequences of items among the arguments of an operation."""
    if isinstance(arguments, _PARSER.SubPattern):
        yield arguments
    elif isinstance(arguments, list | tuple):
        for each in arguments:
            yield from _parts(each)
