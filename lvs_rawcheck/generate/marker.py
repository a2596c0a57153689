# SPDX-License-Identifier: GPL-2.0-or-later
"""What was replaced, kept as a comment above what replaces it, so that it can be put back octet for octet.

    # lvs-rawcheck tcp-192.0.2.1-80/192.0.2.11, in place of:
    #|TCP_CHECK {
    #|    connect_timeout 3
    #|}
    MISC_CHECK {
        ...
    }

After `#|` each line stands as it was. The blanks before `#|` are its first ones, but for the first line, before whose
own the marker stands: so it survives a change of indentation. A line that ends in a backslash (keepalived before
2.4.0 takes one at the end of a comment for a line of its own, lib/parser.c), in a blank (editors take those away) or
in `|` has a further `|` at its end.

What was put in beside others says `, added` instead, and nothing was there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lvs_rawcheck.generate.line_layout import begins_its_line, line_start

MARKER_BEGINS = b"# lvs-rawcheck "
REPLACES, ADDED = b"in place of:", b"added"
_MARKER = re.compile(MARKER_BEGINS + rb"(?P<id>[^\s,]+), (?P<what>in place of:|added)[ \t]*(?:\r?\n)")
_KEPT = re.compile(rb"(?P<indent>[ \t]*)#\|(?P<text>[^\n]*?)(?P<end>\r?\n)")
_BLANK_LINES = re.compile(rb"(?:[ \t]*\r?\n)*[ \t]*")
_GUARD = b"|"
_GUARDED = (b"\\", b" ", b"\t", b"\v", b"\f", b"\r", _GUARD)


@dataclass(frozen=True, slots=True)
class Marked:
    """A stanza of ours found in a file. check_id: as its marker says."""

    check_id: str
    marker: int
    """Octet at which the marker's `#` stands."""
    stanza: int
    """Octet at which what follows the comment begins."""
    original: bytes | None
    """What it replaced; None for what was added."""


def comment_for(check_id: str, original: bytes | None, indent: bytes, newline: bytes) -> bytes:
    """Return the comment that goes before a stanza, its last line complete; the first one is not indented."""
    what = ADDED if original is None else REPLACES
    lines = [b"%b%b, %b" % (MARKER_BEGINS, check_id.encode("ascii"), what) + newline]
    if original is not None:
        first, *rest = original.split(b"\n")
        lines.append(_kept_line(indent, first, b"" if rest else newline))
        for number, line in enumerate(rest, 1):
            own, text = (indent, line[len(indent) :]) if line.startswith(indent) else (b"", line)
            lines.append(_kept_line(own, text, b"" if number < len(rest) else newline))
    return b"".join(lines)


def _kept_line(indent: bytes, text: bytes, newline: bytes) -> bytes:
    """Return one line; newline: "" for one that has its own, and only the line feed of it was taken off."""
    if not newline:
        text, newline = (text[:-1], b"\r\n") if text.endswith(b"\r") else (text, b"\n")
    guard = _GUARD if text.endswith(_GUARDED) else b""
    return b"%s#|%s%s%s" % (indent, text, guard, newline)


def find_marked(octets: bytes) -> Iterator[Marked]:
    """Yield the stanzas of ours, in order."""
    for marker in _MARKER.finditer(octets):
        kept: list[re.Match[bytes]] = []
        place = marker.end()
        while marker["what"] == REPLACES and (match := _KEPT.match(octets, place)) is not None:
            kept.append(match)
            place = match.end()
        blank = _BLANK_LINES.match(octets, place)
        assert blank is not None
        original = _original(kept) if kept else None
        if (original is None) == (marker["what"] == ADDED):
            yield Marked(marker["id"].decode("ascii", "replace"), marker.start(), blank.end(), original)


def _original(kept: list[re.Match[bytes]]) -> bytes:
    lines = []
    for number, match in enumerate(kept):
        text = match["text"]
        text = text[:-1] if text.endswith(_GUARD) else text
        lines.append((match["indent"] if number else b"") + text + match["end"])
    lines[-1] = lines[-1][: -len(kept[-1]["end"])]
    return b"".join(lines)


def marked_region(octets: bytes, marked: Marked, stanza_end: int) -> tuple[int, int]:
    """Return the octets that make way for the original: from the marker to the stanza's last brace.

    What was added took whole lines, or, after other text in its line, the line feed after it along.
    """
    if marked.original is not None:
        return marked.marker, stanza_end
    start = line_start(octets, marked.marker) if begins_its_line(octets, marked.marker) else marked.marker
    newline = re.compile(rb"[ \t]*\r?\n").match(octets, stanza_end)
    return start, newline.end() if newline else stanza_end
