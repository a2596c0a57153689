# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon counts while it works: numbers and lists of numbers, made into metrics only where somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of a histogram's buckets, seconds; what is above all of them has a bucket of its own."""
PHASES = ("resolve", "connect", "tls", "first_octet", "answer")
"""Of a check, as its result names them; `answer` is a datagram's."""


class Histogram:
    """How many times took how long. counts: for each bucket by itself; total: seconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def note(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Phases:
    """A histogram for each phase."""

    __slots__ = ("by_name",)

    def __init__(self) -> None:
        self.by_name = {name: Histogram() for name in PHASES}

    def note(self, phases_ms: Mapping[str, float]) -> None:
        """Count what one run took, by phase; others than PHASES are passed over."""
        by_name = self.by_name
        for name, milliseconds in phases_ms.items():
            histogram = by_name.get(name)
            if histogram is not None:
                histogram.note(milliseconds / 1000.0)


class Counters:
    """Since the daemon started. Whoever does what is counted adds to it."""

    __slots__ = (
        "foreign_frames",
        "frames_in",
        "frames_lost",
        "frames_out",
        "holds",
        "lateness",
        "phases",
        "runs",
        "transitions",
    )

    def __init__(self) -> None:
        self.runs = 0
        """Checks that were run to an end, judged or not."""
        self.transitions = 0
        """Changes of what others are told, the first word of a check included."""
        self.holds = 0
        """Runs after which a verdict was kept without, or against, what they found."""
        self.frames_in = 0
        self.frames_out = 0
        self.frames_lost = 0
        """Of ours, by a full queue."""
        self.foreign_frames = 0
        """That reached us and were of no check of ours: the sockets' filters should have kept them off."""
        self.phases = Phases()
        self.lateness = Histogram()
        """From when a run was due to when it began."""
