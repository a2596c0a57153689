# SPDX-License-Identifier: GPL-2.0-or-later
"""A desk of many services whose daemon has died, and what a check that came by a gate leaves there."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from lvs_rawcheck.daemon.alive import Alive
from tests.cli.commands import Desk
from tests.cli.registry_desk import register, service
from tests.cli.site import PORT, REAL_IP, VIP, Site
from tests.netns.topology import Host, wait_until
from tests.test_imports import LAUNCHER

LOST_VIP = "10.0.0.101"  # no server has it
GATE = "0"  # of the sweep
BY_THE_GATE = """exec 9<"$1" && flock -n 9 && shift && exec "$@" """
PATIENCE = 15.0  # seconds, on a machine however busy


def let_die(desk: Desk, names: Iterable[str], lost: Sequence[str] = ()) -> Desk:
    """Return the desk with these services, as a daemon has left it: a verdict of each, and a sign of life."""
    desk.state.mkdir(exist_ok=True)
    Alive(str(desk.state)).close()
    for name in names:
        vip = LOST_VIP if name in lost else VIP
        register(desk, service("timeout = 0.5", endpoints=[f"{vip}:{PORT}"]), name)
        leave_verdict(desk, name)
    return desk


def leave_verdict(desk: Desk, name: str) -> None:
    """Let the daemon have run a service, long ago."""
    (desk.state / "verdict" / name).mkdir(parents=True)
    (desk.state / "verdict" / name / REAL_IP).write_text("1 2 0 raw - - ok\n")


def last(desk: Desk, name: str) -> list[str]:
    """Return the words of a last verdict, none where there is none."""
    path = desk.state / "last" / name / REAL_IP
    return path.read_text().split() if path.exists() else []


def is_free(gate: Path) -> bool:
    """Return whether nobody holds a gate."""
    with gate.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def wait_for_sweep(desk: Desk) -> None:
    """Wait until the sweep has ended."""
    wait_until(lambda: is_free(desk.state / "slots" / GATE), "the sweep has ended, and its gate is free", PATIENCE)


def run_by_the_gate(desk: Desk, site: Site, name: str, gate: str = GATE) -> int:
    """Return the exit status of a check that the script would have become at a gate."""
    return run_on(site.director, desk, name, gate)


def run_on(host: Host, desk: Desk, name: str, gate: str = GATE, become: Sequence[str] = ()) -> int:
    """Return the same of a host. become: what starts it."""
    program = [sys.executable, "-I", "-S", str(LAUNCHER), "run", *desk.own_folders(), "--", f"{name}/{REAL_IP}"]
    path = str(desk.state / "slots" / gate)
    return host.run(["sh", "-c", BY_THE_GATE, "sh", path, *become, *program], check=False).returncode
