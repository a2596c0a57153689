# SPDX-License-Identifier: GPL-2.0-or-later
"""Octets in words where a protocol has none of its own: lines of text, or a hex dump."""

from __future__ import annotations

_TEXT = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\r\n")
_COLUMN_OCTETS = 16


def lines_of(octets: bytes) -> list[str]:
    """Return text line by line, anything else as a hex dump."""
    if all(octet in _TEXT for octet in octets):
        return octets.decode("ascii").expandtabs().splitlines()
    return [_dump_line(octets, offset) for offset in range(0, len(octets), _COLUMN_OCTETS)]


def printable(line: bytes) -> str:
    """Return a line of UTF-8 as a terminal may be shown it: what strangers sent must not speak to it."""
    text = line.decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _dump_line(octets: bytes, offset: int) -> str:
    piece = octets[offset : offset + _COLUMN_OCTETS]
    text = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in piece)
    return f"{offset:04x}  {piece.hex(' '):{_COLUMN_OCTETS * 3}} {text}"
