# SPDX-License-Identifier: GPL-2.0-or-later
"""What only the whole configuration tells: duplicates, checks that check nothing, lines that have no effect."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.blocks import BlockReader
from lvs_rawcheck.config.ldirectord.effective import last
from lvs_rawcheck.config.ldirectord.model import EXTERNAL, EXTERNAL_PERL, NEGOTIATE, NONE, Globals, Settings, Virtual
from lvs_rawcheck.config.ldirectord.notes import Notes
from lvs_rawcheck.config.tree import SourceFile, Span

_INNER_CARRIAGE_RETURN = re.compile(rb"\r+(?=[^\r\n])")


def note_octets(file: SourceFile, notes: Notes) -> None:
    """Note the first octets that no line of text holds."""
    returned = _INNER_CARRIAGE_RETURN.search(file.octets)
    if returned is not None:
        told = "a carriage return alone does not end a line: what follows is no line of its own"
        notes.error(Span(file, returned.start(), returned.end()), kinds.CARRIAGE_RETURN, told)
    nul = file.octets.find(b"\0")
    if nul >= 0:
        notes.error(Span(file, nul, nul + 1), kinds.NUL, "a NUL octet: this is no text")


def note_duplicates(readers: Sequence[BlockReader], notes: Notes) -> None:
    """Note virtual servers that an earlier one has the protocol, address and port of, or the mark (1660)."""
    seen: dict[str, int] = {}
    for reader in readers:
        span = reader.virtual.line
        if reader.identity is None or span is None:
            continue
        first = seen.setdefault(reader.identity, span.line)
        if first != span.line:
            notes.error(span, kinds.DUPLICATE, f"{reader.virtual.label} is in line {first} already")


def note_checks(virtual: Virtual, notes: Notes) -> None:
    """Note a check that cannot fail, and a command that cannot run."""
    _note_command(virtual, notes)
    note_file(virtual, "monitorfile", notes)
    by_port = "service" not in virtual.directives
    if virtual.checktype == NEGOTIATE and virtual.service == NONE and by_port and virtual.line is not None:
        told = (
            f"{virtual.label} is never checked: its checktype is negotiate, and no service is set or known by its port"
        )
        notes.warn(virtual.line, kinds.NEVER_CHECKED, told)


def _note_command(virtual: Virtual, notes: Notes) -> None:
    span = virtual.span_of("checkcommand")
    external = virtual.checktype in (EXTERNAL, EXTERNAL_PERL)
    command = last(virtual, "checkcommand")
    if span is None or command is None:
        checktype = virtual.span_of("checktype")
        if external and checktype is not None:
            told = f"checktype {virtual.checktype} without a checkcommand: /bin/true is run, so all is always up"
            notes.error(checktype, kinds.ALWAYS_UP, told)
        return
    noting = notes.error if external else notes.warn
    if command != command.strip():
        return
    if any(blank in command for blank in " \t"):
        noting(span, kinds.COMMAND, f"checkcommand is one path and takes no arguments: {command!r} is run as it stands")


def note_times(virtual: Virtual, settings: Globals, notes: Notes) -> None:
    """Note lines that set nothing that anybody waits for."""
    interval = virtual.span_of("checkinterval")
    if interval is not None and not settings.fork:
        told = "checkinterval of a virtual server is ignored where ldirectord does not fork"
        notes.warn(interval, kinds.CHECKINTERVAL, told)
    _note_checkcount(virtual.span_of("checkcount"), notes)


def _note_checkcount(span: Span | None, notes: Notes) -> None:
    if span is not None:
        told = "checkcount is deprecated: it counts the echo requests of a ping, nothing else"
        notes.warn(span, kinds.CHECKCOUNT, told)


def note_fallback(virtual: Virtual, settings: Globals, notes: Notes) -> None:
    """Note a firewall mark that the fallback of all blocks is no fallback for (fallback_find, 4340)."""
    name = "fallback" if virtual.family == 4 else "fallback6"
    if virtual.fwmark is None or name in virtual.directives or name not in settings.directives:
        return
    if virtual.line is not None:
        told = f"the global {name} does not work with a firewall mark: an empty server is added instead"
        notes.warn(virtual.line, kinds.FALLBACK, told)


def note_file(settings: Settings, name: str, notes: Notes) -> None:
    """Note a file that ldirectord will not be able to write, for want of a folder: it refuses that."""
    path, span = last(settings, name), settings.span_of(name)
    if path is None or span is None or not path.startswith("/") or "\0" in path:
        return
    if not os.path.isdir(os.path.dirname(path)) or os.path.isdir(path):
        notes.warn(span, kinds.FILE, f"{name}: {path!r} cannot be written on this host: ldirectord would not start")


def note_globals(settings: Globals, notes: Notes) -> None:
    """Note global lines that are worth a look."""
    _note_checkcount(settings.span_of("checkcount"), notes)
    note_file(settings, "logfile", notes)
    for directive in settings.directives.get("execute", ()):
        told = f"{directive.value!r} is another configuration, which ldirectord starts too: it is not read here"
        notes.warn(directive.span, kinds.EXECUTE, told)
