# SPDX-License-Identifier: GPL-2.0-or-later
"""Times: how long a failure stays unseen, and when keepalived ends a check."""

from __future__ import annotations

import pytest

from lvs_rawcheck.cli.exit_status import GRACE
from lvs_rawcheck.generate.pace import Pace, PaceFromEnd, caller_timeout, seconds


@pytest.mark.parametrize(
    ("pace", "worst"),
    [
        (Pace(timeout=3, delay_loop=6, retry=0, delay_before_retry=1), 9),
        (Pace(timeout=3, delay_loop=6, retry=2, delay_before_retry=5), 19),
        (Pace(timeout=3, delay_loop=6, retry=2, delay_before_retry=1), 15),  # a run lasts longer than the delay
        (
            PaceFromEnd(timeout=3, delay_loop=6, retry=2, delay_before_retry=5),
            25,
        ),  # each from the end of the one before
    ],
)
def test_worst_detection(pace: Pace, worst: float) -> None:
    assert pace.worst_detection == worst


@pytest.mark.parametrize("timeout", [0.01, 0.5, 1, 1.5, 5, 300])
def test_the_caller_waits_until_a_check_has_ended_itself(timeout: float) -> None:
    assert caller_timeout(timeout) > timeout + GRACE
    assert caller_timeout(timeout) == int(caller_timeout(timeout)) < timeout + GRACE + 2


@pytest.mark.parametrize(("value", "text"), [(3.0, "3"), (0.25, "0.25"), (0.000001, "0.000001"), (60, "60")])
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text
