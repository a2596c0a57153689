# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose processor time it is: control groups of version 2, and what the kernel counts of itself.

What a softirq does is counted as of the process that it interrupts. On a switch of veth pairs a frame is received where
it is sent: so the real servers' kernel work is in the figures of the process that asks them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from lab.network import Host, Process, run

_GROUPS = Path("/tmp/cgroup")  # seen in every host: /run is a host's own, /tmp is not
_ENTER = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'


def mount_groups(*names: str) -> None:
    """Make control groups of these names. Call it before any host is made."""
    _GROUPS.mkdir()
    run("mount", "-t", "cgroup2", "cgroup2", str(_GROUPS))
    for name in names:
        (_GROUPS / name).mkdir()


def start_in(group: str, host: Host, *command: str) -> Process:
    """Start a process in a control group, with all that it will start."""
    return host.start("sh", "-c", _ENTER, "sh", str(_GROUPS / group), *command)


@dataclass(frozen=True)
class Reading:
    """What has been spent up to a moment. All in seconds; busy: not idle; forks, opened: how many there have been."""

    at: float
    busy: float
    forks: int
    opened: int
    groups: dict[str, float]

    def since(self, before: Reading) -> dict[str, object]:
        """Return what was spent meanwhile, to be printed."""
        return {
            "seconds": self.at - before.at,
            "busy": self.busy - before.busy,
            "forks": self.forks - before.forks,
            "opened": self.opened - before.opened,
            "groups": {name: spent - before.groups[name] for name, spent in self.groups.items()},
        }


def read(opposite: list[Host]) -> Reading:
    """Return the figures of now. opposite: hosts whose connections are counted as they are opened (RFC 2012)."""
    uptime, idle = (float(word) for word in Path("/proc/uptime").read_text().split())
    forks = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("processes "))
    groups = {path.parent.name: _spent(path) for path in _GROUPS.glob("*/cpu.stat")}
    opened = sum(_passive_opens(host.net_file("snmp")) for host in opposite)
    # One processor: what it was not idle it was busy. This kernel keeps idle time by the clock, not by ticks.
    return Reading(time.monotonic(), uptime - idle, int(forks.split()[1]), opened, groups)


def _spent(stat: Path) -> float:
    words = dict(line.split() for line in stat.read_text().splitlines())
    return int(words["usage_usec"]) / 1e6


def _passive_opens(snmp: str) -> int:
    names, values = (line.split() for line in snmp.splitlines() if line.startswith("Tcp:"))
    return int(values[names.index("PassiveOpens")])
