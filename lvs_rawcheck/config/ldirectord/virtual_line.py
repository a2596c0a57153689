# SPDX-License-Identifier: GPL-2.0-or-later
"""What follows `virtual=`: the patterns of read_config, ldirectord lines 1345 to 1366, in their order.

They are looked for at the beginning only; what follows what they match is ignored. So an address without a port is no
error but the firewall mark of its first digits.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from lvs_rawcheck.config.findings import ERROR
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.numbers import to_number
from lvs_rawcheck.config.ldirectord.values import Refused, Remark, quote, remarks_on_rest
from lvs_rawcheck.config.tree import to_text

MARK_MAX = 0xFFFFFFFF
# Its first pattern, the dotted quad, matches nothing that this one does not.
_HOST_AND_PORT = re.compile(rb"([0-9A-Za-z._+-]+):([0-9A-Za-z_-]+)")
_MARK = re.compile(rb"\d+")
_BRACKETED = re.compile(rb"\[([0-9A-Fa-f:]+)\]:([0-9A-Za-z_-]+)")


@dataclass(frozen=True, slots=True)
class VirtualLine:
    """Host and port, both as written, or a firewall mark, its digits as written."""

    host: str
    port: str = "0"
    mark: str | None = None
    remarks: tuple[Remark, ...] = ()


def parse_virtual_line(text: bytes, family: int) -> VirtualLine:
    """Return what a `virtual=` (family 4) or `virtual6=` line names; Refused if that is nothing."""
    match = _HOST_AND_PORT.match(text)
    if match is not None:
        return VirtualLine(to_text(match[1]), to_text(match[2]), remarks=_remarks_behind_port(text[match.end() :]))
    match = _MARK.match(text)
    if match is not None:
        return _marked(match[0], text)
    match = _BRACKETED.match(text)
    if match is None:
        raise Refused(kinds.ADDRESS, f"{quote(text)} is neither an address with a port nor a firewall mark")
    if family == 4:
        raise Refused(kinds.FAMILY, "an IPv6 address needs virtual6=")
    try:
        socket.inet_pton(socket.AF_INET6, to_text(match[1]))
    except OSError:
        raise Refused(kinds.ADDRESS, f"{quote(match[1])} is no IPv6 address") from None
    remarks = remarks_on_rest(text[match.end() :])
    return VirtualLine(f"[{to_text(match[1])}]", to_text(match[2]), remarks=remarks)


def _remarks_behind_port(rest: bytes) -> tuple[Remark, ...]:
    if rest.startswith(b":"):
        told = f"{quote(rest.rstrip())} is silently dropped: an IPv6 address stands in brackets"
        return (Remark(ERROR, kinds.DROPPED, told),)
    return remarks_on_rest(rest)


def _marked(digits: bytes, text: bytes) -> VirtualLine:
    mark = to_text(digits)
    rest = text[len(digits) :]
    remarks = remarks_on_rest(rest)
    if any(remark.kind == kinds.DROPPED for remark in remarks):
        told = f"{quote(text.rstrip())} is read as the firewall mark {mark}: an address needs a port behind it"
        remarks = (Remark(ERROR, kinds.MARK, told),)
    elif not 0 < to_number(mark) <= MARK_MAX:
        remarks = (Remark(ERROR, kinds.MARK, f"{mark} is no firewall mark that IPVS takes"), *remarks)
    return VirtualLine(mark, mark=mark, remarks=remarks)
