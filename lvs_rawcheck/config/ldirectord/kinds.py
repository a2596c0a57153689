# SPDX-License-Identifier: GPL-2.0-or-later
"""The words for what is noticed in an ldirectord.cf, for programs; the sentences are for people."""

from __future__ import annotations

# What ldirectord refuses: it says so and ends (config_error).
UNKNOWN = "unknown"
INDENTATION = "indentation"
VALUE = "value"
NUMBER = "number"
DEPRECATED = "deprecated"
FAMILY = "family"
ADDRESS = "address"
PORT = "port"
REAL = "real"
METHOD = "method"
RANGE = "range"
DUPLICATE = "duplicate"
LAST_LINE = "last-line"
REFUSED = frozenset(
    (UNKNOWN, INDENTATION, VALUE, NUMBER, DEPRECATED, FAMILY, ADDRESS, PORT, REAL, METHOD, RANGE, DUPLICATE, LAST_LINE)
)

# What it accepts, and reads otherwise than it was meant.
MARK = "mark"
ADDRESS_FORM = "address-form"
ELSEWHERE = "elsewhere"
DROPPED = "dropped"
RANGE_ORDER = "range-order"
NUMBER_FORM = "number-form"
COMBINED_BY_DIGIT = "combined-by-digit"
CUT_IN_QUOTES = "cut-in-quotes"
TRAILING = "trailing"
KEPT_COMMENT = "kept-comment"
KEPT_QUOTES = "kept-quotes"
COMMAND = "command"
ALWAYS_UP = "always-up"
CARRIAGE_RETURN = "carriage-return"
NUL = "nul"
LONG_LINE = "long-line"
MISREAD = frozenset(
    (
        MARK,
        ADDRESS_FORM,
        ELSEWHERE,
        DROPPED,
        RANGE_ORDER,
        NUMBER_FORM,
        COMBINED_BY_DIGIT,
        CUT_IN_QUOTES,
        TRAILING,
        KEPT_COMMENT,
        KEPT_QUOTES,
        COMMAND,
        ALWAYS_UP,
        CARRIAGE_RETURN,
        NUL,
        LONG_LINE,
    )
)

# What it reads as meant, or what this host alone decides: warnings only.
NAME = "name"
FILE = "file"
REPEATED = "repeated"
IGNORED_TEXT = "ignored-text"
NEVER_CHECKED = "never-checked"
EXECUTE = "execute"
CHECKINTERVAL = "checkinterval"
CHECKCOUNT = "checkcount"
SUPERVISED = "supervised"
FALLBACK = "fallback"
CUT = "cut"
