# SPDX-License-Identifier: GPL-2.0-or-later
"""How a file is laid out around a place: its line ends and its indentation, which what is put in there takes up."""

from __future__ import annotations

import re

_BLANKS = b" \t"
_LEADING = re.compile(rb"[ \t]*")
_STEP_DEFAULT = b"    "


def line_start(octets: bytes, place: int) -> int:
    """Return where the line of a place begins."""
    return octets.rfind(b"\n", 0, place) + 1


def line_end_of(octets: bytes, place: int) -> bytes:
    """Return how lines end at a place: as its own does, else as the file's first."""
    newline = octets.find(b"\n", place)
    if newline < 0:
        newline = octets.find(b"\n")
    return b"\r\n" if newline > 0 and octets[newline - 1 : newline] == b"\r" else b"\n"


def indentation(octets: bytes, place: int) -> bytes:
    """Return the blanks with which the line of a place begins."""
    match = _LEADING.match(octets, line_start(octets, place))
    assert match is not None
    return match[0]


def begins_its_line(octets: bytes, place: int) -> bool:
    """Return whether there is nothing but blanks before a place in its line."""
    return not octets[line_start(octets, place) : place].strip(_BLANKS)


def indentation_step(octets: bytes, start: int, end: int) -> bytes:
    """Return what the lines from start to before end are indented by, beyond the first of them."""
    outer = indentation(octets, start)
    for line in octets[start:end].split(b"\n")[1:]:
        match = _LEADING.match(line)
        assert match is not None
        inner = match[0]
        if line.strip() and inner.startswith(outer) and len(inner) > len(outer):
            return inner[len(outer) :]
    return b"\t" if outer.endswith(b"\t") else _STEP_DEFAULT
