# SPDX-License-Identifier: GPL-2.0-or-later
"""What a process holds, second by second, and whether it holds more at the end than at the beginning."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

RSS_GROWTH_MOST = 0.01
_WARM_UP_SHARE = 0.2  # of a soak: caches and pools fill
_COMPARED_SHARE = 0.1  # of what follows: its first and its last samples
_DESCRIPTORS_SPARE = 2  # clients come and go
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """What a process holds at a moment. rss: KiB; cpu: seconds since it was started."""

    rss: int
    descriptors: int
    threads: int
    children: int
    cpu: float


def sample(pid: int) -> Sample:
    """Return what a process holds now."""
    process = Path("/proc", str(pid))
    words = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    used = (process / "stat").read_text().rpartition(") ")[2].split()
    return Sample(
        int(words["VmRSS"].split()[0]),
        len(os.listdir(process / "fd")),
        int(words["Threads"]),
        sum(len((task / "children").read_text().split()) for task in (process / "task").iterdir()),
        (int(used[11]) + int(used[12])) / _TICKS,
    )


@dataclass(frozen=True)
class Growth:
    """Medians of the first and the last samples after the warm-up."""

    first: Sample
    last: Sample

    @property
    def rss(self) -> float:
        """Return the growth of memory, as a share."""
        return self.last.rss / self.first.rss - 1.0

    def faults(self) -> list[str]:
        """Return what has grown and must not, a sentence each."""
        found = []
        if self.rss >= RSS_GROWTH_MOST:
            found.append(f"memory grew by {self.rss:.2%}, from {self.first.rss} to {self.last.rss} KiB")
        if self.last.descriptors > self.first.descriptors + _DESCRIPTORS_SPARE:
            found.append(f"descriptors grew from {self.first.descriptors} to {self.last.descriptors}")
        for what in ("threads", "children"):
            before, after = getattr(self.first, what), getattr(self.last, what)
            if after > before:
                found.append(f"{what} grew from {before} to {after}")
        return found


def growth(samples: Sequence[Sample]) -> Growth:
    """Return how a process has grown, after its warm-up."""
    settled = samples[int(len(samples) * _WARM_UP_SHARE) :]
    compared = max(int(len(settled) * _COMPARED_SHARE), 1)
    return Growth(_median(settled[:compared]), _median(settled[-compared:]))


def _median(samples: Sequence[Sample]) -> Sample:
    return Sample(
        int(median(each.rss for each in samples)),
        int(median(each.descriptors for each in samples)),
        int(median(each.threads for each in samples)),
        int(median(each.children for each in samples)),
        samples[-1].cpu,
    )


class Transitions:
    """Reads the daemon's log as it grows. addresses: those of servers that never fail."""

    def __init__(self, log: Path, addresses: Sequence[str]) -> None:
        self.count = 0
        self.flaps: list[str] = []
        self._log = log
        self._read_to = 0
        names = "|".join(map(re.escape, addresses))
        self._change = re.compile(r"^\S+/\S+ (up|down): ")
        self._flap = re.compile(rf"^\S+/({names}) (down|unknown)\b")

    def read(self) -> None:
        """Read what has been written since, as far as its lines are whole."""
        with self._log.open() as file:
            file.seek(self._read_to)
            text = file.read()
        whole = text[: text.rfind("\n") + 1]
        self._read_to += len(whole.encode())
        for line in whole.splitlines():
            self.count += bool(self._change.match(line))
            if self._flap.match(line):
                self.flaps.append(line)
