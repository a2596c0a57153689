# SPDX-License-Identifier: GPL-2.0-or-later
"""Directors and real servers on a switch, and a story told step by step, each told with all tables that there were."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lab.network import HOSTS, NAMESPACES, Host, Network, load_modules, run, wait_until

from tests.lab.daemon.configuration import DIRECTORS, REALS, VIRTUALS, Virtual
from tests.lab.daemon.director import RESULTS, Director
from tests.lab.daemon.watch import Table, Watch

SETTLE_SECONDS = 60.0
RUN_OCTETS = 8 << 20
"""Of the file system that is /run of all hosts: small enough to be filled."""
_FOLDER = Path("/opt/lvs-rawcheck")
_MODULES = ("ip_vs", "ip_vs_rr", "tcp_diag", "inet_diag")


class RealServer:
    """A host with a web server, and somebody who stands by to give it a VIP, or take it."""

    def __init__(self, host: Host) -> None:
        host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        (host.run_folder / "nginx").mkdir()
        conf = str(_FOLDER / "examples" / "lab" / "nginx.conf")
        host.start("nginx", "-p", "/run/nginx", "-e", "stderr", "-c", conf)
        enter = ["nsenter", "--target", str(host.pid), *NAMESPACES]
        # It lives: a process that is only started then would be part of what is measured.
        self._hand = subprocess.Popen([*enter, "ip", "-force", "-batch", "-"], stdin=subprocess.PIPE, text=True)
        for virtual in VIRTUALS:
            self.give(virtual)

    def give(self, virtual: Virtual) -> float:
        """Give it a VIP; return when this was begun."""
        return self._do(f"addr add {virtual.vip}/32 dev lo\n")

    def take(self, virtual: Virtual) -> float:
        """Take a VIP from it; all else goes on working. Return when this was begun."""
        return self._do(f"addr del {virtual.vip}/32 dev lo\n")

    def _do(self, line: str) -> float:
        assert self._hand.stdin is not None
        begun = time.monotonic()
        self._hand.stdin.write(line)
        self._hand.stdin.flush()
        return begun


class Site:
    """All of it, and its story. pace: seconds between two looks at the tables."""

    def __init__(self, directors: Sequence[str], pace: float) -> None:
        load_modules(*_MODULES)
        HOSTS.mkdir(parents=True)
        run("mount", "-t", "tmpfs", "-o", f"size={RUN_OCTETS},mode=755", "tmpfs", str(HOSTS))
        network = Network(RESULTS)
        self.directors = [Director(network.add_host(name, DIRECTORS[name][0])) for name in directors]
        self.reals = {name: RealServer(network.add_host(name, address)) for name, address in REALS.items()}
        self.watch = Watch([director.host for director in self.directors], pace)
        self._mark = time.monotonic()

    def tell(self, step: str, **values: object) -> None:
        """Print what came of a step: with all tables since the step before."""
        seen = {
            director.name: [[round(at - self._mark, 3), table] for at, table in self._seen(director)]
            for director in self.directors
        }
        pause = round(self.watch.longest_pause(), 3)
        print(json.dumps({"step": step, "seen": seen, "unseen_seconds": pause, **values}), flush=True)
        self._mark = time.monotonic()

    def _seen(self, director: Director) -> list[tuple[float, Table]]:
        return self.watch.seen(director.name, self._mark)

    def tell_when(self, step: str, wanted: Mapping[str, Table], **asked: Callable[[], object]) -> None:
        """Print how long it took until the tables of these directors were as wanted, and what they were until then.

        asked: what else is told, asked when they are.
        """
        begun = time.monotonic()
        reached = wait_until(
            lambda: all(self.watch.now(name) == table for name, table in wanted.items()), SETTLE_SECONDS
        )
        took = round(time.monotonic() - begun, 2)
        self.tell(step, reached=reached, seconds=took, **{name: ask() for name, ask in asked.items()})
        if not reached:
            now = {name: self.watch.now(name) for name in wanted}
            said = {director.name: director.explanation() for director in self.directors}
            sys.exit(f"{step}: {wanted} is wanted, and there is {now}\n{json.dumps(said, indent=1)}")

    def look_on(self, seconds: float) -> None:
        """Let a while go by in which nothing is done: what it is told with shows that nothing happens."""
        time.sleep(seconds)
