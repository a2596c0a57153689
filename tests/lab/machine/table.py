# SPDX-License-Identifier: GPL-2.0-or-later
"""The IPVS table, looked at without a pause while something else is done. Times are seconds of the monotonic clock."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from types import TracebackType

from tests.lab.machine.programs import REALS

STATE = Path("/run/lvs-rawcheck")
PACE_S = 0.1
_DESTINATION = re.compile(r"^  -> ([0-9A-F]{8}):[0-9A-F]{4} +Route +(\d+) ", re.MULTILINE)
_NAMES = {"".join(f"{int(part):02X}" for part in address.split(".")): name for name, address in REALS.items()}
BOTH = "a b"


def servers() -> str:
    """Return the names of the real servers that get traffic now, one blank between; any other by its address."""
    try:
        found = _DESTINATION.findall(Path("/proc/net/ip_vs").read_text())
    except FileNotFoundError:  # the module is not loaded yet
        return ""
    return " ".join(sorted(_NAMES.get(address, address) for address, weight in found if weight != "0"))


def last_verdicts() -> dict[str, str]:
    """Return the last verdict of each check that ever ran, by the address of the real server, whoever ran it."""
    found: dict[str, str] = {}
    for path in (*STATE.glob("last/*/*"), *STATE.glob("verdict/*/*")):
        if path.name.startswith("."):
            continue
        try:
            line = path.read_text()
        except FileNotFoundError:  # taken away meanwhile
            continue
        if _written(line) >= _written(found.get(path.name, "0 ")):
            found[path.name] = line
    return found


def _written(line: str) -> int:
    return int(line.partition(" ")[0])


class Watch:
    """Who was in the table, from `with` on to its end: in the order in which it was seen, repetitions left out."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.looks = 0
        self.longest_pause = 0.0
        self._verdicts: set[tuple[str, str]] = set()
        self._held = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on)

    def __enter__(self) -> Watch:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self.seconds = self.so_far()

    def so_far(self) -> float:
        """Return for how many seconds it has looked on."""
        return round(time.monotonic() - self._began, 1)

    def told(self) -> dict[str, object]:
        """Return what was seen, to be printed. verdicts: those that differ, in time of day at least."""
        return {
            "seen": self.seen,
            "looks": self.looks,
            "longest_pause": round(self.longest_pause, 2),
            "seconds": self.seconds,
            "verdicts": len(self._verdicts),
            "held_looks": self._held,
        }

    def _look_on(self) -> None:
        before = time.monotonic()
        while not self._end.wait(PACE_S):
            now = time.monotonic()
            self.longest_pause = max(self.longest_pause, now - before)
            before = now
            self.looks += 1
            present = servers()
            if self.seen[-1:] != [present]:
                self.seen.append(present)
            self._verdicts.update(last_verdicts().items())
            self._held += (STATE / "hold").exists()
