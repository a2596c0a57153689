# SPDX-License-Identifier: GPL-2.0-or-later
"""A check as the registry and the command line write it: what checkers of other programs are translated to."""

from __future__ import annotations

from dataclasses import dataclass

Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckText:
    """A kind, and what its parameters are told."""

    kind: str
    values: tuple[tuple[str, Value], ...] = ()
