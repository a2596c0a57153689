# SPDX-License-Identifier: GPL-2.0-or-later
"""A director, its standby and two real servers in the laboratory. Times are seconds of the monotonic clock."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from lab.director import LAUNCHER, SystemLog
from lab.network import Host, Network, load_modules, wait_until

from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.wire.address import format_address, parse_address
from tests.lab.ldirectord.configuration import (
    CONF,
    PORT,
    REALS,
    REALS_SIX,
    SERVICES,
    STATE,
    TOOLS,
    VIRTUALS,
    WRAPPERS,
    Virtual,
    configuration,
)

RESULTS = Path("/run/lab/results")
PYTHON = "/usr/bin/python3"
SETTLE_SECONDS = 60.0
MODULES = ("ip_vs", "ip_vs_rr", "ipv6", "tcp_diag", "inet_diag")
LISTEN = (
    "import socket\n"
    f"s = socket.create_server(('::', {PORT}), family=socket.AF_INET6, backlog=64, dualstack_ipv6=True)\n"
    "while True: s.accept()[0].close()"
)
# Before it is the script itself, it dies as a check would that is killed.
KILLED = """\
#!/bin/sh
case "$*" in *{check_id}) kill -s KILL $$ ;; esac
exec {script}.itself "$@"
"""
Table = dict[str, dict[str, int]]
"""The weights of a director's servers, by the names of virtual and server."""


def tell(step: str, **values: object) -> None:
    """Print what came of a step, and when."""
    print(json.dumps({"step": step, "at": round(time.monotonic(), 1), **values}), flush=True)


class Director:
    """A host with ldirectord, which is started the way an administrator would, as a daemon."""

    def __init__(self, host: Host) -> None:
        self.host = host
        SystemLog(host, RESULTS / f"{host.name}-syslog.log")
        places = ("--scripts", TOOLS, "--services", SERVICES, "--state", STATE)
        Path(LAUNCHER).chmod(0o755)
        host.run(PYTHON, "-I", "-S", LAUNCHER, "generate", "scripts", *places)

    def path(self, inside: str) -> Path:
        """Return where a file of its /run is seen from outside."""
        return self.host.run_folder / inside.removeprefix("/run/")

    def start(self, fork: str, autoreload: str) -> None:
        """Start it with the configuration as it was before."""
        self.path(CONF).parent.mkdir()
        self.path(CONF).write_text(configuration(fork, autoreload))
        self.ldirectord("start")

    def ldirectord(self, word: str) -> None:
        """Give it one of its commands."""
        self.host.run("ldirectord", CONF, word)

    def generate(self, step: str, *words: str) -> None:
        """Run `generate ldirectord`, and print how it ended and what the configuration is then."""
        places = ("--scripts", TOOLS, "--services", SERVICES, "--state", STATE, "--wrappers", WRAPPERS)
        command = (PYTHON, "-I", "-S", LAUNCHER, "generate", "ldirectord", CONF, *places, *words)
        done = self.host.execute(*command, limit_s=120.0)
        text = self.path(CONF).read_text()
        tell(step, status=done.returncode, stdout=done.stdout, stderr=done.stderr, configuration=text)

    def table(self) -> Table:
        """Return what is in the kernel's table now."""
        found = parse_table(self.host.net_file("ip_vs").encode()).services
        return {
            virtual.name: {
                name_of(virtual, format_address(address)): destination.weight
                for (address, _), destination in found.get(("tcp", parse_address(virtual.vip), PORT), {}).items()
            }
            for virtual in VIRTUALS
        }

    def last(self, virtual: Virtual, server: str) -> str:
        """Return the last verdict's line of a check."""
        path = self.path(STATE) / "last" / virtual.service / virtual.reals[server]
        return path.read_text() if path.exists() else ""

    def kill_checks(self, check_id: str) -> None:
        """Let each check of an ID be killed from now on."""
        script = self.path(f"{TOOLS}/verdict")
        script.rename(script.with_name("verdict.itself"))
        new = script.with_name("verdict.new")
        new.write_text(KILLED.format(check_id=check_id, script=f"{TOOLS}/verdict"))
        new.chmod(0o755)
        new.rename(script)

    def spare_checks(self) -> None:
        """Kill none any more."""
        script = self.path(f"{TOOLS}/verdict")
        script.with_name("verdict.itself").rename(script)

    def tell_when(self, step: str, wanted: Mapping[str, Mapping[str, int]], settle_s: float = SETTLE_SECONDS) -> None:
        """Print whether, and after how long, the table is as wanted, and what else it was until then."""
        begun = time.monotonic()
        seen: list[Table] = []

        def done() -> bool:
            table = self.table()
            if not seen or seen[-1] != table:
                seen.append(table)
            return table == wanted

        reached = wait_until(done, settle_s)
        tell(step, reached=reached, seconds=round(time.monotonic() - begun, 1), seen=seen)
        if not reached:
            log = self.path("/run/ldirectord.log").read_text()[-3000:]
            sys.exit(f"{step}: {wanted} is wanted, and there is {seen[-1]}\n{log}")


def name_of(virtual: Virtual, address: str) -> str:
    """Return the name of the server that has an address."""
    return next(name for name, each in virtual.reals.items() if each == address)


class Site:
    """All of it."""

    def __init__(self) -> None:
        load_modules(*MODULES)
        network = Network(RESULTS)
        self.active, self.standby = (
            Director(self._host(network, name, f"10.0.0.{number}", f"fd00::{number}"))
            for name, number in (("lb1", 11), ("lb2", 12))
        )
        for virtual in VIRTUALS:
            add_address(self.active.host, virtual, "eth0")
        self.reals = {name: self._host(network, name, REALS[name], REALS_SIX[name]) for name in REALS}
        for host in self.reals.values():
            host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
            for virtual in VIRTUALS:
                add_address(host, virtual, "lo")
            host.start(PYTHON, "-c", LISTEN)

    def _host(self, network: Network, name: str, address: str, address_six: str) -> Host:
        host = network.add_host(name, address)
        host.run("ip", "addr", "add", f"{address_six}/64", "dev", "eth0", "nodad")
        return host

    def take_vip(self, server: str, virtual: Virtual) -> None:
        """Take a VIP from a real server; all else goes on working."""
        self.reals[server].run("ip", "addr", "del", prefix(virtual), "dev", "lo")

    def give_vip(self, server: str, virtual: Virtual) -> None:
        """Give a real server a VIP again."""
        add_address(self.reals[server], virtual, "lo")


def prefix(virtual: Virtual) -> str:
    """Return a VIP as an address of its own."""
    return f"{virtual.vip}/{128 if virtual.is_six else 32}"


def add_address(host: Host, virtual: Virtual, device: str) -> None:
    """Give a host a VIP; it asks nobody from there: to a server that has it, too, that would be itself."""
    of_six = ("nodad", "preferred_lft", "0") if virtual.is_six else ()
    host.run("ip", "addr", "add", prefix(virtual), "dev", device, *of_six)
