# SPDX-License-Identifier: GPL-2.0-or-later
"""Patterns of our own: Python's `re`, on octets."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

from lvs_rawcheck.checks.narration import printable
from lvs_rawcheck.errors import UsageError

_FLAGS = {
    "ignorecase": re.IGNORECASE,
    "multiline": re.MULTILINE,
    "dotall": re.DOTALL,
    "verbose": re.VERBOSE,
}


def compile_pattern(text: str | bytes, flags: Iterable[str] = (), search_from: int = 0) -> re.Pattern[bytes]:
    """Return the pattern compiled; UsageError where it is none.

    flags: names of `re`'s, in lower case: ignorecase (ASCII), multiline, dotall, verbose. \\w, \\d, \\s are ASCII.
    search_from: the octet at which the search will begin, of no account in this dialect.
    """
    value = re.NOFLAG
    for name in flags:
        if name not in _FLAGS:
            raise UsageError(f"no such flag of a Python pattern: {name}; there are {' '.join(_FLAGS)}")
        value |= _FLAGS[name]
    pattern = _compiled(as_octets(text), value)
    if pattern.flags & re.LOCALE:
        raise UsageError("Python pattern: the flag L goes by this host's locale; write the letters out")
    return pattern


def compile_octets(translated: str) -> re.Pattern[bytes]:
    """Return a translated pattern compiled."""
    return _compiled(translated.encode("ascii"), re.NOFLAG)


def _compiled(pattern: bytes, flags: int) -> re.Pattern[bytes]:
    """Return the pattern compiled; what `re` only warns of (a set that may one day nest) is refused as well."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(pattern, flags)
    except re.error as error:
        where = "" if error.pos is None else f", at offset {error.pos}"
        raise UsageError(f"Python pattern{where}: {printable(error.msg.encode())}") from error
    except Warning as warning:
        raise UsageError(f"Python pattern: {warning}; put a backslash before the character") from warning
    except (OverflowError, RecursionError, MemoryError) as error:
        raise UsageError("Python pattern: too large a count, or too many groups within each other") from error


def as_octets(text: str | bytes) -> bytes:
    """Return the pattern's octets: UTF-8, and octets of an argument that are not UTF-8 as they were (PEP 383)."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise UsageError(f"pattern, character {error.start}: half a character (a surrogate)") from error
