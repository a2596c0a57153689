# SPDX-License-Identifier: GPL-2.0-or-later
"""What follows `fallback=`: parse_fallback (2207) and _ld_read_config_fallback_resolve (1954).

A fallback is never checked, so all that is wanted of it is whether ldirectord takes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lvs_rawcheck.config.findings import ERROR
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.hosts import read_host, read_port
from lvs_rawcheck.config.ldirectord.model import GATE, IPIP, MASQ, TCP, UDP, Virtual
from lvs_rawcheck.config.ldirectord.notes import Notes
from lvs_rawcheck.config.ldirectord.statements import Statement
from lvs_rawcheck.config.ldirectord.values import Refused, Remark, quote
from lvs_rawcheck.config.tree import Span, to_text

_PORT = re.compile(rb":([A-Za-z0-9_-]+)\Z")


@dataclass(frozen=True, slots=True)
class Fallback:
    """Server and port as written; port: None if there is none."""

    server: str
    port: str | None
    span: Span

    def resolve(self, family: int, protocols: tuple[str, ...], port_of_block: str | None, notes: Notes) -> None:
        """Note what ldirectord could not resolve for all the protocols."""
        port = port_of_block if self.port is None else self.port
        with notes.refusals(self.span):
            if self.server:
                host = read_host(self.server, family)
                notes.remarks(self.span, () if host.remark is None else (host.remark,))
            else:
                told = "no server stands before the port: the loopback address is taken"
                notes.error(self.span, kinds.ADDRESS_FORM, told)
            if port is not None and port != "0":
                for protocol in protocols:
                    read_port(port, protocol)


def read_fallback(statement: Statement, notes: Notes) -> Fallback | None:
    """Return what a line names, its last two words; None if ldirectord refuses it at once."""
    span = statement.line.value_span
    words = statement.value.split()
    if len(words) > 2:
        notes.remarks(span, [Remark(ERROR, kinds.DROPPED, f"only {quote(b' '.join(words[-2:]))} counts")])
    server, method = (*words[-2:], b"", b"")[:2]
    with notes.refusals(span):
        if method == b"0":
            notes.error(span, kinds.DROPPED, "'0' is silently dropped: to Perl it is no method at all")
        elif method and to_text(method) not in (GATE, MASQ, IPIP):
            raise Refused(kinds.METHOD, f"the forwarding method is {quote(method)}, not gate, masq or ipip")
        match = _PORT.search(server)
        if match is None:
            return Fallback(to_text(server), None, span)
        return Fallback(to_text(server[: match.start()]), to_text(match[1]), span)
    return None


def check_global_fallback(statement: Statement, notes: Notes) -> None:
    """Note what is wrong with a fallback of all blocks, which is resolved for TCP and for UDP."""
    fallback = read_fallback(statement, notes)
    if fallback is not None:
        fallback.resolve(6 if statement.name.endswith("6") else 4, (TCP, UDP), None, notes)


def check_fallback(fallback: Fallback, virtual: Virtual, port: str | None, notes: Notes) -> None:
    """Note what is wrong with the fallback of a block. port: as its `virtual=` has it, None if that is refused."""
    fallback.resolve(virtual.family, (virtual.protocol,), port, notes)
