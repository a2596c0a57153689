# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario prints: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.boot import boot


def told_by(
    scenario: Path, folder: Path, arguments: Sequence[str] = (), *, limit_s: float = 240.0
) -> list[dict[str, Any]]:
    """Return the objects that a scenario printed; AssertionError with all that it said if it failed."""
    lines: list[str] = []
    status = boot(scenario, folder, arguments, limit_s=limit_s, on_line=lines.append)
    assert status == 0, "\n".join(lines)
    return [json.loads(line) for line in lines]
