# SPDX-License-Identifier: GPL-2.0-or-later
"""The header of a response: where it ends, and what a browser would pass over in it.

One illegal line does not hide a page from users, nor from keepalived, which looks at the status line alone. So a line
that is no `name: value` is left out, and what a value may not hold becomes a blank (RFC 9110 5.5, RFC 9112 5.1),
before a strict reader sees it. What remains can be wrong only in what decides where the message ends.
"""

from __future__ import annotations

import re

from lvs_rawcheck.checks.base import shown
from lvs_rawcheck.errors import RemoteProtocolError

HEAD_LIMIT = 16 * 1024  # octets, as h11 and IIS; Apache sends at most 8 KiB a line

_END = re.compile(rb"\n\r?\n")  # a line may end in LF alone: RFC 9112 2.2
_END_OCTETS = 3
_FIELD = re.compile(rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+)[ \t]*:(.*)", re.DOTALL)
# What `tidy` would leave as it is, all of it; each line can be read in one way only.
_TIDY = re.compile(rb"[^\r\n]*\r\n(?:[-!#$%&'*+.^_`|~0-9A-Za-z]+:[^\0\r\v\f\n]*\r\n)*\r\n")
_BEGINNING = b"HTTP/"
_TLS_ALERT = b"\x15\x03"  # RFC 8446 5.1: alert, legacy version 3.x
_TO_BLANKS = bytes.maketrans(b"\0\r\v\f", b"    ")
_BLANKS = b" \t"


class HeadBuffer:
    """Takes octets until the blank line: not more of them than HEAD_LIMIT, each looked at once."""

    __slots__ = ("_octets", "_searched")

    def __init__(self) -> None:
        self._octets = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        return len(self._octets)

    def take(self, octets: bytes) -> tuple[bytes, bytes] | None:
        """Return the header and what came after it, None until there is all of it; RemoteProtocolError."""
        self._octets += octets
        self._demand_beginning()
        match = _END.search(self._octets, self._searched)
        length = match.end() if match else len(self._octets)
        if length > HEAD_LIMIT:
            raise RemoteProtocolError(f"a header of more than {HEAD_LIMIT} octets")
        if match is None:
            self._searched = max(0, length - _END_OCTETS + 1)
            return None
        head, rest = bytes(self._octets[:length]), bytes(self._octets[length:])
        self._octets.clear()
        self._searched = 0
        return head, rest

    def _demand_beginning(self) -> None:
        beginning = bytes(self._octets[: len(_BEGINNING)])
        if _BEGINNING.startswith(beginning):
            return
        if beginning.startswith(_TLS_ALERT):
            raise RemoteProtocolError("not HTTP but a TLS alert: this port wants TLS")
        if len(beginning) > 1 or beginning != _TLS_ALERT[:1]:
            raise RemoteProtocolError(f"not HTTP: {shown(bytes(self._octets))}")


def tidy(head: bytes) -> bytes:
    """Return a header, blank line included, whose lines are all legal and end in CR LF; the first one as it is."""
    if _TIDY.fullmatch(head):
        return head
    first, *lines = head.split(b"\n")
    kept = [first.removesuffix(b"\r")]
    is_kept = False
    for line in lines:
        if line[:1] in (b" ", b"\t"):  # goes on with the line before it, obs-fold
            if is_kept:
                kept[-1] += b" " + _clean(line)
            continue
        field = _FIELD.fullmatch(line)
        is_kept = field is not None
        if field is not None:
            kept.append(field[1] + b": " + _clean(field[2]))
    return b"\r\n".join(kept) + b"\r\n\r\n"


def _clean(value: bytes) -> bytes:
    return value.translate(_TO_BLANKS).strip(_BLANKS)
