# SPDX-License-Identifier: GPL-2.0-or-later
"""The time, as people are told it while somebody sets their clock."""

from __future__ import annotations

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.clock import WallClock

NOVEMBER = 1_700_000_000.0


class Clocks:
    """Two that stand still until they are set."""

    def __init__(self) -> None:
        self.wall = NOVEMBER
        self.monotonic = 500.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.mark.parametrize("by", [3600.0, -3600.0, -NOVEMBER])
def test_a_moment_is_told_by_what_the_clock_says_now(by: float) -> None:
    clocks = Clocks()
    wall = WallClock(lambda: clocks.wall, lambda: clocks.monotonic)
    assert wall.of(400.0) == NOVEMBER - 100.0
    clocks.pass_by(60.0)
    clocks.wall += by
    assert wall.of(400.0) == NOVEMBER - 100.0 + by
    clocks.wall -= by
    assert wall.of(400.0) == NOVEMBER - 100.0


def test_a_moment_does_not_tremble_while_nobody_sets_the_clock() -> None:
    clocks = Clocks()
    wall = WallClock(lambda: clocks.wall, lambda: clocks.monotonic)
    told = set()
    for number in range(1000):
        clocks.pass_by(1.0)
        clocks.wall += 0.00001 * (-1) ** number  # what passes between the looks at both
        told.add(wall.of(400.0))
    assert len(told) == 1


def test_it_is_the_wall_clocks_time() -> None:
    assert abs(clock.wall_of(clock.now()) - clock.wall_now()) < 1.0
