# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers as ldirectord takes them: mostly the first digits anywhere in the value, whatever stands around them."""

from __future__ import annotations

import re

from lvs_rawcheck.config.findings import ERROR
from lvs_rawcheck.config.ldirectord import kinds
from lvs_rawcheck.config.ldirectord.values import Refused, Remark, Value, quote, remarks_on_rest
from lvs_rawcheck.config.tree import to_text

PORT_MAX = 65535
PREFIX_MAX = 128
_DIGITS_MAX = 15
_NUMBER_MAX = 10**15  # more of them are no number that anybody means; ldirectord itself turns to floating point there
_DIGITS = re.compile(rb"\d+")
_PLAIN_NUMBER = re.compile(rb"[\"']?\d+[\"']?(?:s|secs?|seconds?)?(?:\s.*)?")


def to_number(digits: str) -> int:
    """Return the number that decimal digits say, capped where nobody counts any more."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _DIGITS_MAX else _NUMBER_MAX


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


def netmask_ipv4(text: bytes) -> Value:
    """Take a dotted quad and nothing else."""
    if re.fullmatch(rb"\d+\.\d+\.\d+\.\d+", text) is None:
        raise Refused(kinds.VALUE, f"{quote(text)} is no dotted quad")
    return Value(text)


def netmask_ipv6(text: bytes) -> Value:
    """Take the length of a prefix and nothing else."""
    if re.fullmatch(rb"\d+", text) is None or not 1 <= to_number(to_text(text)) <= PREFIX_MAX:
        raise Refused(kinds.VALUE, f"{quote(text)} is no length of a prefix from 1 to {PREFIX_MAX}")
    return Value(text)
