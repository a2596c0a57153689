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

_QUOTED = re.compile(rb'"(.*)"')
_SPACED_COMMENT = re.compile(rb"\s#")


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
    return something(text, remarks_on_end(text))


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
    remarks = remarks_on_end(text)
    if _SPACED_COMMENT.search(text) is not None:
        told = f"what looks like a comment belongs to the value: {quote(text)}"
        remarks = (Remark(ERROR, kinds.KEPT_COMMENT, told), *remarks)
    return something(text, remarks)


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


def something(text: bytes, remarks: tuple[Remark, ...]) -> Value:
    """Return a text that must not be empty."""
    if not text:
        raise Refused(kinds.VALUE, "the value is missing")
    return Value(text, remarks)


def remarks_on_end(text: bytes) -> tuple[Remark, ...]:
    """Return what is to be said of blanks, or of a carriage return, at the end of a value that keeps them."""
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
