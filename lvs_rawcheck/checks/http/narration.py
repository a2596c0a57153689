# SPDX-License-Identifier: GPL-2.0-or-later
"""A request or a response in lines, as `curl -v` tells them: the header word by word, of content how much it is."""

from __future__ import annotations

import re

from lvs_rawcheck.checks.base import shown
from lvs_rawcheck.checks.narration import printable

_BEGINS_MESSAGE = re.compile(rb"HTTP/|[A-Z]+ \S+ HTTP/1\.[01]\r?\n")
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_CREDENTIALS = re.compile(rb"(?i)^((?:proxy-)?authorization: *|cookie: *).*", re.DOTALL)
_LINES_TOLD = 200


def lines_of(octets: bytes) -> list[str]:
    """Return lines that tell some octets of either direction."""
    if not _BEGINS_MESSAGE.match(octets):
        return _content_lines(octets)
    end = _END_OF_HEAD.search(octets)
    head, content = (octets[: end.end()], octets[end.end() :]) if end else (octets, b"")
    return [*head_lines(head), *_content_lines(content)]


def head_lines(head: bytes) -> list[str]:
    """Return the lines of a header, printable, without the blank one at its end and without credentials."""
    lines = [line for octets in head.split(b"\n") if (line := octets.removesuffix(b"\r"))]
    told = [printable(_CREDENTIALS.sub(rb"\1***", line)) for line in lines[:_LINES_TOLD]]
    if len(lines) > _LINES_TOLD:
        told.append(f"[{len(lines) - _LINES_TOLD} further lines]")
    return told


def text_lines(octets: bytes) -> list[str]:
    """Return content line by line, printable."""
    return [printable(line.removesuffix(b"\r")) for line in octets.removesuffix(b"\n").split(b"\n")] if octets else []


def _content_lines(octets: bytes) -> list[str]:
    return [f"[{len(octets)} octets of body: {shown(octets)}]"] if octets else []
