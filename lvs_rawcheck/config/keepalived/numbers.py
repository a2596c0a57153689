# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers, times and booleans as keepalived's running daemon takes them: with a warning rather than not at all.

Follows read_unsigned_func, read_decimal_unsigned_long_func and check_true_false in keepalived's lib/parser.c. Under
`keepalived -t` the same functions refuse what the daemon takes.
"""

from __future__ import annotations

import re

UNSIGNED_MAX = (1 << 32) - 1
MICROSECONDS = 1_000_000
_SHIFT = 6  # TIMER_HZ_DIGITS
_TIMER_MAX = (1 << 64) - 1  # microseconds: what the strtoull of it takes
_CLEAN = re.compile(r"[0-9]{1,15}")
_LEADING = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)")
_TRUE = ("true", "on", "yes")
_FALSE = ("false", "off", "no")


def _leading_number(text: str) -> tuple[int, bool]:
    """Return the number that a text begins with, 0 if with none, and whether that is all of it."""
    match = _LEADING.match(text)
    if match is None:
        return 0, False
    # More digits than 30 are beyond every range.
    number = int(match[2][:30])
    return (-number if match[1] == "-" else number), match.end() == len(text)


def read_number(text: str, minimum: int, maximum: int) -> tuple[int | None, str | None]:
    """Return a whole number, None if keepalived takes none; and what is wrong with it, None if nothing is."""
    if _CLEAN.fullmatch(text):
        number, clean = int(text), True
    else:
        number, clean = _leading_number(text)
    if not minimum <= number <= maximum:
        return None, f"{text!r} is not between {minimum} and {maximum}"
    if clean and number >= 0:
        return number, None
    return number, f"{text!r} is no proper number; keepalived reads {number}"


def read_timer(text: str, minimum_us: int, maximum_us: int = _TIMER_MAX) -> tuple[float | None, str | None]:
    """Return a time in seconds, None if keepalived takes none; and what is wrong with it, None if nothing is.

    keepalived appends zeros to the digits and then reads microseconds, so `5s` is 5 microseconds, not 5 seconds.
    """
    if _CLEAN.fullmatch(text):
        microseconds, clean = int(text) * MICROSECONDS, True
    elif text.startswith("-"):
        return None, f"{text!r} is negative"
    else:
        microseconds, clean = _shifted(text)
    if not minimum_us <= microseconds <= maximum_us:
        return None, f"{text!r} is out of range"
    seconds = microseconds / MICROSECONDS
    return seconds, None if clean else f"{text!r} is no proper time; keepalived reads {seconds:g} seconds"


def _shifted(text: str) -> tuple[int, bool]:
    """Return the microseconds of a decimal number, and whether it is one with at most 6 decimals."""
    whole, point, decimals = text.partition(".")
    rounded_up = len(decimals) > _SHIFT and decimals[_SHIFT] >= "5"
    digits = whole + decimals[:_SHIFT].ljust(_SHIFT, "0")
    number, clean = _leading_number(digits)
    return number + rounded_up, clean and len(decimals) <= _SHIFT and bool(whole or point)


def read_boolean(arguments: list[str]) -> bool | None:
    """Return the value of a switch: true without a word, None if the word is none that keepalived knows."""
    if not arguments or arguments[0] in _TRUE:
        return True
    return False if arguments[0] in _FALSE else None
