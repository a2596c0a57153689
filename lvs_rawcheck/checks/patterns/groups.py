# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers and names of a pattern's groups, and the references to what they matched."""

from __future__ import annotations

from collections.abc import Iterable

from lvs_rawcheck.checks.patterns.dialect import Dialect, Flags
from lvs_rawcheck.checks.patterns.fragment import Fragment
from lvs_rawcheck.checks.patterns.source import Source

GROUPS_MAX = 99


class Groups:
    """What has been opened and closed so far; both languages number groups by their opening parentheses, as Python."""

    def __init__(self, source: Source, dialect: Dialect) -> None:
        self._source = source
        self._dialect = dialect
        self._numbers_by_name: dict[bytes, list[int]] = {}
        self.count = 0
        """How many groups have been opened."""
        self._closed: set[int] = set()
        self._sealed: set[int] = set()
        self._unsettled: set[int] = set()
        self.referenced: set[int] = set()
        """The numbers of the groups that something refers to."""

    def open(self, name: bytes | None, begin: int, *, dupnames: bool) -> int:
        """Return the number of the group that begins here."""
        self.count += 1
        if self.count > GROUPS_MAX:
            self._source.refuse(
                begin, f"more than {GROUPS_MAX} capturing groups; write (?:...) where none is referred to"
            )
        if name is not None:
            self._name(name, begin, dupnames=dupnames)
        return self.count

    def _name(self, name: bytes, begin: int, *, dupnames: bool) -> None:
        if not name or name[:1].isdigit() or len(name) > self._dialect.longest_name:
            self._source.refuse(
                begin, f"a name has 1 to {self._dialect.longest_name} letters, digits and _, no digit first"
            )
        numbers = self._numbers_by_name.setdefault(name, [])
        if numbers and not dupnames:
            self._source.refuse(begin, "two groups of one name; give them different ones")
        numbers.append(self.count)

    def close(self, number: int) -> None:
        """Take note that the group is complete: it can be referred to from now on."""
        self._closed.add(number)

    def closed(self) -> frozenset[int]:
        """Return the numbers of the groups that are complete."""
        return frozenset(self._closed)

    def seal(self, numbers: frozenset[int]) -> None:
        """Take note that these stand in a negative look, which never leaves them set."""
        self._sealed |= numbers

    def unsettle(self, numbers: Iterable[int]) -> None:
        """Take note that these are repeated in what can match nothing: which round sets them last differs."""
        self._unsettled |= set(numbers)

    def number_of(self, name: bytes, begin: int) -> int:
        """Return the number of the one group of this name."""
        numbers = self._numbers_by_name.get(name, [])
        if len(numbers) != 1:
            self._source.refuse(
                begin, "several groups have that name" if numbers else "no group before it has that name"
            )
        return numbers[0]

    def relative(self, distance: int) -> int:
        """Return the number of the group so many opening parentheses back, at least 1."""
        return self.count + 1 - distance

    def judge_reference(self, number: int, begin: int) -> None:
        """Refuse a reference to a group that is not complete here: Python cannot look there."""
        if number not in self._closed:
            self._source.refuse(begin, "refers to a group that is not complete before it")
        if number in self._sealed:
            self._source.refuse(begin, "refers to a group inside a negative look, which is never set outside")
        if number in self._unsettled:
            self._source.refuse(begin, "refers to a group repeated in what can match nothing; let it match something")
        self.referenced.add(number)

    def reference_by_name(self, name: bytes, begin: int, flags: Flags) -> Fragment:
        """Return what matches the same octets as the group of this name did."""
        return self.reference(self.number_of(name, begin), begin, flags)

    def reference(self, number: int, begin: int, flags: Flags) -> Fragment:
        """Return what matches the same octets as the group did; nothing does where it is not set."""
        self.judge_reference(number, begin)
        if flags.caseless and self._dialect.utf:
            self._source.refuse(begin, "a caseless reference with utf compares more than ASCII; leave one of them out")
        text = rf"(?i:\{number})" if flags.caseless else rf"(?:\{number})"
        if self._dialect.match_unset_backref:
            text = f"(?({number}){text}|)"
        return Fragment(text, 0, None)
