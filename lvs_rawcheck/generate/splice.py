# SPDX-License-Identifier: GPL-2.0-or-later
"""Octets put in the place of others; whatever is not replaced stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Octets from start to before end are replaced; an insertion where both are the same."""

    start: int
    end: int
    octets: bytes


def spliced(octets: bytes, edits: Iterable[Edit]) -> bytes:
    """Return the octets with all edits made; they must not overlap. Insertions at one place stand in their order."""
    pieces = []
    place = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        assert place <= edit.start <= edit.end, f"edits overlap at octet {edit.start}"
        pieces += [octets[place : edit.start], edit.octets]
        place = edit.end
    pieces.append(octets[place:])
    return b"".join(pieces)
