# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py WINDOWS SECONDS: one director with 250 real servers, checked in four ways; prints one JSON object a line.

Each way is warmed up, measured over so many windows of so many seconds, and looked at: who is in the table, and who
when one real server has lost its VIP. The line before a window says so, and so does the one after it: whoever boots
the machine can read what it costs between the two.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from lab.network import LabError, wait_until

from tests.lab.four_ways.configuration import ALONE, FARM, SERVERS, STATE, configuration, slowed
from tests.lab.four_ways.processor import read
from tests.lab.four_ways.site import Site

WARM_UP_SECONDS = 10.0
SETTLE_SECONDS = 90.0
STAY_SECONDS = 5.0
PROCESS_SECONDS, SCRIPT_SECONDS = 240, 40
"""The pace of checks that cost a process: as many at 1 s are beyond the processor, here more than anywhere."""
ALL = frozenset((*FARM, ALONE))


def tell(**values: object) -> None:
    """Print a line."""
    print(json.dumps(values), flush=True)


class Bench:
    """One way after the other."""

    def __init__(self, windows: int, seconds: float) -> None:
        self._windows = windows
        self._seconds = seconds
        self.site = Site()

    def measure(self, way: str) -> None:
        """Warm up, and print what each window has cost."""
        time.sleep(WARM_UP_SECONDS)
        for _ in range(self._windows):
            tell(way=way, window="begins")
            before = read(self.site.real_servers)
            time.sleep(self._seconds)
            spent = read(self.site.real_servers).since(before)
            tell(way=way, window="ends", **spent)

    def try_way(self, way: str, text: str) -> None:
        """Let keepalived run with this configuration: measured, and looked at."""
        self.site.start_keepalived(text)
        self._await("all are in the table", lambda: self.site.table() == ALL)
        self.measure(way)
        in_table = len(self.site.table())
        self.site.take_vip()
        if way == "a":
            left = wait_until(lambda: self.site.table() != ALL, STAY_SECONDS)
        else:
            left = wait_until(lambda: self.site.table() == ALL - {ALONE}, SETTLE_SECONDS)
        gone = sorted(ALL - self.site.table())
        self.site.give_vip()
        came_back = wait_until(lambda: self.site.table() == ALL, SETTLE_SECONDS)
        tell(way=way, in_table=in_table, left=left, gone=gone, came_back=came_back)
        self.site.stop_keepalived()

    def start_daemon(self) -> None:
        """Start the daemon, and wait until it has judged all."""
        self.site.start_daemon()
        folder = self.site.inside(f"{STATE}/track")
        self._await("all are judged", lambda: folder.is_dir() and len(list(folder.iterdir())) == SERVERS)

    def _await(self, what: str, condition: Callable[[], bool]) -> None:
        if not wait_until(condition, SETTLE_SECONDS, 0.2):
            raise LabError(f"in vain: {what}")


def main() -> int:
    """Try the four ways."""
    bench = Bench(int(sys.argv[1]), float(sys.argv[2]))
    bench.measure("idle")
    bench.try_way("a", configuration())
    called = bench.site.generate("--style", "service")
    bench.try_way("b", slowed(called, PROCESS_SECONDS))
    bench.start_daemon()
    bench.try_way("c", slowed(called, SCRIPT_SECONDS))
    bench.try_way("d", bench.site.generate("--style", "track-file", "--file-check-only"))
    bench.site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
