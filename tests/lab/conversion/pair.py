# SPDX-License-Identifier: GPL-2.0-or-later
"""Two directors and two real servers, and what an operator does on them. Times are seconds of the monotonic clock."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab.director import LAUNCHER, Director
from lab.network import Host, Network, load_modules, wait_until

from tests.lab.conversion.configuration import (
    CONF,
    OWN_COPY,
    PRIORITIES,
    PROGRAM,
    SERVICES,
    STATE,
    TOOLS,
    VIP,
    configuration,
)

RESULTS = Path("/run/lab/results")
FOLDER = Path("/opt/lvs-rawcheck")
PYTHON = "/usr/bin/python3"
SETTLE_SECONDS = 40.0
REALS = {"a": "10.0.0.42", "b": "10.0.0.43"}
_MODULES = ("ip_vs", "ip_vs_rr", "tcp_diag", "inet_diag")
# keepalived's own: whoever asks it for its dump finds it here.
_DUMP = Path("/tmp/keepalived_check.data")


def tell(step: str, **values: object) -> None:
    """Print what came of a step."""
    print(json.dumps({"step": step, **values}), flush=True)


class Pair:
    """The site. style: of the stanzas."""

    def __init__(self, style: str) -> None:
        load_modules(*_MODULES)
        self._style = style
        network = Network(RESULTS)
        self.directors = [
            Director(network.add_host(name, f"10.0.0.{11 + number}"), VIP, RESULTS)
            for number, name in enumerate(PRIORITIES)
        ]
        self.reals = {name: network.add_host(name, address) for name, address in REALS.items()}
        for host in self.reals.values():
            self._set_up_real_server(host)
        for director in self.directors:
            self._install(director.host)

    def _set_up_real_server(self, host: Host) -> None:
        host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        self.give_vip(host.name)
        (host.run_folder / "nginx").mkdir()
        conf = str(FOLDER / "examples" / "lab" / "nginx.conf")
        host.start("nginx", "-p", "/run/nginx", "-e", "stderr", "-c", conf)

    def _install(self, host: Host) -> None:
        """Put the program and its scripts where an administrator would; /usr cannot be written in here."""
        # A copy of all, for the launcher finds the rest by where it lies; each host's own, to be taken away alone.
        shutil.copytree(FOLDER / "lvs_rawcheck", inside(host, OWN_COPY) / "lvs_rawcheck")
        places = ("--scripts", TOOLS, "--services", SERVICES, "--state", STATE)
        host.run(PYTHON, "-I", "-S", LAUNCHER, "generate", "scripts", *places)
        (inside(host, TOOLS) / "lvs-rawcheck").symlink_to(PROGRAM)

    def give_vip(self, name: str) -> None:
        """Give a real server the VIP."""
        self.reals[name].run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")

    def take_vip(self, name: str) -> None:
        """Take the VIP from a real server; all else goes on working."""
        self.reals[name].run("ip", "addr", "del", f"{VIP}/32", "dev", "lo")

    def start(self, director: Director) -> None:
        """Start keepalived with the configuration as it was before."""
        before = RESULTS / f"{director.name}.before"
        before.write_text(configuration(PRIORITIES[director.name]))
        director.start(before)

    def command(self, director: Director, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands on a director."""
        return director.host.execute(PYTHON, "-I", "-S", LAUNCHER, *words, limit_s=120.0)

    def generate(self, director: Director, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `generate keepalived` on a director."""
        places = ("--scripts", TOOLS, "--program", f"{TOOLS}/lvs-rawcheck", "--services", SERVICES, "--state", STATE)
        return self.command(director, "generate", "keepalived", CONF, "--style", self._style, *places, *words)

    def verify(self, director: Director) -> tuple[int, list[str]]:
        """Return the exit status of `verify`, and the kinds of its findings; why it cannot tell instead of them."""
        done = self.command(director, "verify", "--json", "--services", SERVICES, "--state", STATE)
        if not done.stdout.startswith("{"):
            return done.returncode, [done.stderr]
        (RESULTS / f"{director.name}.verify").write_text(done.stdout)
        return done.returncode, sorted({finding["kind"] for finding in json.loads(done.stdout)["findings"]})

    def dump(self, director: Director) -> str:
        """Return what keepalived says of itself, in its own words."""
        self.verify(director)  # asks it, whatever comes of it
        return _DUMP.read_text()

    def tell_when(self, step: str, condition: Callable[[], bool]) -> None:
        """Print whether, and after how long, a condition holds, and what the directors say then."""
        begun = time.monotonic()
        reached = wait_until(condition, SETTLE_SECONDS)
        names = {address: name for name, address in REALS.items()}
        state = {
            each.name: {
                "servers": sorted(names[address] for address in each.servers()),
                "role": each.role(),
                "vip": each.has_vip(),
            }
            for each in self.directors
        }
        tell(step, reached=reached, seconds=round(time.monotonic() - begun, 1), state=state)
        if not reached:
            sys.exit(f"{step}: in vain")


def inside(host: Host, path: str) -> Path:
    """Return where a file of a host's own /run is seen from outside."""
    return host.run_folder / path.removeprefix("/run/")
