# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reader noticed: each with its place, so that a person can look and a program can refuse."""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.config.tree import Span
from lvs_rawcheck.errors import ConfigError, ConfigSyntaxError, ConfigValueError

ERROR = "error"
WARNING = "warning"
VALUE_KINDS = frozenset(("number", "value", "missing-value"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed."""

    span: Span
    severity: str
    """ERROR: the text is not read as its author meant it, or not at all. WARNING: read, but worth a look."""
    kind: str
    """One word for programs, of the dialect's list."""
    message: str
    """One sentence for people, without the place."""

    def __str__(self) -> str:
        return f"{self.span}: {self.message}"

    def to_error(self) -> ConfigError:
        """Return the exception that says the same."""
        raised = ConfigValueError if self.kind in VALUE_KINDS else ConfigSyntaxError
        return raised(self.span.file.path, self.span.line, self.span.column, self.message)


class Findings:
    """The findings of one reading, in the order in which they were met; none twice."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, str, str], Finding] = {}

    def error(self, span: Span, kind: str, message: str) -> None:
        """Note that the text is not read as meant."""
        self._note(Finding(span, ERROR, kind, message))

    def warn(self, span: Span, kind: str, message: str) -> None:
        """Note something that is read, but that somebody should look at."""
        self._note(Finding(span, WARNING, kind, message))

    def _note(self, finding: Finding) -> None:
        key = (finding.span.file.path, finding.span.start, finding.kind, finding.message)
        self._found.setdefault(key, finding)

    def all(self) -> list[Finding]:
        """Return them."""
        return list(self._found.values())
