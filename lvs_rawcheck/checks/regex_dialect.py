# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose regular expression a pattern is: one parameter, for every kind that leaves the choice."""

from __future__ import annotations

from lvs_rawcheck.checks.parameters import Parameter, one_of
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from re import Pattern

    from lvs_rawcheck.checks.parameters import Values

_DIALECTS = ("python", "pcre2", "perl")
_DEFAULT = "python"

REGEX_DIALECT = Parameter(
    "regex_dialect",
    "|".join(_DIALECTS),
    f"whose pattern it is: pcre2 keepalived's, perl ldirectord's (default: {_DEFAULT})",
    one_of(*_DIALECTS),
)


def read_pattern(
    values: Values, pattern: str | bytes, options: Iterable[str] = (), search_from: int = 0
) -> Pattern[bytes]:
    """Return a pattern in the dialect that was chosen, compiled; UsageError.

    options: in the dialect's words. search_from: the octet at which each search will begin.
    """
    from lvs_rawcheck.checks.patterns import pattern_reader  # only for those who have one

    return pattern_reader(values.text(REGEX_DIALECT.name) or _DEFAULT)(pattern, options, search_from)


def demand_no_dialect(values: Values) -> None:
    """Refuse a dialect where there is no pattern; UsageError."""
    if values.value(REGEX_DIALECT.name) is not None:
        raise UsageError("regex-dialect is about a regex, and there is none")
