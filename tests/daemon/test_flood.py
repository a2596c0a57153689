# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hundred checks on an interface full of foreign frames: none of them reaches Python, no check minds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.flooded import CHECKS, flooded_site

pytestmark = [pytest.mark.netns, pytest.mark.full]

SECONDS = 10.0
WANTED = 220_000  # frames a second; how many come is the machine's affair
LEAST = 20_000  # fewer would be no flood
FRAMES_A_CHECK = 3.5  # SYN+ACK, and what else may come of a handshake


def test_no_foreign_frame_reaches_python_and_no_verdict_changes(tmp_path: Path) -> None:
    with flooded_site(tmp_path) as site:
        flood = site.flood(SECONDS, WANTED)
        print(f"{flood.frames_a_second:,.0f} frames a second, {flood.checks} checks meanwhile")
        assert flood.frames_a_second > LEAST
        assert flood.after.foreign == flood.before.foreign == 0
        assert flood.frames_a_check < FRAMES_A_CHECK
        assert (flood.after.up, flood.after.held) == (CHECKS, 0)
        assert flood.after.transitions == flood.before.transitions
        assert flood.checks > CHECKS, "checks go on"
