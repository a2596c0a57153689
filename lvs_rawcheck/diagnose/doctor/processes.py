# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of this network namespace that start checks: keepalived, ldirectord, our daemon. proc(5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from lvs_rawcheck import clock
from lvs_rawcheck.director.keepalived_process import executes_keepalived
from lvs_rawcheck.director.privileges import CAP_NET_RAW

KEEPALIVED, LDIRECTORD, DAEMON = "keepalived", "ldirectord", "lvs-rawcheck daemon"
_OURS = "lvs-rawcheck"
_PROC = "/proc"
_STARTED_FIELD = 22  # of stat
_CMDLINE_OCTETS = 4096


@dataclass(frozen=True, slots=True)
class Process:
    """One process. what: KEEPALIVED, LDIRECTORD or DAEMON; words: its command line; privileged: it has CAP_NET_RAW."""

    pid: int
    what: str
    words: tuple[str, ...]
    privileged: bool

    @property
    def program(self) -> str:
        """Return the path of our program, where a process is the daemon, links resolved; "": it is not told."""
        path = next((word for word in self.words if word.rpartition("/")[2] == _OURS), "")
        return os.path.realpath(path) if path.startswith("/") else ""

    def started(self) -> float | None:
        """Return when it was started, wall-clock seconds since 1970, None where that cannot be read."""
        try:
            with open(f"{_PROC}/{self.pid}/stat", "rb") as file:
                # The second field is the name in parentheses, which may hold anything.
                ticks = int(file.read().rpartition(b")")[2].split()[_STARTED_FIELD - 3])
        except (OSError, ValueError, IndexError):
            return None
        return clock.wall_now() - (clock.uptime() - ticks / os.sysconf("SC_CLK_TCK"))


def processes() -> tuple[list[Process], int]:
    """Return those of this network namespace, and how many processes we were not allowed to look at."""
    own = os.stat(f"{_PROC}/self/ns/net").st_ino
    found: list[Process] = []
    hidden = 0
    for pid in _numbers():
        try:
            words = _command_line(pid)
            what = _what(pid, words)
            if what is not None and os.stat(f"{_PROC}/{pid}/ns/net").st_ino == own:
                found.append(Process(pid, what, words, _is_privileged(pid)))
        except PermissionError:
            hidden += 1
        except (OSError, ValueError):
            continue  # it has ended meanwhile
    return found, hidden


def _numbers() -> Iterator[int]:
    return (int(name) for name in os.listdir(_PROC) if name.isascii() and name.isdecimal())


def _command_line(pid: int) -> tuple[str, ...]:
    with open(f"{_PROC}/{pid}/cmdline", "rb") as file:
        return tuple(file.read(_CMDLINE_OCTETS).decode("utf-8", "surrogateescape").split("\0")[:-1])


def _what(pid: int, words: tuple[str, ...]) -> str | None:
    """Return which program a process is, None: none of them."""
    names = [word.rpartition("/")[2] for word in words]
    if _OURS in names and names[names.index(_OURS) + 1 :][:1] == ["daemon"]:
        return DAEMON
    if LDIRECTORD in names[:3]:
        return LDIRECTORD
    if any(KEEPALIVED in name for name in names[:2]) and executes_keepalived(_PROC, pid):
        return KEEPALIVED
    return None


def _is_privileged(pid: int) -> bool:
    """Return whether a process has CAP_NET_RAW itself, and what it executes may have it."""
    masks: dict[bytes, int] = {}
    with open(f"{_PROC}/{pid}/status", "rb") as file:
        for line in file:
            name, _, value = line.partition(b":")
            if name in (b"CapEff", b"CapBnd"):
                masks[name] = int(value, 16)
    return all(masks.get(name, 0) & CAP_NET_RAW for name in (b"CapEff", b"CapBnd"))
