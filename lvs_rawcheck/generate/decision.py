# SPDX-License-Identifier: GPL-2.0-or-later
"""What speaks against writing something."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Decision:
    """refusals: why nothing may be written, a sentence each; notes: what else is worth knowing."""

    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
