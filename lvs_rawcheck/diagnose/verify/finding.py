# SPDX-License-Identifier: GPL-2.0-or-later
"""One thing that is wrong, on one line: where, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What verify has found. Two are the same news when kind and place are the same."""

    kind: str
    """One word for programs: `not-live`, `unregistered`, ..."""
    where: str
    """The check's ID, the virtual server as keepalived names it, or a file with its line."""
    what: str
    fix: str
    """What to do."""
    passing: bool = False
    """It may be so for a moment only, between two looks: to be believed when it is found twice."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.fix}"

    @property
    def news(self) -> tuple[str, str]:
        """Return what makes it the same as another look's."""
        return self.kind, self.where

    def to_dict(self) -> dict[str, str]:
        """Return what JSON says of it."""
        return {"kind": self.kind, "where": self.where, "what": self.what, "fix": self.fix}
