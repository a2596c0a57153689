# SPDX-License-Identifier: GPL-2.0-or-later
"""https over a wire that loses a fifth of all frames each way, and swaps and repeats others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.output import told_by

pytestmark = [pytest.mark.lab, pytest.mark.full]

SCENARIO = Path(__file__).resolve().parent / "scenarios" / "loss.py"


def test_raw_checks_fail_no_more_than_kernel_sockets(tmp_path: Path) -> None:
    (said,) = told_by(SCENARIO, tmp_path, limit_s=600.0)
    print(said)
    assert said["short"]["raw"] <= said["short"]["kernel"], said
    assert said["long"]["raw"] == []
