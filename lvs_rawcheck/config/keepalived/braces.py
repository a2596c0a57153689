# SPDX-License-Identifier: GPL-2.0-or-later
"""Alternatives in braces, as glob(3) with GLOB_BRACE expands them: `a{b,c}d` is `abd` and `acd`; `{}` is itself."""

from __future__ import annotations

from collections.abc import Iterator

ALTERNATIVES_MAX = 10_000


class TooManyAlternatives(Exception):
    """A pattern that stands for more names than anybody has files."""


def alternatives(pattern: str) -> Iterator[str]:
    """Yield what a pattern stands for, in the order of its text; raises TooManyAlternatives."""
    pending = [pattern]
    expansions = 0
    while pending:
        text = pending.pop()
        found = _first_braces(text)
        if found is None:
            yield text
            continue
        opening, closing, parts = found
        expansions += len(parts)
        if expansions > ALTERNATIVES_MAX:
            raise TooManyAlternatives(f"the pattern stands for more than {ALTERNATIVES_MAX} names")
        pending.extend(text[:opening] + part + text[closing + 1 :] for part in reversed(parts))


def _first_braces(text: str) -> tuple[int, int, list[str]] | None:
    """Return where the first braces open and close, and the parts between; None without any that close."""
    opening = text.find("{")
    while opening >= 0 and text[opening : opening + 2] == "{}":
        opening = text.find("{", opening + 2)
    if opening < 0:
        return None
    depth = 0
    parts: list[str] = []
    begin = opening + 1
    for place in range(opening + 1, len(text)):
        character = text[place]
        if character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == "," and not depth:
            parts.append(text[begin:place])
            begin = place + 1
        elif character == "}":
            return opening, place, [*parts, text[begin:place]]
    return None
