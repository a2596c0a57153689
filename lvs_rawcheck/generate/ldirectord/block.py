# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of ours in a virtual's block: each in the place of the last one of its name, or behind the block's last one.

    virtual=192.0.2.1:80
            real=192.0.2.11:80 gate
            # lvs-rawcheck tcp-192.0.2.1-80, in place of:
            #|checktype=negotiate
            checktype=external
            service=http
            # lvs-rawcheck tcp-192.0.2.1-80, added
            checkcommand="/etc/lvs-rawcheck/ldirectord/tcp-192.0.2.1-80"
            checktimeout=7

Lines of ours that stand together are one stretch with one comment. A blank line would end the block, and so there is
none; the path stands in quotes, else what follows it in its line would belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lvs_rawcheck.config.ldirectord.model import Virtual
from lvs_rawcheck.config.tree import Span
from lvs_rawcheck.generate.line_layout import indentation, line_end_of, line_start
from lvs_rawcheck.generate.marker import comment_for
from lvs_rawcheck.generate.splice import Edit

CHECKTYPE, CHECKCOMMAND, CHECKTIMEOUT = "checktype", "checkcommand", "checktimeout"
NAMES = (CHECKTYPE, CHECKCOMMAND, CHECKTIMEOUT)
"""What is written, in this order within a stretch."""
_SAFE_PATH = re.compile(r'/[^"#\x00-\x20\x7f]*')


@dataclass(frozen=True, slots=True)
class External:
    """What a virtual's block is to say. command: the path of its wrapper; timeout: seconds."""

    service: str
    command: str
    timeout: int

    def line(self, name: str) -> bytes:
        """Return one of its lines, without blanks before it and without end."""
        values = {CHECKTYPE: "external", CHECKCOMMAND: f'"{self.command}"', CHECKTIMEOUT: str(self.timeout)}
        return f"{name}={values[name]}".encode("utf-8", "surrogateescape")


def is_safe_path(path: str) -> bool:
    """Return whether ldirectord takes a path as it stands in quotes: `#` and a quote would cut it short."""
    return _SAFE_PATH.fullmatch(path) is not None


@dataclass(slots=True)
class _Stretch:
    """Lines that stand together. start: behind the blanks of the first one; names: of those in the place of which."""

    start: int
    end: int
    names: list[str]


def edits_for(virtual: Virtual, external: External) -> Iterator[Edit]:
    """Yield what makes a block say that; its file has no lines of ours yet."""
    spans = {name: span for name in NAMES if (span := virtual.span_of(name)) is not None}
    last = max(_spans(virtual), key=lambda span: span.end)
    octets = last.file.octets
    stretches = list(_stretches(octets, spans))
    added = [name for name in NAMES if name not in spans]
    if stretches and stretches[-1].end == last.end:
        stretches[-1].names += added
        added = []
    for stretch in stretches:
        original = octets[stretch.start : stretch.end]
        yield Edit(stretch.start, stretch.end, _text(octets, stretch.start, original, stretch.names, external))
    if added:
        start = _text_start(octets, last)
        newline, indent = line_end_of(octets, start), indentation(octets, start)
        yield Edit(last.end, last.end, newline + indent + _text(octets, start, None, added, external))


def _spans(virtual: Virtual) -> Iterator[Span]:
    for directives in virtual.directives.values():
        yield from (directive.span for directive in directives)


def _stretches(octets: bytes, spans: Mapping[str, Span]) -> Iterator[_Stretch]:
    """Yield the lines that are replaced, those that follow each other at once as one."""
    current: _Stretch | None = None
    for name, span in sorted(spans.items(), key=lambda item: item[1].start):
        if current is not None and octets[current.end : line_start(octets, span.start)] in (b"\n", b"\r\n"):
            current.names.append(name)
            current.end = span.end
            continue
        if current is not None:
            yield current
        current = _Stretch(_text_start(octets, span), span.end, [name])
    if current is not None:
        yield current


def _text_start(octets: bytes, span: Span) -> int:
    """Return where the text of a line begins, behind its blanks."""
    start = line_start(octets, span.start)
    return start + len(indentation(octets, start))


def _text(octets: bytes, place: int, original: bytes | None, names: Sequence[str], external: External) -> bytes:
    """Return a stretch with its comment, without the blanks before it and the line end after it."""
    newline, indent = line_end_of(octets, place), indentation(octets, place)
    lines = (indent + external.line(name) for name in NAMES if name in names)
    return comment_for(external.service, original, indent, newline) + newline.join(lines)
