# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks as keepalived would run them in a root file system: one of the registry, and complete command lines."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass

from tests.cli.site import CLOSED_PORT, PORT, REAL_IP, VIP, Site
from tests.package.root import Root

MODULES = "/usr/share/lvs-rawcheck"
CHECK = f"web/{REAL_IP}"
SERVICE = f"""\
endpoint = ["{VIP}:{PORT}"]
timeout = 5.0
[[check]]
kind = "tcp"
[[real_server]]
address = "{REAL_IP}"
"""
VERDICT = ("/usr/lib/lvs-rawcheck/verdict", CHECK)
INLINE = ("/usr/bin/lvs-rawcheck", "check", "tcp", "-t", "5", REAL_IP, VIP, PORT)
TWIN = ("/usr/bin/check_tcp_raw", "-t", "2500", "eth0", REAL_IP, VIP, PORT)
DOWN = ("/usr/bin/lvs-rawcheck", "check", "tcp", "-t", "5", REAL_IP, VIP, CLOSED_PORT)
OFTEN = (VERDICT, INLINE)
SELDOM = (TWIN, DOWN)
PACE = 0.1  # seconds from one start to the next of each that is started often; ten times that for the others


@dataclass(frozen=True)
class Ended:
    """A check, and how it ended."""

    words: tuple[str, ...]
    status: int
    said: str


def register(root: Root) -> None:
    """Put the service in place that CHECK is of."""
    root.write("/etc/lvs-rawcheck/services.d/web.toml", SERVICE)


def checks_while(root: Root, site: Site, child: subprocess.Popen[str], seconds_most: float) -> list[Ended]:
    """Start checks at their pace until the child has ended, and for a second more; return how all of them ended."""
    running: list[tuple[tuple[str, ...], subprocess.Popen[str]]] = []
    began = time.monotonic()
    end = None
    beat = 0
    while end is None or time.monotonic() < end:
        now = time.monotonic()
        assert now - began < seconds_most, "it does not end"
        if end is None and child.poll() is not None:
            end = now + 1.0
        for words in (*OFTEN, *(SELDOM if beat % 10 == 0 else ())):
            running.append((words, root.start(words, site.director)))
        beat += 1
        time.sleep(max(0.0, now + PACE - time.monotonic()))  # on a slow machine fewer, not all at once
    return [Ended(words, *_end_of(process)) for words, process in running]


def _end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=20)
    return process.returncode, said


def wrong(ended: list[Ended]) -> list[Ended]:
    """Return those whose verdict is not the right one, or has not the right reason."""
    return [each for each in ended if not _is_right(each)]


def _is_right(ended: Ended) -> bool:
    if ended.words == DOWN:
        return ended.status == 1 and "down: refused" in ended.said
    return ended.status == 0
