# SPDX-License-Identifier: GPL-2.0-or-later
"""What follows `real=`: _ld_read_config_real_resolve (2002), add_real_server_range (2078), add_real_server (2127).

    host [-> host] [:port] blanks method [weight] ["request", "receive"] [l:number] [u:number]

Each part is searched for in what the part before it left over, from left to right; what a search passes over is lost
without a word. That is why every search here says what it passed over.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from lvs_rawcheck.config.findings import ERROR
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.hosts import Host, read_host, read_port
from lvs_rawcheck.config.ldirectord.model import GATE, IPIP, MASQ
from lvs_rawcheck.config.ldirectord.numbers import to_number
from lvs_rawcheck.config.ldirectord.values import Refused, Remark, quote
from lvs_rawcheck.config.tree import to_text

# More servers than this are not written out one by one.
RANGE_MAX = 65_536
# The patterns take time that grows with the square of a line's length.
LINE_OCTETS_MAX = 2048

_HOST = rb"\d+\.\d+\.\d+\.\d+|[A-Za-z0-9.-]+|\[[0-9A-fa-f:]+\]"  # `A-f`: as the program has it
_SERVER = re.compile(rb"(%s)(?:->(%s))?(?::([A-Za-z0-9_-]+))?\s+(.*)" % (_HOST, _HOST))
_METHOD = re.compile(rb"(\w+)(.*)")
_WEIGHT = re.compile(rb"\s+(\d+)(.*)")
_STRINGS = re.compile(rb'\s+"(.*)"[, ]\s*"(.*)"(.*)')
_LOWER = re.compile(rb"\s+l:(\d+)(.*)")
_UPPER = re.compile(rb"\s+u:(\d+)(.*)")


@dataclass(frozen=True, slots=True)
class ServerPart:
    """The first half of a line, which names the servers. port: digits; rest: the other half."""

    first: Host
    last: Host | None
    port: str
    rest: bytes
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class FlagsPart:
    """The other half. request and receive: None if the line has none of its own."""

    method: str
    weight: int
    request: bytes | None
    receive: bytes | None
    remarks: tuple[Remark, ...]


def parse_servers(text: bytes, family: int) -> ServerPart:
    """Return which servers a `real=` (family 4) or `real6=` line names; Refused if ldirectord does not take it."""
    if len(text) > LINE_OCTETS_MAX:
        raise Refused(kinds.LONG_LINE, f"the line is longer than {LINE_OCTETS_MAX} octets: it is not read here")
    match = _SERVER.search(text)
    if match is None:
        raise Refused(kinds.REAL, f"{quote(text)} is no server, port and forwarding method")
    first = read_host(to_text(match[1]), family)
    port = read_port("0" if match[3] is None else to_text(match[3]), None)
    last = None if match[2] is None else read_host(to_text(match[2]), family)
    if last is not None and family == 6:
        raise Refused(kinds.RANGE, "a range of IPv6 addresses is not supported")
    remarks = [host.remark for host in (first, last) if host is not None and host.remark is not None]
    if match.start() > 0:
        told = f"the server is read as {quote(text[match.start() : match.start(4)].strip())}"
        remarks.insert(0, Remark(ERROR, kinds.ELSEWHERE, f"{told}: what stands before it is skipped"))
    return ServerPart(first, last, port, match[4], tuple(remarks))


def parse_flags(rest: bytes) -> FlagsPart:
    """Return what a line says of its servers; Refused if ldirectord does not take it.

    It is not even looked at where a range yields no servers.
    """
    flags = _Flags(rest)
    method = flags.method()
    weight = flags.take(_WEIGHT)
    request, receive = flags.strings()
    flags.take(_LOWER)
    flags.take(_UPPER)
    flags.require_end()
    number = 1 if weight is None else to_number(to_text(weight[1]))
    return FlagsPart(method, number, request, receive, tuple(flags.remarks))


def with_slash(request: bytes) -> bytes:
    """Return a request as ldirectord sends it: one that does not begin with a slash gets one."""
    return request if request.startswith(b"/") else b"/" + request


class _Flags:
    """What follows the server, taken piece by piece."""

    def __init__(self, rest: bytes) -> None:
        self.remarks: list[Remark] = []
        self._rest = rest

    def method(self) -> str:
        """Take the forwarding method: the first word."""
        found = self.take(_METHOD)
        if found is None or to_text(found[1]) not in (GATE, MASQ, IPIP):
            word = quote(b"" if found is None else found[1])
            raise Refused(kinds.METHOD, f"the forwarding method is {word}, not gate, masq or ipip")
        return to_text(found[1])

    def strings(self) -> tuple[bytes | None, bytes | None]:
        """Take request and receive.

        Where the request begins with a slash, the very search for that slash makes the program forget the receive
        string and all that follows (2156: a match sets $2 and $3 anew).
        """
        found = self.take(_STRINGS)
        if found is None:
            return None, None
        request, receive, rest = found.groups()
        if not request.startswith(b"/"):
            return b"/" + request, receive
        lost = quote(b'"' + receive + b'"' + rest.rstrip())
        told = (
            f"{lost} is silently dropped, and HTTP asks for the virtual server's request, since this one begins with a "
            "slash: write it without, ldirectord puts one before it"
        )
        self.remarks.append(Remark(ERROR, kinds.DROPPED, told))
        self._rest = b""
        return request, None

    def take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Take what a pattern finds and go on behind it; note what that skips."""
        match = pattern.search(self._rest)
        if match is not None:
            skipped = self._rest[: match.start()].strip()
            if skipped:
                self.remarks.append(Remark(ERROR, kinds.DROPPED, f"{quote(skipped)} is silently dropped"))
            self._rest = match[match.lastindex or 0]
        return match

    def require_end(self) -> None:
        """Refuse what is left over."""
        if self._rest.strip():
            raise Refused(kinds.REAL, f"{quote(self._rest.strip())} is not understood")


def range_of(first: str, last: str) -> list[str]:
    """Return the addresses that ldirectord makes of a range: it counts up while the number is `le` the last one.

    `le` compares text (2100): 99 is behind 100. Refused if the range runs backwards or has no end in sight.
    """
    lowest, highest = _to_int(first), _to_int(last)
    if lowest > highest:
        raise Refused(kinds.RANGE, f"the range begins behind its end: {first} is above {last}")
    found = list(_counted(lowest, str(highest)))
    return [socket.inet_ntoa((number & 0xFFFFFFFF).to_bytes(4)) for number in found]


def _counted(number: int, highest: str) -> Iterator[int]:
    for taken, each in enumerate(range(number, number + RANGE_MAX + 1)):
        if str(each) > highest:
            return
        if taken == RANGE_MAX:
            raise Refused(kinds.RANGE_ORDER, f"the range stands for more than {RANGE_MAX} servers")
        yield each


def range_as_meant(first: str, last: str) -> int:
    """Return how many addresses a range has."""
    return _to_int(last) - _to_int(first) + 1


def _to_int(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address))
