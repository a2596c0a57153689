# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts for the page: what strangers said made visible, long lists made short."""

from __future__ import annotations

from collections.abc import Iterable

LISTED = 12
"""So many places are named, of the others the number."""


def visible(text: str) -> str:
    """Return a text in which every character can be seen; what cannot is written as Python writes it: `\\x00`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def lines_of(texts: Iterable[str]) -> list[str]:
    """Return what is a line each, though a text may hold several."""
    return [visible(line) for text in texts for line in text.split("\n")]


def listed(places: Iterable[str]) -> str:
    """Return distinct texts in a line, of very many the first, and how many more there are."""
    distinct = list(dict.fromkeys(places))
    more = len(distinct) - LISTED
    return ", ".join(distinct[:LISTED]) + (f" and {more} more" if more > 0 else "")


def number_of(count: int, word: str) -> str:
    """Return a count and what is counted."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
