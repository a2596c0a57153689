# SPDX-License-Identifier: GPL-2.0-or-later
"""A check as the registry and the command line write it: what checkers of other programs are translated to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Endpoint

Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckText:
    """A kind, and what its parameters are told."""

    kind: str
    values: tuple[tuple[str, Value], ...] = ()


def describe_raw(kinds: Iterable[str], endpoints: Sequence[Endpoint], check_id: str) -> str:
    """Return the raw checks of one real server in words."""
    vips = str(endpoints[0]) if len(endpoints) == 1 else f"{len(endpoints)} VIPs and ports"
    return f"raw {'+'.join(dict.fromkeys(kinds))} {vips} ({check_id})"
