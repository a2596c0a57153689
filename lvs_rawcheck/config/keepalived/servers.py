# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual servers, their groups and real servers (check/check_parser.c, check_data.c: validate_check_config)."""

from __future__ import annotations

from lvs_rawcheck.config.keepalived.addresses import (
    RangeError,
    address_range,
    first_address,
    read_port,
    written_port,
)
from lvs_rawcheck.config.keepalived.blocks import Block, Statement
from lvs_rawcheck.config.keepalived.checkers import Inherited, build_checker
from lvs_rawcheck.config.keepalived.directives import CHECKER_NAMES
from lvs_rawcheck.config.keepalived.model import (
    DR,
    NAT,
    TUN,
    GroupEntry,
    RealServer,
    SorryServer,
    Timers,
    VirtualServer,
    VirtualServerGroup,
)
from lvs_rawcheck.config.keepalived.numbers import UNSIGNED_MAX, read_number
from lvs_rawcheck.config.keepalived.values import Values

WEIGHT_MAX = (1 << 31) - 1
_PROTOCOLS = ("tcp", "udp", "sctp")
_METHODS = (NAT, DR, TUN)
_VS_SCRIPTS = frozenset(("quorum_up", "quorum_down"))
_RS_SCRIPTS = frozenset(("notify_up", "notify_down"))
_IPV6_SIGN = ":"
_COUNTS = {"quorum": (1, UNSIGNED_MAX), "hysteresis": (0, UNSIGNED_MAX), "weight": (1, WEIGHT_MAX)}
_FWMARK_MAX = (1 << 31) - 1


def admit_virtual_server(block: Block) -> str | None:
    """Return why keepalived skips a virtual_server, None if it reads it (alloc_vs)."""
    words = block.arguments
    if not words:
        return "virtual_server needs an address, fwmark or group: keepalived stops reading here"
    if words[0] in ("group", "fwmark"):
        if len(words) < 2:
            return f"virtual_server {words[0]} needs a value: keepalived stops reading here"
        if words[0] == "fwmark" and read_number(words[1], 0, _FWMARK_MAX)[0] is None:
            return f"keepalived skips this virtual_server: {words[1]!r} is no firewall mark"
        return None
    return _admit_address("virtual_server", words)


def admit_real_server(block: Block) -> str | None:
    """Return why keepalived skips a real_server, None if it reads it (alloc_rs)."""
    if not block.arguments:
        return "real_server needs an address: keepalived stops reading here"
    return _admit_address("real_server", block.arguments)


def _admit_address(keyword: str, words: list[str]) -> str | None:
    if first_address(words[0]) is None:
        return f"keepalived skips this {keyword}: {words[0]!r} is no address"
    port = written_port(words)
    if port is not None and read_port(port) is None:
        return f"keepalived skips this {keyword}: {port!r} is no port"
    return None


def _port(words: list[str]) -> int:
    port = written_port(words)
    return 0 if port is None else read_port(port) or 0


def build_group(block: Block, values: Values) -> VirtualServerGroup | None:
    """Return a virtual_server_group, None if keepalived removes it for want of entries that go together."""
    if not block.arguments:
        values.findings.error(block.span, "missing-value", "virtual_server_group needs a name: keepalived stops here")
        return None
    group = VirtualServerGroup(block=block, name=block.words[1])
    for child in block.children:
        entry = _group_entry(child, values)
        if entry is not None:
            group.entries.append(entry)
    families = {len(entry.first) for entry in group.entries if entry.fwmark is None}
    families |= {4 if entry.family == "inet" else 16 for entry in group.entries if entry.family}
    bare_mark = any(entry.fwmark is not None and entry.family is None for entry in group.entries)
    if group.entries and not (len(families) > 1 and bare_mark):
        return group
    why = "it has no entries" if not group.entries else "IPv4, IPv6 and a mark without family do not go together"
    values.findings.error(block.span, "dropped", f"keepalived removes this virtual_server_group: {why}")
    return None


def _group_entry(statement: Statement, values: Values) -> GroupEntry | None:
    words = statement.words
    if words[0] == "fwmark":
        mark = values.number(statement, 0)
        family = words[2] if len(words) > 2 else None
        if family not in (None, "inet", "inet6"):
            values.wrong(statement, f"keepalived ignores the entry: it does not know the family {family!r}")
            return None
        return None if mark is None else GroupEntry(statement, fwmark=mark, family=family)
    port = written_port(words)
    try:
        if port is not None and read_port(port) is None:
            raise RangeError(f"{port!r} is no port")
        first, last = address_range(words[0])
    except RangeError as problem:
        values.wrong(statement, f"keepalived skips the entry: {problem}")
        return None
    return GroupEntry(statement, first, last, _port(words))


class VirtualServerBuilder:
    """Builds one virtual server, word by word in the file's order: some words count only for what follows them."""

    def __init__(self, block: Block, groups: dict[str, VirtualServerGroup], values: Values) -> None:
        self._block = block
        self._values = values
        self._method: str | None = None
        self._method_at_start: dict[int, str | None] = {}
        self._servers: list[Block] = []
        self._protocol: str | None = None
        self.server = self._named(groups)

    def _named(self, groups: dict[str, VirtualServerGroup]) -> VirtualServer:
        words = self._block.arguments
        server = VirtualServer(block=self._block)
        if words[0] == "group":
            server.group_name = words[1]
            server.group = groups.get(words[1])
            if server.group is None:
                server.dropped = f"there is no virtual_server_group {words[1]!r}"
        elif words[0] == "fwmark":
            server.fwmark = read_number(words[1], 0, _FWMARK_MAX)[0]
        else:
            server.address = first_address(words[0])
            server.port = _port(words)
            if "-" in words[0] or "/" in words[0]:
                self._values.wrong(self._block, f"keepalived reads {words[0]!r} as the one address {server.address}")
        return server

    def build(self) -> VirtualServer:
        """Return the virtual server with all that is in it."""
        for child in self._block.children:
            self._take(child)
        server = self.server
        server.scripts = self._values.first_scripts(self._block, _VS_SCRIPTS)
        own = server.timers
        server.delay_loop = server.delay_loop if own.delay_loop is None else own.delay_loop
        server.connect_timeout = server.connect_timeout if own.connect_timeout is None else own.connect_timeout
        server.method = self._method or NAT
        self._settle_protocol()
        self._build_real_servers()
        self._settle_counts()
        if not server.real_servers and server.dropped is None:
            server.dropped = "it has no real servers"
        if server.dropped is not None:
            self._values.findings.error(
                self._block.span, "dropped", f"keepalived leaves this virtual_server out: {server.dropped}"
            )
        return server

    def _take(self, statement: Statement) -> None:
        server, values, keyword = self.server, self._values, statement.keyword
        if isinstance(statement, Block):
            if statement.skipped is None:
                self._servers.append(statement)
                self._method_at_start[id(statement)] = self._method
        elif values.timing(server.timers, statement, strict_retry=True):
            pass
        elif keyword in ("lb_kind", "lvs_method"):
            self._method = read_method(statement, values) or self._method
        elif keyword == "protocol":
            self._take_protocol(statement)
        elif keyword in ("lb_algo", "lvs_sched"):
            server.scheduler = values.word(statement) or server.scheduler
        elif keyword == "virtualhost":
            server.virtualhost = values.word(statement)
        elif keyword in ("quorum", "hysteresis", "weight"):
            number = values.number(statement, *_COUNTS[keyword])
            if number is not None:
                setattr(server, keyword, number)
        elif keyword in ("ha_suspend", "inhibit_on_failure"):
            setattr(server, keyword, True)
        elif keyword in ("persistence_timeout", "persistence_granularity"):
            server.persistent = True
        elif keyword == "sorry_server":
            self._take_sorry_server(statement)

    def _take_protocol(self, statement: Statement) -> None:
        word = self._values.word(statement)
        if word is not None and word.lower() in _PROTOCOLS:
            self._protocol = word.lower()
        elif word is not None:
            self._values.wrong(statement, f"keepalived ignores the unknown protocol {word!r}")

    def _take_sorry_server(self, statement: Statement) -> None:
        why = _admit_address("sorry_server", statement.arguments or [""])
        if why is not None:
            self._values.wrong(statement, why)
            return
        address = first_address(statement.words[1]) or ""
        self.server.sorry_server = SorryServer(statement, address, _port(statement.arguments), self._method or NAT)

    def _settle_protocol(self) -> None:
        server = self.server
        entries = [] if server.group is None else server.group.entries
        marks = any(entry.fwmark is not None for entry in entries)
        by_address = server.address is not None or any(entry.fwmark is None for entry in entries)
        if by_address:
            if self._protocol is None:
                self._values.findings.warn(self._block.span, "protocol", "no protocol: keepalived takes UDP")
            server.protocol = self._protocol or "udp"
        if server.ha_suspend and (marks or server.fwmark is not None):
            self._warn_ha_suspend("keepalived ignores ha_suspend with firewall marks")
            server.ha_suspend = False
        elif server.ha_suspend and server.group is not None:
            self._warn_ha_suspend("with ha_suspend the checkers of a group are never enabled: all stay up")

    def _warn_ha_suspend(self, sentence: str) -> None:
        self._values.findings.warn(self._block.span, "ha-suspend", sentence)

    def _build_real_servers(self) -> None:
        seen: set[tuple[str, int]] = set()
        family = None if self.server.address is None else _IPV6_SIGN in self.server.address
        for block in self._servers:
            real = build_real_server(block, self.server, self._method_at_start[id(block)], self._values)
            if real.method != TUN:
                is_ipv6 = _IPV6_SIGN in real.address
                family = is_ipv6 if family is None else family
                if family != is_ipv6:
                    real.dropped = "its address family is not the virtual server's"
            if real.dropped is None and (real.address, real.port) in seen:
                real.dropped = "it is there already, and keepalived removes the second one"
            if real.dropped is None:
                seen.add((real.address, real.port))
                self.server.real_servers.append(real)
            else:
                self.server.dropped_servers.append(real)
                self._values.findings.error(
                    block.span, "dropped", f"keepalived leaves this real_server out: {real.dropped}"
                )

    def _settle_counts(self) -> None:
        server = self.server
        total = sum(real.weight for real in server.real_servers)
        server.quorum = min(server.quorum, total)
        server.hysteresis = max(0, min(server.hysteresis, server.quorum - 1))


def read_method(statement: Statement, values: Values) -> str | None:
    """Return NAT, DR or TUN; None, and a finding, for anything else: keepalived wants the capital letters."""
    word = values.word(statement)
    if word in _METHODS:
        return word
    if word is not None:
        values.findings.error(
            statement.span, "value", f"{statement.keyword}: keepalived does not know the method {word!r} (NAT, DR, TUN)"
        )
    return None


def build_real_server(block: Block, virtual: VirtualServer, method: str | None, values: Values) -> RealServer:
    """Return a real server. method: the virtual server's at that place of the file, None if it had none yet."""
    words = block.arguments
    own = Timers()
    real = RealServer(
        block=block,
        address=first_address(words[0]) or "",
        port=_port(words),
        method=method or virtual.method,
        weight=virtual.weight,
        inhibit_on_failure=virtual.inhibit_on_failure,
        timers=own,
    )
    checkers: list[Block] = []
    for child in block.children:
        keyword = child.keyword
        if isinstance(child, Block):
            if keyword in CHECKER_NAMES:
                checkers.append(child)
        elif values.timing(own, child, strict_retry=True):
            pass
        elif keyword == "weight":
            weight = values.number(child, 0, WEIGHT_MAX)
            real.weight = real.weight if weight is None else weight
        elif keyword == "lvs_method":
            real.method = read_method(child, values) or real.method
        elif keyword == "inhibit_on_failure":
            switch = values.switch(child)
            real.inhibit_on_failure = real.inhibit_on_failure if switch is None else switch
        elif keyword == "virtualhost":
            real.virtualhost = values.word(child)
        elif keyword in _RS_SCRIPTS:
            continue
    real.scripts = values.first_scripts(block, _RS_SCRIPTS) if len(block.children) > len(checkers) else {}
    real.timers = _merged(own, virtual)
    inherited = Inherited(
        real.timers,
        virtual.delay_loop if own.delay_loop is None else own.delay_loop,
        virtual.connect_timeout if own.connect_timeout is None else own.connect_timeout,
        bool(real.timers.alpha),
    )
    real.checkers = [build_checker(each, inherited, values) for each in checkers]
    return real


def _merged(own: Timers, virtual: VirtualServer) -> Timers:
    """Return the times in force for a real server: its own, else the virtual server's."""
    theirs = virtual.timers
    return Timers(
        delay_loop=virtual.delay_loop if own.delay_loop is None else own.delay_loop,
        connect_timeout=virtual.connect_timeout if own.connect_timeout is None else own.connect_timeout,
        retry=theirs.retry if own.retry is None else own.retry,
        delay_before_retry=theirs.delay_before_retry if own.delay_before_retry is None else own.delay_before_retry,
        warmup=theirs.warmup if own.warmup is None else own.warmup,
        alpha=bool(theirs.alpha) if own.alpha is None else own.alpha,
    )
