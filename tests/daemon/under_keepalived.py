# SPDX-License-Identifier: GPL-2.0-or-later
"""The stand-in for keepalived's scheduler at work on a host, and what it says."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from tests.daemon import scheduler
from tests.daemon.process import START_SECONDS
from tests.daemon.scheduler import Pace, Reading
from tests.netns.topology import Host


class UnderKeepalived:
    """A checker process for each ID, and its verdicts; `stop` ends it, and the end of the Network does."""

    def __init__(self, host: Host, script: Path, ids: Iterable[str], pace: Pace) -> None:
        self.readings: list[Reading] = []
        self.failures: list[str] = []
        """The runs that failed, forgiven or not."""
        self.left: dict[str, float] = {}
        """When each server that has ever left did so first, monotonic seconds."""
        self.changes: list[str] = []
        """Who left or came back."""
        self._child = host.popen(
            [sys.executable, "-I", "-S", scheduler.__file__, json.dumps(asdict(pace)), str(script)]
        )
        assert self._child.stdin is not None
        self._child.stdin.write("".join(f"{each}\n" for each in (*ids, "")))
        self._child.stdin.flush()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, with all that it has started."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        assert self._child.wait(START_SECONDS) == 0
        self._thread.join(START_SECONDS)

    def told(self) -> str:
        """Return a line for those who look on."""
        last = self.readings[-1]
        return (
            f"{last.runs} runs, {last.running} at once, {last.programs} of them programs, {last.late:.1f} s late, "
            f"{last.cpu:.0f} s of CPU, {len(self.left)} left, {len(self.failures)} failures, "
            f"load {os.getloadavg()[0]:.0f}"
        )

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._hear(json.loads(line))

    def _hear(self, words: dict[str, object]) -> None:
        if "runs" in words:
            self.readings.append(Reading(**words))  # type: ignore[arg-type]
            return
        at, name = float(str(words["at"])), str(words["id"])
        if "failed" in words:
            self.failures.append(f"{at:.1f} {name}: {words['failed']}")
            return
        self.changes.append(f"{at:.1f} {name} {'up' if words['up'] else 'down'}")
        if not words["up"]:
            self.left.setdefault(name, at)
