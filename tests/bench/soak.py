# SPDX-License-Identifier: GPL-2.0-or-later
"""`python3 -m tests.bench.soak [SECONDS]`: the daemon for an hour, or so long, with a thousand checks and no peace.

It prints what the daemon holds, minute by minute, and how that has grown after the warm-up. Exit status 1: memory grew
by 1 % or more, descriptors, threads or child processes grew, a good question was refused, or a healthy server flapped.

It wants a machine of its own, and no nice(1): servers of the site that get no processor do fail.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.bench.soak_events import Events
from tests.bench.soak_site import SoakSite
from tests.bench.soak_watch import Sample, Transitions, growth, sample
from tests.cli.commands import LAUNCHER
from tests.daemon.desk import Desk
from tests.daemon.process import Process
from tests.netns.topology import Network, wait_until

SECONDS = 3600.0
SERVICES = 100  # of ten servers each
_TURN_SECONDS = 0.05
_SAMPLE_SECONDS = 1.0
_LINE_SECONDS = 60.0
_LINES_LEAST = 4
_PATIENCE = 120.0  # seconds until all are up, on a machine however busy
_QUIET_SECONDS = 30.0  # at the end, within which all are up that should be
_HEAD = "  seconds    RSS KiB   fds  threads  children   CPU s    CPU %   changes   events"


@dataclass(frozen=True)
class Plan:
    """How long, how many services, and the program; a test takes one that leaks."""

    seconds: float = SECONDS
    services: int = SERVICES
    launcher: Path = LAUNCHER


class Soak:
    """One daemon, its site, and what befalls it."""

    def __init__(self, site: SoakSite, daemon: Process, metrics: str, say: Callable[[str], None]) -> None:
        self._site = site
        self._daemon = daemon
        self._say = say
        self._events = Events(site, daemon, metrics)
        self._transitions = Transitions(daemon.log_path, site.steady)
        self._samples: list[Sample] = []

    def run(self, seconds: float) -> list[str]:
        """Return what was wrong, a sentence each."""
        began = time.monotonic()
        every = min(_LINE_SECONDS, seconds / _LINES_LEAST)
        sample_at, line_at = began, began + every
        self._say(_HEAD)
        while (now := time.monotonic()) < began + seconds:
            self._events.work()
            if now >= sample_at:
                sample_at = now + _SAMPLE_SECONDS
                self._samples.append(sample(self._daemon.pid))
            if now >= line_at:
                line_at = now + every
                self._tell(now - began)
            time.sleep(_TURN_SECONDS)
        self._events.close()
        return self._faults()

    def _tell(self, seconds: float) -> None:
        self._transitions.read()
        last, events = self._samples[-1], self._events.happened.total()
        held = f"{last.rss:10d} {last.descriptors:5d} {last.threads:8d} {last.children:9d}"
        spent = f"{last.cpu:8.1f} {last.cpu / seconds * 100:7.1f}"
        self._say(f"{seconds:9.0f} {held} {spent} {self._transitions.count:9d} {events:8d}")

    def _faults(self) -> list[str]:
        grown = growth(self._samples)
        self._say(
            f"memory after the warm-up: {grown.first.rss} KiB, at the end {grown.last.rss} KiB ({grown.rss:+.2%})"
        )
        self._say(", ".join(f"{count} x {name}" for name, count in sorted(self._events.happened.items())))
        faults = grown.faults() + self._events.refusals + self._not_up()
        self._transitions.read()
        return faults + [f"a healthy server flapped: {line}" for line in self._transitions.flaps]

    def _not_up(self) -> list[str]:
        """Return which of the servers that never fail are not up once it is quiet."""
        try:
            wait_until(lambda: not self._down(), "all are up", _QUIET_SECONDS)
        except AssertionError:
            return [f"not up at the end: {each}" for each in self._down()]
        return []

    def _down(self) -> list[str]:
        status = self._daemon.status()
        return [each for each in status if each.split("/")[1] in self._site.steady and not status[each]["healthy"]]


def soak(plan: Plan, say: Callable[[str], None]) -> list[str]:
    """Return what was wrong with the daemon, a sentence each. say: is told how it goes, a line each time."""
    with Network() as network, tempfile.TemporaryDirectory(prefix="rawcheck-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        desk = Desk(folder)
        metrics = str(folder / "metrics")
        site = SoakSite(network, desk, plan.services)
        with (
            closing(site),
            closing(Process(desk, site.director, folder, (), ("--metrics", metrics), plan.launcher)) as daemon,
        ):
            daemon.start()
            wait_until(lambda: len(_up(daemon)) == site.count, "all checks are up", _PATIENCE)
            say(f"{site.count} checks, all up; {plan.seconds:.0f} s begin")
            return Soak(site, daemon, metrics, say).run(plan.seconds)


def _up(daemon: Process) -> list[str]:
    return [check_id for check_id, check in daemon.status().items() if check["healthy"]]


def main() -> int:
    """Soak, and say what was wrong."""
    plan = Plan(float(sys.argv[1])) if len(sys.argv) > 1 else Plan()
    faults = soak(plan, lambda line: print(line, flush=True))
    for fault in faults:
        print(f"WRONG: {fault}")
    print("nothing grew, and no healthy server flapped" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
