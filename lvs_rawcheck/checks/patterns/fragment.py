# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of a translated pattern, and how they are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a pattern of Python's, standing for one item of the foreign one."""

    text: str
    shortest: int = 0
    """The fewest octets that it can match."""
    longest: int | None = 0
    """The most; None: without limit, or unknown."""
    single: bool = True
    """Whether a quantifier after `text` takes in all of it."""
    assertion: bool = False
    """Whether it looks at a place and takes nothing."""
    runs_from: str = ""
    """`LINE_START` or `TEXT_START` where it begins with a `.*`, which might as well begin there; "" otherwise."""
    captures: frozenset[int] = frozenset()
    """The numbers of the groups that such a `.*` stands in."""

    @property
    def width(self) -> int | None:
        """Return the number of octets it matches, None where that can vary."""
        return self.shortest if self.shortest == self.longest else None


LINE_START, TEXT_START = "line", "text"
NOTHING = Fragment("", single=False)


def assertion(text: str) -> Fragment:
    """Return a fragment that looks at a place and takes nothing."""
    return Fragment(text, assertion=True)


def in_turn(fragments: Sequence[Fragment]) -> Fragment:
    """Return the fragments one after the other."""
    if len(fragments) == 1:
        return fragments[0]
    lengths = [fragment.longest for fragment in fragments]
    bounded = [length for length in lengths if length is not None]
    return Fragment(
        "".join(fragment.text for fragment in fragments),
        sum(fragment.shortest for fragment in fragments),
        sum(bounded) if len(bounded) == len(lengths) else None,
        single=False,
        runs_from=fragments[0].runs_from,
        captures=fragments[0].captures,
    )


def either(branches: Sequence[Fragment]) -> Fragment:
    """Return the fragments as alternatives, not yet in a group."""
    if len(branches) == 1:
        return branches[0]
    lengths = [branch.longest for branch in branches]
    bounded = [length for length in lengths if length is not None]
    return Fragment(
        "|".join(branch.text for branch in branches),
        min(branch.shortest for branch in branches),
        max(bounded) if len(bounded) == len(lengths) else None,
        single=False,
        runs_from=branches[0].runs_from if len({branch.runs_from for branch in branches}) == 1 else "",
        captures=frozenset().union(*(branch.captures for branch in branches)),
    )


def grouped(opening: str, body: Fragment) -> Fragment:
    """Return the body in parentheses; `opening` is `(?>` or `(?(1)`."""
    return Fragment(f"{opening}{body.text})", body.shortest, body.longest)


def transparent(body: Fragment, number: int | None = None) -> Fragment:
    """Return the body in parentheses that change nothing; number: of the group, None where it is not captured."""
    captures = body.captures if number is None else body.captures | {number}
    opening = "(?:" if number is None else "("
    return replace(grouped(opening, body), runs_from=body.runs_from, captures=captures)


def repeated(item: Fragment, least: int, most: int | None, suffix: str) -> Fragment:
    """Return the item `least` to `most` times (None: without limit).

    suffix: "" greedy, "?" lazy, "+" possessive. The last is written as an atomic group: Python 3.11 before 3.11.5
    backtracks wrongly in a possessive repeat of something that itself backtracks (CPython, gh-106052).
    """
    body = item.text if item.single else f"(?:{item.text})"
    counts = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
    if counts is None:
        counts = f"{{{least}}}" if least == most else f"{{{least},{'' if most is None else most}}}"
    text = f"(?>{body}{counts})" if suffix == "+" else f"{body}{counts}{suffix}"
    longest = None if most is None or item.longest is None else item.longest * most
    if item.longest == 0 and least != most:
        # It has a width, but no look back takes it: PCRE2 and Perl count the repetitions.
        longest = None
    return Fragment(text, item.shortest * least, longest, single=suffix == "+")


def looking(branches: Sequence[Fragment], *, behind: bool, negative: bool) -> Fragment:
    """Return a look at what follows or (`behind`) precedes; behind, each branch has a width of its own.

    Python wants one width for a whole look behind, so each branch gets its own.
    """
    mark = "!" if negative else "="
    if not behind:
        return assertion(f"(?{mark}{either(branches).text})")
    looks = [f"(?<{mark}{branch.text})" for branch in branches]
    if negative:
        return assertion("".join(looks))
    return assertion(looks[0] if len(looks) == 1 else f"(?:{'|'.join(looks)})")
