# SPDX-License-Identifier: GPL-2.0-or-later
"""What a director with 250 real servers spends on checking them, in four ways, in one boot of the laboratory.

`python3 -m tests.bench.four_ways` runs it alone. The scenario is tests/lab/four_ways/.

249 of the real servers are addresses of one host, which share its MAC. Each way is measured in windows, and two things
are read of each:

- the machine: the processor time of all processes that the laboratory is on this host, less what an idle one spends.
  The director is in it, and the real servers, whose part is much the same in all four ways;
- the director: what the laboratory's kernel has counted for keepalived, for all that it has started, and for the
  daemon; the servers: for the processes that accept. It counts by ticks of 10 ms of its own clock, in which there is
  also what this host has given to others: on a busy host these say more than was spent, and waver.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from tests.lab.conftest import CHECKOUT  # imported before lab.boot: it says where that is
from tests.lab.four_ways.configuration import INTERVAL_SECONDS, SERVERS

WINDOWS = 3
WINDOW_SECONDS = 10
LIMIT_SECONDS = 600.0
WANTED = SERVERS / INTERVAL_SECONDS
"""Checks a second."""
_SCENARIO = CHECKOUT / "tests" / "lab" / "four_ways" / "scenario.py"
_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE, _OWN, _ONE_SHOT, _SCRIPT, _FILE = "idle", "a", "b", "c", "d"
_TITLES = {
    _OWN: "(a) keepalived's own TCP_CHECK",
    _ONE_SHOT: "(b) MISC_CHECK, one-shot",
    _SCRIPT: "(c) MISC_CHECK verdict, daemon",
    _FILE: "(d) FILE_CHECK alone, daemon",
}
_HEAD = "probes/s  forks/s  machine  director  servers   at 250/s: machine   x (a)  director   x (a)"


class Way:
    """What was measured of one way, each figure a second: medians of its windows. CPU in milliseconds."""

    def __init__(self, windows: list[dict[str, float]]) -> None:
        self.machine, self.director, self.servers, self.probes, self.forks = (
            median(window[name] for window in windows) for name in ("machine", "director", "servers", "opened", "forks")
        )


def report() -> str:
    """Return the table; SystemExit, with the table, if a way did not do what it is for."""
    told = _run()
    ways = {name: Way(told.windows[name]) for name in (_IDLE, *_TITLES)}
    silent = [_TITLES[name] for name in _TITLES if not ways[name].probes]
    if silent:
        raise SystemExit(f"no probe was counted in {', '.join(silent)}:\n{told.said()}\n{told.seen}")
    table = "\n".join(_rows(ways))
    faults = [f"  {_TITLES[name]}: the table was not as it must be: {told.seen[name]}" for name in _wrong(told.seen)]
    if faults:
        raise SystemExit("\n".join([table, *faults]))
    return table


def _rows(ways: dict[str, Way]) -> list[str]:
    idle = ways[_IDLE]
    for name in _TITLES:
        ways[name].machine -= idle.machine
    lines = [f"{SERVERS} real servers, medians of {WINDOWS} x {WINDOW_SECONDS} s, CPU ms a second"]
    lines.append(f"  {'':32} {_HEAD}")
    own = _at_full_pace(_OWN, ways)
    for name, title in _TITLES.items():
        way, full = ways[name], _at_full_pace(name, ways)
        lines.append(
            f"  {title:32} {way.probes:8.1f} {way.forks:8.1f} {way.machine:8.0f} {way.director:9.0f} {way.servers:8.0f}"
            f"   {full[0]:17.0f} {full[0] / own[0]:7.2f} {full[1]:9.0f} {full[1] / own[1]:7.2f}"
        )
    lines.append(f"  {idle.machine:.0f} ms a second of an idle machine are taken off. Forks are those that there were.")
    lines.append("  (b) and (c) are reckoned up: keepalived asked more slowly there, since it could not keep up.")
    return lines


def _wrong(seen: dict[str, dict[str, Any]]) -> list[str]:
    """Return the ways in which not all servers were in the table, or one without its VIP, which (a) cannot know."""
    return [
        name
        for name in _TITLES
        if (seen[name]["in_table"], seen[name]["left"], seen[name]["came_back"]) != (SERVERS, name != _OWN, True)
    ]


def _at_full_pace(name: str, ways: dict[str, Way]) -> tuple[float, float]:
    """Return what the machine and the director would spend if each server were checked at its interval.

    (b) and (c) fork more slowly here: each fork is taken as dear as it was. What (c) spends beside its forks is what
    (d) spends on as many probes.
    """
    way, daemon = ways[name], ways[_FILE]
    if name == _ONE_SHOT:
        factor = WANTED / way.forks
        return way.machine * factor, way.director * factor
    if name == _SCRIPT:
        factor, probing = WANTED / way.forks, way.probes / daemon.probes
        at_full = _at_full_pace(_FILE, ways)
        return (
            at_full[0] + (way.machine - daemon.machine * probing) * factor,
            at_full[1] + (way.director - daemon.director * probing) * factor,
        )
    factor = WANTED / way.probes
    return way.machine * factor, way.director * factor


class Listener:
    """Hears what the scenario prints, as it prints it, and reads what the laboratory has cost by then."""

    def __init__(self) -> None:
        self.windows: dict[str, list[dict[str, float]]] = defaultdict(list)
        self.seen: dict[str, dict[str, Any]] = {}
        self._said: list[str] = []
        self._began = 0.0

    def hear(self, line: str) -> None:
        """Take a line: of a window that begins or ends, of the table, or what Python says when it gives up."""
        now = _spent_below(os.getpid())
        self._said.append(line)
        try:
            told = json.loads(line)
        except ValueError:
            return
        match told.get("window"):
            case "begins":
                self._began = now
            case "ends":
                self.windows[told["way"]].append(_a_second(told, now - self._began))
            case _:
                self.seen[told["way"]] = told

    def said(self) -> str:
        """Return all of it."""
        return "\n".join(self._said)


def _run() -> Listener:
    """Boot, and return who has listened."""
    from lab.boot import boot

    listener = Listener()
    with tempfile.TemporaryDirectory() as results:
        arguments = (str(WINDOWS), str(WINDOW_SECONDS))
        status = boot(_SCENARIO, Path(results), arguments, limit_s=LIMIT_SECONDS, on_line=listener.hear)
    if status:
        raise SystemExit(f"the laboratory ended with exit status {status}:\n{listener.said()}")
    return listener


def _a_second(told: dict[str, Any], machine: float) -> dict[str, float]:
    """Return the figures of a window, each a second; CPU in milliseconds. machine: CPU seconds."""
    seconds = told["seconds"]
    return {
        "machine": machine / seconds * 1000,
        "director": (told["groups"]["keepalived"] + told["groups"]["daemon"]) / seconds * 1000,
        "servers": told["groups"]["servers"] / seconds * 1000,
        "opened": told["opened"] / seconds,
        "forks": told["forks"] / seconds,
    }


def _spent_below(pid: int) -> float:
    """Return the CPU seconds of all descendants of a process, of those that have ended and were waited for too."""
    children: dict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(") ")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        found = int(path.parent.name)
        children[int(words[1])].append(found)
        ticks[found] = sum(map(int, words[11:15]))  # utime, stime, and those of its children: proc(5)
    below = children[pid]
    for found in below:  # which grows
        below.extend(children[found])
    return sum(ticks[found] for found in below) / _TICKS


def main() -> int:
    """Print the table."""
    print(report(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
