# SPDX-License-Identifier: GPL-2.0-or-later
"""What the small values of the wire have in common: equality and a readable form, both by their slots.

A dataclass would say the same, but importing `dataclasses` costs more than a whole check may.
"""

from __future__ import annotations


class Value:
    """Base of the values: two are equal when they are of one class and all slots are equal."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    # A value may be filled in after it was made, so it is no key.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"
