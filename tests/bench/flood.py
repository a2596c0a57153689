# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon on an interface full of foreign frames: how many come, and how many of them reach Python.

`python3 -m tests.bench.flood` runs it alone. The same with next to no flood comes first, in the same run: its peer.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.daemon.flooded import CHECKS, Flood, flooded_site

SECONDS = 10.0
RATES = (100, 220_000)
"""Frames a second; how many come is the machine's affair."""


def report() -> str:
    """Return what was found, as a table."""
    with tempfile.TemporaryDirectory() as folder, flooded_site(Path(folder)) as site:
        rows = [_row(site.flood(SECONDS, rate)) for rate in RATES]
    head = f"{'frames/s':>10} {'checks':>8} {'frames in a check':>18} {'foreign':>8} {'changed':>8} {'held':>6}"
    return "\n".join([f"Foreign frames, {CHECKS} checks of 20 VIPs at 1 s, {SECONDS:g} s each", head, *rows])


def _row(flood: Flood) -> str:
    foreign = flood.after.foreign - flood.before.foreign
    changed = flood.after.transitions - flood.before.transitions
    counts = f"{flood.frames_a_second:>10,.0f} {flood.checks:>8,} {flood.frames_a_check:>18.2f}"
    return f"{counts} {foreign:>8,} {changed:>8} {flood.after.held:>6}"


if __name__ == "__main__":
    print(report())
