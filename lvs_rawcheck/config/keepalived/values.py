# SPDX-License-Identifier: GPL-2.0-or-later
"""Typed values of statements; whatever is wrong with one becomes a finding, and keepalived's answer to it the value."""

from __future__ import annotations

from lvs_rawcheck.config.findings import Findings
from lvs_rawcheck.config.keepalived.blocks import Block, Statement
from lvs_rawcheck.config.keepalived.model import Script, Timers
from lvs_rawcheck.config.keepalived.numbers import UNSIGNED_MAX, read_boolean, read_number, read_timer
from lvs_rawcheck.config.keepalived.words import script_words
from lvs_rawcheck.config.tree import to_text


class Values:
    """Reads values and remembers what it noticed."""

    __slots__ = ("findings",)

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def word(self, statement: Statement) -> str | None:
        """Return the first argument; None, and a finding, if there is none: keepalived ends at such a line."""
        if len(statement.words) > 1:
            return statement.words[1]
        self.findings.error(
            statement.span, "missing-value", f"{statement.keyword} needs a value: keepalived stops reading here"
        )
        return None

    def number(self, statement: Statement, minimum: int, maximum: int = UNSIGNED_MAX) -> int | None:
        """Return a whole number, None if keepalived keeps what it had."""
        text = self.word(statement)
        if text is None:
            return None
        value, complaint = read_number(text, minimum, maximum)
        self._complain(statement, complaint)
        return value

    def strict_number(self, statement: Statement, minimum: int) -> int | None:
        """Return a whole number without anything behind it, None if keepalived keeps what it had."""
        text = self.word(statement)
        if text is None:
            return None
        value, complaint = read_number(text, minimum, UNSIGNED_MAX)
        self._complain(statement, complaint)
        return value if complaint is None else None

    def timer(self, statement: Statement, minimum_us: int) -> float | None:
        """Return seconds, None if keepalived keeps what it had."""
        text = self.word(statement)
        if text is None:
            return None
        value, complaint = read_timer(text, minimum_us)
        self._complain(statement, complaint)
        return value

    def connect_timeout(self, statement: Statement) -> float | None:
        """Return seconds, at most as many as 32 bits of microseconds hold; None if keepalived keeps what it had."""
        text = self.word(statement)
        if text is None:
            return None
        value, complaint = read_timer(text, 1, UNSIGNED_MAX)
        self._complain(statement, complaint)
        return value

    def switch(self, statement: Statement) -> bool | None:
        """Return a switch, on without a word; None if keepalived keeps what it had."""
        value = read_boolean(statement.arguments)
        if value is None:
            self.wrong(statement, f"{statement.words[1]!r} is neither true, on, yes nor false, off, no")
        return value

    def wrong(self, statement: Statement, why: str) -> None:
        """Note a value that keepalived does not take as it stands."""
        self.findings.warn(statement.span, "value", f"{statement.keyword}: {why}")

    def _complain(self, statement: Statement, complaint: str | None) -> None:
        if complaint is not None:
            self.findings.warn(statement.span, "number", f"{statement.keyword}: {complaint}")

    def timing(self, timers: Timers, statement: Statement, strict_retry: bool) -> bool:
        """Take a time or count of keepalived's common ones; return whether the statement was one."""
        keyword = statement.keyword
        if keyword == "delay_loop":
            timers.delay_loop = _new(self.timer(statement, 1), timers.delay_loop)
        elif keyword == "connect_timeout":
            timers.connect_timeout = _new(self.connect_timeout(statement), timers.connect_timeout)
        elif keyword == "delay_before_retry":
            timers.delay_before_retry = _new(self.timer(statement, 0), timers.delay_before_retry)
        elif keyword == "warmup":
            timers.warmup = _new(self.timer(statement, 0), timers.warmup)
        elif keyword == "retry":
            retry = self.strict_number(statement, 1) if strict_retry else self.number(statement, 0)
            timers.retry = timers.retry if retry is None else retry
        elif keyword == "alpha":
            alpha = self.switch(statement)
            timers.alpha = timers.alpha if alpha is None else alpha
        else:
            return False
        return True

    def script(self, statement: Statement) -> Script | None:
        """Return a notify script: its line is split once, the second word again, user and group follow it.

        notify_script_init and set_script_params_array of lib/notify.c.
        """
        words = script_words(to_text(statement.line.text))
        inner = script_words(words[1]) if words is not None and len(words) > 1 else None
        if not words or not inner:
            self.findings.error(statement.span, "script", f"{statement.keyword}: keepalived cannot read the script")
            return None
        return Script(statement, inner, *words[2:4])

    def first_scripts(self, block: Block, keywords: frozenset[str]) -> dict[str, Script]:
        """Return the scripts of a block by keyword: the first of each counts, keepalived ignores the others."""
        found: dict[str, Script] = {}
        for child in block.children:
            keyword = child.keyword
            if keyword not in keywords:
                continue
            if keyword in found:
                self.wrong(child, "there is one already, and keepalived takes the first")
            elif (script := self.script(child)) is not None:
                found[keyword] = script
        return found


def _new(value: float | None, before: float | None) -> float | None:
    return before if value is None else value
