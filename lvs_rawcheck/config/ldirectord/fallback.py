# SPDX-License-Identifier: GPL-2.0-or-later
"""What follows `fallback=`: parse_fallback (2207) and _ld_read_config_fallback_resolve (1954).

A fallback is never checked, so all that is wanted of it is whether ldirectord takes it.
"""

from __future__ import annotations

import re

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.hosts import read_host, read_port
from lvs_rawcheck.config.ldirectord.model import GATE, IPIP, MASQ, TCP, UDP, Virtual
from lvs_rawcheck.config.ldirectord.notes import Notes
from lvs_rawcheck.config.ldirectord.statements import Statement
from lvs_rawcheck.config.ldirectord.values import Refused, quote
from lvs_rawcheck.config.tree import to_text

_SERVER_AND_METHOD = re.compile(rb"(\S+)(?:\s+(\S+))?\s*")
_PORT = re.compile(rb":([A-Za-z0-9_-]+)\Z")


def check_fallback(statement: Statement, virtual: Virtual, port: str | None, notes: Notes) -> None:
    """Note what is wrong with the fallback of a block. port: as its `virtual=` has it, None if that is refused."""
    with notes.refusals(statement.line.value_span):
        _check(statement, virtual.family, (virtual.protocol,), port, notes)


def check_global_fallback(statement: Statement, notes: Notes) -> None:
    """Note what is wrong with a fallback of all blocks, which is resolved for TCP and for UDP."""
    with notes.refusals(statement.line.value_span):
        _check(statement, 6 if statement.name.endswith("6") else 4, (TCP, UDP), None, notes)


def _check(statement: Statement, family: int, protocols: tuple[str, ...], port: str | None, notes: Notes) -> None:
    server, method = _split(statement.value)
    if method is not None and to_text(method) not in (GATE, MASQ, IPIP):
        raise Refused(kinds.METHOD, f"the forwarding method is {quote(method)}, not gate, masq or ipip")
    match = _PORT.search(server)
    host = read_host(to_text(server if match is None else server[: match.start()]), family)
    notes.remarks(statement.line.value_span, () if host.remark is None else (host.remark,))
    port = port if match is None else to_text(match[1])
    if port is not None and port != "0":
        for protocol in protocols:
            read_port(port, protocol)


def _split(text: bytes) -> tuple[bytes, bytes | None]:
    """Return server and method: the last two words."""
    words = text.split()
    if len(words) > 2:
        raise Refused(kinds.DROPPED, f"only {quote(b' '.join(words[-2:]))} counts")
    match = _SERVER_AND_METHOD.fullmatch(text)
    return (b"", None) if match is None else (match[1], match[2])
