# SPDX-License-Identifier: GPL-2.0-or-later
"""The site that the machine is the director of, and what an operator does on it, by Debian's own commands."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab.network import Host, Network, Process, execute, run, wait_until

from tests.lab.machine.programs import DIRECTOR, PORT, REALS, VIP, Program
from tests.lab.machine.table import Watch, servers

SETTLE_S = 60.0
_COMMAND_S = 120.0
_LISTEN = f"import socket; s = socket.create_server(('0.0.0.0', {PORT}), backlog=64)\nwhile True: s.accept()[0].close()"
# The VIP on lo must neither be announced by ARP nor used as the source of ARP requests.
_QUIET = "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce"


def tell(step: str, **values: object) -> None:
    """Print what came of a step."""
    print(json.dumps({"step": step, **values}), flush=True)


class Director:
    """This machine. Its real servers are namespaces behind the switch that its eth0 is plugged into."""

    def __init__(self, program: Program, results: Path) -> None:
        self.program = program
        # Where lab.network looks for modules.
        Path("/run/lab/modprobe/lib").mkdir(parents=True)
        Path("/run/lab/modprobe/lib/modules").symlink_to("/usr/lib/modules")
        network = Network(results)
        run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "port-eth0")
        run("ip", "link", "set", "port-eth0", "up", "master", "br0")
        run("ip", "addr", "add", f"{DIRECTOR}/24", "dev", "eth0")
        run("ip", "link", "set", "eth0", "up")
        self.reals = {name: network.add_host(name, address) for name, address in REALS.items()}
        self._services: dict[str, Process] = {}
        for name, host in self.reals.items():
            host.run("sh", "-c", _QUIET)
            give_vip(host)
            self.start_service(name)

    def start_service(self, name: str) -> None:
        """Let a real server serve, at all its addresses."""
        self._services[name] = self.reals[name].start("/usr/bin/python3", "-c", _LISTEN)

    def stop_service(self, name: str) -> None:
        """Let it serve no more."""
        self._services.pop(name).stop()

    def systemctl(self, verb: str) -> subprocess.CompletedProcess[str]:
        """Do this to the program's unit."""
        return execute("systemctl", verb, self.program.name, limit_s=_COMMAND_S)

    def state(self) -> dict[str, str]:
        """Return what systemd says of the program's unit."""
        lines = run("systemctl", "show", "-p", "ActiveState,MainPID,NRestarts", self.program.name).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def generate(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `generate` on the program's configuration."""
        place = str(self.program.configuration)
        return execute("lvs-rawcheck", "generate", self.program.name, place, *words, limit_s=_COMMAND_S)

    def verifies(self) -> bool:
        """Say whether keepalived runs what was written; ldirectord is asked nothing."""
        return not self.program.is_keepalived or execute("lvs-rawcheck", "verify", limit_s=_COMMAND_S).returncode == 0

    def tell_when(self, step: str, condition: Callable[[], bool]) -> None:
        """Print whether, and after how many seconds, a condition holds; end the scenario if it does not."""
        began = time.monotonic()
        reached = wait_until(condition, SETTLE_S)
        tell(step, reached=reached, seconds=round(time.monotonic() - began, 1), servers=servers())
        if not reached:
            sys.exit(f"{step}: in vain")

    def tell_while(self, step: str, action: Callable[[], subprocess.CompletedProcess[str]], longer_s: float) -> None:
        """Print what a command says, who was in the table meanwhile and for so long after, and what was logged."""
        before, logged = self.state(), len(self.program.log())
        with Watch() as watch:
            done = action()
            took = watch.so_far()
            time.sleep(longer_s)
        tell(
            step,
            **watch.told(),
            took=took,
            status=done.returncode,
            said=done.stdout + done.stderr,
            before=before,
            after=self.state(),
            log=self.program.log()[logged:],
        )


def apt(*words: str) -> subprocess.CompletedProcess[str]:
    """Run apt-get."""
    return execute("apt-get", "-q", "-y", *words, limit_s=_COMMAND_S)


def give_vip(host: Host) -> None:
    """Give a real server the VIP."""
    host.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")


def take_vip(host: Host) -> None:
    """Take the VIP from a real server; all else goes on working."""
    host.run("ip", "addr", "del", f"{VIP}/32", "dev", "lo")
