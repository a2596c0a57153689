# SPDX-License-Identifier: GPL-2.0-or-later
"""One line as a directive: its name looked up, its value taken, what is odd about it noted."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.directives import GLOBAL, VIRTUAL, Rule, describe_unknown, reader_of
from lvs_rawcheck.config.ldirectord.lines import Line
from lvs_rawcheck.config.ldirectord.model import Directive, Settings
from lvs_rawcheck.config.ldirectord.notes import Notes
from lvs_rawcheck.config.ldirectord.values import Refused, Value, quote
from lvs_rawcheck.config.tree import to_text

_STATEMENT = re.compile(rb"([\w-]+)\s*=\s*(.*)")
_BARE_SUPERVISED = re.compile(rb"supervised\s*")
_SEVERAL = frozenset(("real", "real6", "execute"))


@dataclass(frozen=True, slots=True)
class Statement:
    """A directive with its place. value: the octets that ldirectord takes."""

    directive: Directive
    value: bytes
    line: Line

    @property
    def name(self) -> str:
        """Return its name."""
        return self.directive.name


def read_global(line: Line, settings: Settings, notes: Notes) -> Statement | None:
    """Read a line outside of the blocks into the settings; None if ldirectord refuses it."""
    if line.raw[:1].isspace():
        told = "an indented line outside a block: a blank line, or one with fewer than four blanks, ended the block"
        notes.error(line.text_span, kinds.INDENTATION, told)
        return None
    if _BARE_SUPERVISED.fullmatch(line.command) is not None:
        notes.warn(line.text_span, kinds.SUPERVISED, "read as 'supervised=yes', which is how it should be written")
        return _set(Statement(Directive("supervised", "yes", line.span), b"yes", line), settings, notes)
    return _read(line, GLOBAL, 4, settings, notes)


def read_of_block(line: Line, family: int, settings: Settings, notes: Notes) -> Statement | None:
    """Read a line of a block of a family, 4 or 6, into its settings; None if ldirectord refuses it."""
    if not line.command.strip():
        told = "a line of five or more blanks inside a block is no blank line but an unknown directive"
        notes.error(line.span, kinds.INDENTATION, told)
        return None
    if _cuts_in_quotes(line):
        told = "a # cuts the line off, inside quotes too"
        notes.error(line.value_span, kinds.CUT_IN_QUOTES, told)
    statement = _read(line, VIRTUAL, family, settings, notes)
    if statement is not None and _cuts_a_word(line):
        notes.warn(line.value_span, kinds.CUT, f"a # cuts the line off: {quote(line.command)} is left")
    return statement


def _cuts_in_quotes(line: Line) -> bool:
    return line.cut is not None and line.raw[: line.cut].count(b'"') % 2 == 1


def _cuts_a_word(line: Line) -> bool:
    return bool(line.cut) and not line.raw[: line.cut][-1:].isspace() and not _cuts_in_quotes(line)


def _read(line: Line, table: dict[str, Rule], family: int, settings: Settings, notes: Notes) -> Statement | None:
    match = _STATEMENT.match(line.command)
    if match is None:
        notes.error(line.text_span, kinds.UNKNOWN, _describe(line.command))
        return None
    name = to_text(match[1])
    rule = table.get(name)
    if rule is None:
        notes.error(line.text_span, kinds.UNKNOWN, describe_unknown(name, table))
        return None
    value = _take(rule, match[2], line, family, notes)
    if value is None:
        return None
    return _set(Statement(Directive(name, to_text(value.octets), line.span), value.octets, line), settings, notes)


def _describe(command: bytes) -> str:
    if command.startswith(codecs.BOM_UTF8):
        return "the file begins with a byte order mark, which makes its first line unknown"
    return f"{quote(command.strip())} is no directive"


def _take(rule: Rule, text: bytes, line: Line, family: int, notes: Notes) -> Value | None:
    try:
        value = reader_of(rule, family)(text)
    except Refused as refusal:
        notes.error(line.value_span, refusal.kind, f"{rule.name}: {refusal.sentence}")
        return None
    for remark in value.remarks:
        notes.remarks(line.value_span, (remark.of(rule.name),))
    return value


def _set(statement: Statement, settings: Settings, notes: Notes) -> Statement:
    among = settings.directives.setdefault(statement.name, [])
    if among and statement.name not in _SEVERAL:
        told = f"{statement.name} stands here again: the last one counts"
        notes.warn(statement.line.text_span, kinds.REPEATED, told)
    among.append(statement.directive)
    return statement
