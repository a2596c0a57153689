# SPDX-License-Identifier: GPL-2.0-or-later
"""How ldirectord takes a value out of a line: one function per class of directives.

Each follows a pattern of read_config and returns what ldirectord takes, with remarks where the author may have meant
something else; Refused is what ldirectord answers with config_error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lvs_rawcheck.config.findings import ERROR, WARNING
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.tree import to_text

PORT_MAX = 65535
_DIGITS_MAX = 15
_NUMBER_MAX = 10**15  # more of them are no number that anybody means; ldirectord itself turns to floating point there
_QUOTED = re.compile(rb'"(.*)"')
_DIGITS = re.compile(rb"\d+")
_PLAIN_NUMBER = re.compile(rb"[\"']?\d+[\"']?(?:s|secs?|seconds?)?(?:\s.*)?")
_SPACED_COMMENT = re.compile(rb"\s#")
_VIRTUALHOST = re.compile(rb'"?([^"]*)"?')


class Refused(Exception):
    """What ldirectord does not accept: a kind, and a sentence without the place."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of a value that is accepted."""

    severity: str
    kind: str
    sentence: str

    def of(self, name: str) -> Remark:
        """Return the same, said of a directive."""
        return Remark(self.severity, self.kind, f"{name}: {self.sentence}")


@dataclass(frozen=True, slots=True)
class Value:
    """What ldirectord takes."""

    octets: bytes
    remarks: tuple[Remark, ...] = ()


Reader = Callable[[bytes], Value]


def quote(octets: bytes) -> str:
    """Return octets as a sentence shows them."""
    return repr(to_text(octets))


def to_number(digits: str) -> int:
    """Return the number that decimal digits say, capped where nobody counts any more."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS_MAX else _NUMBER_MAX


def remarks_on_rest(rest: bytes) -> tuple[Remark, ...]:
    """Return what is to be said of text behind what ldirectord takes: it ignores it."""
    rest = rest.lstrip(b"\"'")
    shown = rest.strip()
    if not shown or (shown.startswith(b"#") and rest[:1].isspace()):
        return ()
    if rest[:1].isspace():
        return (Remark(WARNING, kinds.IGNORED_TEXT, f"{quote(shown)} is ignored"),)
    return (Remark(ERROR, kinds.DROPPED, f"{quote(shown)} is silently dropped"),)


def as_written(text: bytes) -> Value:
    """Take everything."""
    return Value(text)


def quoted_or_empty(text: bytes) -> Value:
    """Take what stands between the first quote and the last one of the line; without quotes no pattern matches."""
    match = _QUOTED.match(text)
    if match is None:
        raise Refused(kinds.UNKNOWN, 'the value has to stand in double quotes ("), on one line and without a #')
    remarks = remarks_on_rest(text[match.end() :])
    if b'"' in match[1]:
        inner = f"{quote(match[1])} is taken: all from the first quote to the last one of the line"
        remarks = (Remark(WARNING, kinds.IGNORED_TEXT, inner), *remarks)
    return Value(match[1], remarks)


def quoted(text: bytes) -> Value:
    """Take what stands between quotes, which has to be something."""
    value = quoted_or_empty(text)
    if not value.octets:
        raise Refused(kinds.VALUE, "nothing stands between the quotes")
    return value


def quoted_word(text: bytes) -> Value:
    """Take the first word of what stands between quotes."""
    match = re.search(rb"\w+", quoted_or_empty(text).octets)
    if match is None:
        raise Refused(kinds.VALUE, "no word stands between the quotes")
    return Value(match[0])


def quoted_or_bare(text: bytes) -> Value:
    """Take what stands between quotes, else everything, trailing blanks too."""
    if _QUOTED.match(text) is not None:
        return quoted(text)
    return _bare(text, _remarks_on_end(text))


def command_path(text: bytes) -> Value:
    """Take the path of a program, where every blank and every quote that is left over belongs to the path."""
    value = quoted_or_bare(text)
    path = value.octets
    if path[:1] in (b'"', b"'"):
        kind, what = kinds.KEPT_QUOTES, "the quotes belong"
    elif path != path.strip():
        kind, what = kinds.TRAILING, "the blanks around it belong"
    else:
        return value
    return Value(path, (Remark(ERROR, kind, f"{what} to the path, and there is no such program: {quote(path)}"),))


def bare(text: bytes) -> Value:
    """Take everything: quotes, trailing blanks and what looks like a comment."""
    remarks = _remarks_on_end(text)
    if _SPACED_COMMENT.search(text) is not None:
        told = f"what looks like a comment belongs to the value: {quote(text)}"
        remarks = (Remark(ERROR, kinds.KEPT_COMMENT, told), *remarks)
    return _bare(text, remarks)


def bare_or_empty(text: bytes) -> Value:
    """Take everything, or nothing."""
    return bare(text) if text else Value(text)


def bare_name(text: bytes) -> Value:
    """Take everything as a name that nothing takes the quotes off."""
    value = bare(text)
    if text[:1] in (b'"', b"'"):
        told = f"the quotes belong to the value: {quote(text)}"
        return Value(text, (Remark(WARNING, kinds.KEPT_QUOTES, told), *value.remarks))
    return value


def _bare(text: bytes, remarks: tuple[Remark, ...]) -> Value:
    if not text:
        raise Refused(kinds.VALUE, "the value is missing")
    return Value(text, remarks)


def _remarks_on_end(text: bytes) -> tuple[Remark, ...]:
    if text.endswith(b"\r"):
        return (Remark(ERROR, kinds.TRAILING, f"the carriage return belongs to the value: {quote(text)}"),)
    if text[-1:].isspace():
        return (Remark(WARNING, kinds.TRAILING, f"the trailing blanks belong to the value: {quote(text)}"),)
    return ()


def yes_or_no(text: bytes) -> Value:
    """Take `yes` or `no`, with nothing behind it."""
    if text in (b"yes", b"no"):
        return Value(text)
    hint = ", with nothing behind it" if text.split()[:1] in ([b"yes"], [b"no"]) else ""
    raise Refused(kinds.VALUE, f"{quote(text)} is neither 'yes' nor 'no'{hint}")


def any_number(text: bytes) -> Value:
    """Take the first digits."""
    match = _DIGITS.search(text)
    if match is None:
        raise Refused(kinds.NUMBER, f"{quote(text)} is no number")
    if _PLAIN_NUMBER.fullmatch(text) is None:
        told = f"{quote(text)} is read as {to_text(match[0])}: the first digits count"
        return Value(match[0], (Remark(ERROR, kinds.NUMBER_FORM, told),))
    return Value(match[0], remarks_on_rest(re.sub(rb"\A[\"']?\d+[\"']?[a-z]*", b"", text)))


def number_but_not_a_single_zero(text: bytes) -> Value:
    """Take the first digits, which must not be `0`; `00` slips through, since to Perl it is true."""
    value = any_number(text)
    if value.octets == b"0":
        raise Refused(kinds.NUMBER, f"{quote(text)} is read as 0, which is not accepted")
    if not value.octets.strip(b"0"):
        return Value(value.octets, (Remark(ERROR, kinds.NUMBER_FORM, f"{quote(text)} is accepted as 0"),))
    return value


def number_above_zero(text: bytes) -> Value:
    """Take the first digits, more than 0."""
    value = any_number(text)
    if not value.octets.strip(b"0"):
        raise Refused(kinds.NUMBER, f"{quote(text)} is read as 0, which is not accepted")
    return value


def leading_number(text: bytes) -> Value:
    """Take the digits that the value begins with."""
    match = _DIGITS.match(text)
    if match is None:
        raise Refused(kinds.NUMBER, f"{quote(text)} does not begin with a number")
    return any_number(text)


def port_number(text: bytes) -> Value:
    """Take the first digits as a port from 1."""
    value = any_number(text)
    if not 1 <= to_number(to_text(value.octets)) <= PORT_MAX:
        raise Refused(kinds.NUMBER, f"{to_text(value.octets)} is no port from 1 to {PORT_MAX}")
    return value


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
    return Value(match[1], remarks if text.startswith(b'"') else (*_remarks_on_end(match[1]), *remarks))


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
    return _bare(match[1], ())


_MAIL_STATES = frozenset((b"all", b"starting", b"running", b"stopping", b"reloading"))


def mail_states(text: bytes) -> Value:
    """Take words between commas; `none` stands alone (parse_emailalertstatus, line 1231)."""
    states = re.split(rb"\s*,\s*", text)
    while states and not states[-1]:
        states.pop()
    for state in states:
        if state != b"none" and state not in _MAIL_STATES:
            raise Refused(kinds.VALUE, f"{quote(state)} is no state to be told of")
    if b"none" in states and set(states) != {b"none"}:
        raise Refused(kinds.VALUE, "'none' stands beside another state")
    return Value(text)


def netmask_ipv4(text: bytes) -> Value:
    """Take a dotted quad and nothing else."""
    if re.fullmatch(rb"\d+\.\d+\.\d+\.\d+", text) is None:
        raise Refused(kinds.VALUE, f"{quote(text)} is no dotted quad")
    return Value(text)


def netmask_ipv6(text: bytes) -> Value:
    """Take the length of a prefix and nothing else."""
    if re.fullmatch(rb"\d+", text) is None or not 1 <= to_number(to_text(text)) <= 128:
        raise Refused(kinds.VALUE, f"{quote(text)} is no length of a prefix from 1 to 128")
    return Value(text)
