# SPDX-License-Identifier: GPL-2.0-or-later
"""One block as a virtual server. ldirectord resolves addresses and real servers after the block's last line (1654)."""

from __future__ import annotations

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.fallback import Fallback, check_fallback, read_fallback
from lvs_rawcheck.config.ldirectord.hosts import read_host, read_port
from lvs_rawcheck.config.ldirectord.lines import Block
from lvs_rawcheck.config.ldirectord.model import FWM, TCP, UDP, Real, Virtual
from lvs_rawcheck.config.ldirectord.notes import Notes
from lvs_rawcheck.config.ldirectord.numbers import to_number
from lvs_rawcheck.config.ldirectord.reals import (
    FlagsPart,
    ServerPart,
    parse_flags,
    parse_servers,
    range_as_meant,
    range_of,
)
from lvs_rawcheck.config.ldirectord.statements import Statement, read_of_block
from lvs_rawcheck.config.ldirectord.values import Refused
from lvs_rawcheck.config.ldirectord.virtual_line import VirtualLine, parse_virtual_line
from lvs_rawcheck.config.tree import Span, to_text

_UDP_PORTS = ("53", "domain")  # as written (1371)


class BlockReader:
    """Reads one block. port_text: the virtual server's port as ldirectord keeps it; identity: None if refused."""

    def __init__(self, block: Block, notes: Notes) -> None:
        self._block = block
        self._notes = notes
        self._reals: list[Statement] = []
        self._fallback: Fallback | None = None
        self.port_text = "0"
        self.identity: str | None = None
        self.virtual = Virtual(span=block.span, line=block.opening.span, family=block.family)

    def read(self) -> Virtual:
        """Return the virtual server, without what only the whole file tells."""
        named = self._read_opening()
        for line in self._block.lines:
            statement = read_of_block(line, self.virtual.family, self.virtual, self._notes)
            if statement is not None:
                self._keep(statement)
        if self._fallback is not None:
            port = None if named is None else named.port
            check_fallback(self._fallback, self.virtual, port, self._notes)
        if named is not None:
            self._resolve(named)
        for statement in self._reals:
            self._add_reals(statement)
        return self.virtual

    def _read_opening(self) -> VirtualLine | None:
        line, virtual = self._block.opening, self.virtual
        virtual.host = to_text(self._block.text.strip())
        try:
            named = parse_virtual_line(self._block.text, virtual.family)
        except Refused as refusal:
            self._notes.error(line.value_span, refusal.kind, refusal.sentence)
            return None
        self._notes.remarks(line.value_span, named.remarks)
        virtual.host = named.host
        if named.mark is not None:
            virtual.fwmark = to_number(named.mark)
            virtual.protocol = FWM
        elif named.port in _UDP_PORTS:
            virtual.protocol = UDP
        return named

    def _keep(self, statement: Statement) -> None:
        if statement.name in ("real", "real6", "fallback", "fallback6"):
            self._keep_server(statement)
        elif statement.name == "protocol":
            self._set_protocol(statement)

    def _keep_server(self, statement: Statement) -> None:
        word = statement.name.removesuffix("6")
        wanted = word if self.virtual.family == 4 else f"{word}6"
        if statement.name != wanted:
            told = f"{statement.name} stands in a block of IPv{self.virtual.family}: it has to be {wanted}"
            self._notes.error(statement.line.text_span, kinds.FAMILY, told)
        elif word == "real":
            self._reals.append(statement)
        else:
            self._fallback = read_fallback(statement, self._notes)

    def _set_protocol(self, statement: Statement) -> None:
        choice = (FWM,) if self.virtual.protocol == FWM else (TCP, UDP)
        word = statement.directive.value
        if word in choice:
            self.virtual.protocol = word
        else:
            told = f"protocol: {word!r} is not {' or '.join(choice)}"
            self._notes.error(statement.line.value_span, kinds.VALUE, told)

    def _resolve(self, named: VirtualLine) -> None:
        virtual, span = self.virtual, self._block.opening.value_span
        if named.mark is not None:
            self.identity = f"{'fwm6' if virtual.family == 6 else 'fwm'}:{named.mark}"
            return
        with self._notes.refusals(span):
            host = read_host(named.host, virtual.family)
            self._notes.remarks(span, () if host.remark is None else (host.remark,))
            self.port_text = read_port(named.port, virtual.protocol)
            virtual.address = host.address
            virtual.port = to_number(self.port_text)
            self.identity = f"{virtual.protocol}:{host.address or named.host}:{self.port_text}"
            self._check_mixed_form(host.address)

    def _check_mixed_form(self, address: str | None) -> None:
        if address is not None and ":" in address and "." in address:
            told = f"ldirectord takes {address} apart at its first colon: there is no such virtual server"
            self._notes.error(self._block.opening.value_span, kinds.ADDRESS_FORM, told)
            self.port_text = ""

    def _add_reals(self, statement: Statement) -> None:
        span = statement.line.value_span
        with self._notes.refusals(span):
            servers = parse_servers(statement.value, self.virtual.family)
            self._notes.remarks(span, servers.remarks)
            addresses = self._addresses(servers, span)
            if not addresses:
                return
            flags = parse_flags(servers.rest)
            self._notes.remarks(span, flags.remarks)
            for host, address in addresses:
                self.virtual.reals.append(_real(statement, host, address, servers, flags))

    def _addresses(self, servers: ServerPart, span: Span) -> list[tuple[str, str | None]]:
        """Return the servers as written and as addresses."""
        first, last = servers.first, servers.last
        if last is None:
            return [(first.written, first.address)]
        if first.address is None or last.address is None:
            return [(f"{first.written}->{last.written}", None)]
        addresses = range_of(first.address, last.address)
        meant = range_as_meant(first.address, last.address)
        if len(addresses) != meant:
            told = (
                f"the range yields {len(addresses)} servers instead of {meant}: its numbers are compared as text, "
                "so write it as several ranges"
            )
            self._notes.error(span, kinds.RANGE_ORDER, told)
        return [(address, address) for address in addresses]


def _real(statement: Statement, host: str, address: str | None, servers: ServerPart, flags: FlagsPart) -> Real:
    return Real(
        directive=statement.directive,
        host=host,
        address=address,
        port=to_number(servers.port),
        method=flags.method,
        weight=flags.weight,
        request=None if flags.request is None else to_text(flags.request),
        receive=None if flags.receive is None else to_text(flags.receive),
    )
