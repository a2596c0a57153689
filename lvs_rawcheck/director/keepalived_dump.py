# SPDX-License-Identifier: GPL-2.0-or-later
"""What keepalived's checker process says of itself: its virtual servers, and the checkers that are really running.

Reading list: dump_check_data() and what it calls in keepalived/check/check_data.c, dump_checker() in check_api.c,
dump_misc_check() in check_misc.c, dump_file_check() in check_file.c, of keepalived 2.0.20, 2.1.5, 2.2.7, 2.3.4 and
2.4.3. A line is `   name = value`; what the versions spell differently is named here beside each other.
Invariants: times are seconds; what the text does not say is None; a text that is no whole dump is a LinkError.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.wire.address import parse_address

_FIRST = "------< Global definitions >------"
_BEGIN, _END = "------< ", " >------"
_MICROSECONDS = 1e6
_YES = ("yes", "1", "True", "YES")
MISC_CHECK = "MISC_CHECK"
FILE_CHECK = "FILE_CHECK"


@dataclass(slots=True)
class LiveChecker:
    """One checker of one real server. virtual_server: the `key` of its virtual server."""

    virtual_server: str
    address: bytes
    port: int
    kind: str
    """As in the configuration: `MISC_CHECK`, `TCP_CHECK`, ..."""
    enabled: bool
    """False: suspended (`ha_suspend`)."""
    up: bool
    has_run: bool
    delay_loop: float
    retries: int
    argv: list[str] = field(default_factory=list)
    """Of a MISC_CHECK, its first word the canonical path."""
    uid: int | None = None
    timeout: float | None = None
    dynamic: bool = False
    last_ran: float | None = None
    """On keepalived's clock: the time of day as it was when keepalived started, counted on without steps."""
    last_status: int | None = None
    track_file: str | None = None
    """Of a FILE_CHECK, the name of what it goes by."""


@dataclass(slots=True)
class LiveRealServer:
    """A real server as keepalived keeps it. port: as forwarded to, 0 for a fwmark; in_table: by keepalived's memory."""

    address: bytes
    port: int
    weight: int
    method: str
    alive: bool
    in_table: bool
    inhibit: bool


@dataclass(slots=True)
class LiveVirtualServer:
    """A virtual server: of an address and port, of a fwmark, or of a group's name."""

    key: str
    """As keepalived's own log names it: `[10.0.0.100]:tcp:80`, `FWM 5`, `[GROUP]:0`."""
    protocol: str
    address: bytes | None = None
    port: int = 0
    fwmark: int | None = None
    group: str | None = None
    ha_suspend: bool = False
    sorry_server: bool = False
    real_servers: list[LiveRealServer] = field(default_factory=list)


@dataclass(slots=True)
class LiveGroup:
    """A virtual_server_group. ranges: first and last address, and port; fwmarks: the marks."""

    ranges: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    fwmarks: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Dump:
    """A whole dump. ipvs_namespace: the network namespace whose IPVS table it is, None for the process's own."""

    virtual_servers: list[LiveVirtualServer] = field(default_factory=list)
    groups: dict[str, LiveGroup] = field(default_factory=dict)
    checkers: list[LiveChecker] = field(default_factory=list)
    ipvs_namespace: str | None = None


class _Part:
    """One block of lines: what it is about, and its lines by name; of a repeated name the first counts."""

    __slots__ = ("fields", "heading", "lines")

    def __init__(self, heading: str, first: str = "") -> None:
        self.heading = heading
        self.fields: dict[str, str] = {}
        self.lines: list[str] = [first] if first else []

    def add(self, line: str) -> None:
        name, equals, value = line.partition(" = ")
        if equals:
            self.fields.setdefault(name.strip(), value)
        self.lines.append(line)

    def get(self, *names: str) -> str | None:
        for name in names:
            if name in self.fields:
                return self.fields[name]
        return None

    def demand(self, *names: str) -> str:
        value = self.get(*names)
        if value is None:
            raise LinkError(f"keepalived's dump: {self.heading}, {self.first_line()!r}: no line {names[0]!r}")
        return value

    def first_line(self) -> str:
        return self.lines[0].strip()[:80] if self.lines else ""

    def is_set(self, *names: str) -> bool:
        return self.get(*names) in _YES


def parse_dump(lines: Iterable[str]) -> Dump:
    """Return what a dump says; LinkError: it is not one, or not a whole one.

    lines: with their line ends, as a file gives them.
    """
    dump = Dump()
    for part in _parts(lines):
        try:
            _read_part(dump, part)
        except (ValueError, UsageError) as error:
            raise LinkError(f"keepalived's dump: {part.heading}, {part.first_line()!r}: {error}") from error
    return dump


def _parts(lines: Iterable[str]) -> Iterator[_Part]:
    """Yield the blocks: each heading begins one, and among the checkers each `VIRTUAL -> REAL` does."""
    part: _Part | None = None
    line = ""
    for line in lines:
        text = line.rstrip("\n")
        bare = text.strip()
        if part is None and bare != _FIRST:
            raise LinkError(f"not a dump of keepalived's: it begins with {text[:40]!r}")
        if bare.startswith(_BEGIN) and bare.endswith(_END):
            if part is not None:
                yield part
            part = _Part(bare[len(_BEGIN) : -len(_END)])
        elif part is not None and part.heading == _CHECKERS and text[:2] != "  " and " -> " in text:
            yield part
            part = _Part(_CHECKERS, text)
        elif part is not None:
            part.add(text)
    if part is None:
        raise LinkError("not a dump of keepalived's: it is empty")
    if not line.endswith("\n"):
        raise LinkError("keepalived's dump is cut short: is the file system full?")
    yield part


_GLOBAL = "Global definitions"
_GROUP = "Virtual server group"
_VIRTUAL = "Virtual server"
_REAL = "Real server"
_CHECKERS = "Health checkers"


def _read_part(dump: Dump, part: _Part) -> None:
    """Add what a block says to the dump; blocks about other things are passed over."""
    if part.heading == _GLOBAL:
        name = part.get("Network namespace ipvs")
        dump.ipvs_namespace = None if name in (None, "(main namespace)") else name
    elif part.heading == _GROUP:
        # Behind the name, from 2.2 on: `, IPv4 = yes, IPv6 = no`.
        name = part.demand("Virtual Server Group").partition(", IPv4 = ")[0]
        dump.groups[name] = _group(part)
    elif part.heading == _VIRTUAL:
        dump.virtual_servers.append(_virtual_server(part))
    elif part.heading == _REAL:
        if not dump.virtual_servers:
            raise LinkError("keepalived's dump: a real server before any virtual one")
        dump.virtual_servers[-1].real_servers.append(_real_server(part))
    elif part.heading == _CHECKERS and part.lines:
        dump.checkers.append(_checker(part))


def _group(part: _Part) -> LiveGroup:
    group = LiveGroup()
    for line in part.lines:
        name, _, value = line.strip().partition(" = ")
        if name == "FWMARK":
            group.fwmarks.append(int(value.split()[0]))
        elif name in ("VIP", "VIP Range"):
            addresses, _, port = value.partition(", VPORT = ")
            first, _, last = addresses.partition("-")
            start = parse_address(first)
            group.ranges.append((start, _range_end(start, last), int(port)))
    return group


def _range_end(start: bytes, text: str) -> bytes:
    """Return the last address; "": there is one only; before 2.2.2: its last octet, or last group in hexadecimal."""
    if not text:
        return start
    if "." in text or ":" in text:
        return parse_address(text)
    if len(start) == 4:
        return start[:-1] + int(text).to_bytes(1, "big")
    return start[:-2] + int(text, 16).to_bytes(2, "big")


def _virtual_server(part: _Part) -> LiveVirtualServer:
    protocol = part.demand("protocol").lower()
    sorry = any(name.startswith("sorry server") for name in part.fields)
    found = LiveVirtualServer("", protocol, ha_suspend="   Using HA suspend" in part.lines, sorry_server=sorry)
    if group := part.get("VS GROUP"):
        found.key = group
        found.group = group.rpartition(":")[0][1:-1]
    elif mark := part.get("VS FWMARK"):
        found.key = f"FWM {mark}"
        found.fwmark = int(mark)
    else:
        address, _, port = part.demand("VS VIP").partition(", VPORT = ")
        found.key = f"[{address}]:{protocol}:{port}"
        found.address, found.port = parse_address(address), int(port)
    return found


def _real_server(part: _Part) -> LiveRealServer:
    # `RIP = 10.0.0.42, RPORT = 80, WEIGHT = 1`, from 2.1 on with ` EFF WEIGHT = 1` behind it.
    address, _, rest = part.demand("RIP").partition(", RPORT = ")
    port, _, weight = rest.partition(", WEIGHT = ")
    return LiveRealServer(
        parse_address(address),
        int(port),
        int(weight.split()[0]),
        part.demand("forwarding method").partition(",")[0],
        part.is_set("alive"),
        part.is_set("RS set"),
        "   Inhibit on failure is ON" in part.lines,
    )


def _checker(part: _Part) -> LiveChecker:
    virtual_server, _, real = part.lines[0].strip().rpartition(" -> ")
    address, _, port = real.rpartition(":")
    checker = LiveChecker(
        virtual_server,
        parse_address(address.rpartition(":")[0][1:-1]),
        int(port),
        part.demand("Keepalive method").partition(",")[0],
        part.is_set("Enabled"),
        part.is_set("Up", "Is up"),
        part.is_set("Has run"),
        _seconds(part.get("Delay loop")),
        int(part.get("Retries", "Retry count") or 0),
    )
    if checker.kind == MISC_CHECK:
        _read_script(checker, part)
    elif checker.kind == FILE_CHECK:
        checker.track_file = part.get("Tracked file")
    return checker


def _read_script(checker: LiveChecker, part: _Part) -> None:
    checker.argv = _argv(part.demand("script"))
    checker.uid = int(part.demand("uid:gid").partition(":")[0])
    checker.timeout = float(part.demand("timeout"))
    checker.dynamic = part.is_set("dynamic")
    if (ran := part.get("Last ran")) and not ran.startswith("0."):
        checker.last_ran = float(ran.partition(" ")[0])
    if status := part.get("Last status"):
        checker.last_status = int(status)


def _seconds(text: str | None) -> float:
    """Return the seconds of `6000000 us`, or of `6.000000` as 2.0 has it."""
    if text is None:
        return 0.0
    number, _, unit = text.partition(" ")
    return float(number) / (_MICROSECONDS if unit == "us" else 1.0)


def _argv(text: str) -> list[str]:
    """Return the words of `'/path' 'first' 'second'`; where an apostrophe within spoils them, the text as one word."""
    words = text[1:-1].split("' '")
    if text[:1] == text[-1:] == "'" and not any("'" in word for word in words):
        return words
    try:
        return shlex.split(text)  # from 2.4 on, an apostrophe is written as a shell would want it
    except ValueError:
        return [text]
