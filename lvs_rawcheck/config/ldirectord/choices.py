# SPDX-License-Identifier: GPL-2.0-or-later
"""Words as ldirectord takes them: the first match in the value, which mostly has to be one of a few."""

from __future__ import annotations

import re

from lvs_rawcheck.config.findings import ERROR
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.numbers import any_number
from lvs_rawcheck.config.ldirectord.values import (
    Reader,
    Refused,
    Remark,
    Value,
    bare_name,
    quote,
    remarks_on_end,
    remarks_on_rest,
    something,
)
from lvs_rawcheck.config.tree import to_text

_DIGITS = re.compile(rb"\d+")
_VIRTUALHOST = re.compile(rb'"?([^"]*)"?')


def first_word(pattern: bytes, choice: frozenset[str] | None = None) -> Reader:
    """Return a reader that takes the first match of a pattern, which has to be one of the choice."""
    compiled = re.compile(pattern)

    def take(text: bytes) -> Value:
        match = compiled.search(text)
        if match is None or (choice is not None and to_text(match[0]) not in choice):
            wanted = "" if choice is None else ": it has to be one of " + ", ".join(sorted(choice))
            raise Refused(kinds.VALUE, f"{quote(text)} is not understood{wanted}")
        remarks = remarks_on_rest(text[match.end() :])
        if text[: match.start()].strip(b"\"' \t\r\f\v"):
            told = f"{quote(text)} is read as {quote(match[0])}"
            remarks = (Remark(ERROR, kinds.DROPPED, told), *remarks)
        return Value(match[0], remarks)

    return take


def http_method(text: bytes) -> Value:
    """Take GET or HEAD in any case."""
    value = first_word(rb"\w+")(text)
    if value.octets.upper() not in (b"GET", b"HEAD"):
        raise Refused(kinds.VALUE, f"{quote(text)} is neither GET nor HEAD")
    return Value(value.octets.upper(), value.remarks)


def check_type(words: frozenset[str]) -> Reader:
    """Return the reader of checktype: a digit anywhere is looked for before any word."""
    word = first_word(rb"[\w-]+", words)

    def take(text: bytes) -> Value:
        match = _DIGITS.search(text)
        if match is None:
            return word(text)
        value = any_number(text)
        if all(remark.kind != kinds.NUMBER_FORM for remark in value.remarks):
            return value
        told = f"{quote(text)} is read as {to_text(match[0])}: that many connects, then one negotiation"
        return Value(match[0], (Remark(ERROR, kinds.COMBINED_BY_DIGIT, told),))

    return take


def virtual_host(text: bytes) -> Value:
    """Take all up to a quote; quotes around it are optional."""
    match = _VIRTUALHOST.match(text)
    assert match is not None  # it matches the empty text
    remarks = remarks_on_rest(text[match.end() :])
    return Value(match[1], remarks if text.startswith(b'"') else (*remarks_on_end(match[1]), *remarks))


def mail_server(text: bytes) -> Value:
    """Take the name that the value begins with."""
    match = re.match(rb"[0-9A-Za-z._+-]+", text)
    if match is None:
        raise Refused(kinds.VALUE, f"{quote(text)} does not begin with a name")
    return Value(match[0], remarks_on_rest(text[match.end() :]))


def mail_address(text: bytes) -> Value:
    """Take all, without quotes where the whole value stands between two of them."""
    match = re.fullmatch(rb'"([^"]*)"', text)
    if match is None:
        return bare_name(text)
    return something(match[1], ())


_MAIL_STATES = frozenset((b"all", b"starting", b"running", b"stopping", b"reloading"))


def mail_states(text: bytes) -> Value:
    """Take words between commas; `none` stands alone (parse_emailalertstatus, line 1231)."""
    first, *others = text.split(b",")  # blanks go with their comma: those at both ends of the text stay
    states = [first, *(other.lstrip() for other in others)]
    states[:-1] = [state.rstrip() for state in states[:-1]]
    while states and not states[-1]:
        states.pop()
    for state in states:
        if state != b"none" and state not in _MAIL_STATES:
            raise Refused(kinds.VALUE, f"{quote(state)} is no state to be told of")
    if b"none" in states and set(states) != {b"none"}:
        raise Refused(kinds.VALUE, "'none' stands beside another state")
    return Value(text)
