# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py: in the laboratory, verify on a sound site and after each fault; prints one JSON object a look."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from lab.director import LAUNCHER, SystemLog
from lab.network import Host, Network, load_modules, wait_until

from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.director.last_verdict import read_last
from lvs_rawcheck.wire.address import parse_address
from tests.lab.verdict_script import PYTHON, install_verdict
from tests.lab.verification.faults import (
    DIRECTOR,
    FAULTS,
    OTHER,
    PORT,
    REAL,
    ROLE_FILE,
    SCRIPTS,
    SERVICE,
    SERVICE_FILE,
    SERVICES,
    SOUND,
    STATE,
    VIP,
    Fault,
)

RESULTS = Path("/run/lab/results")
SETTLE_SECONDS = 60.0
MODULES = ("ip_vs", "ip_vs_rr", "tcp_diag", "inet_diag")
LISTEN = (
    f"import socket, time; s = socket.create_server(('0.0.0.0', {PORT}), backlog=64)\nwhile True: s.accept()[0].close()"
)


class Site:
    """The director, with keepalived and our scripts, and two real servers."""

    def __init__(self, network: Network) -> None:
        self.host = network.add_host("director", DIRECTOR)
        self._log = RESULTS / "director-keepalived.log"
        SystemLog(self.host, RESULTS / "director-syslog.log")
        self.host.run("ip", "addr", "add", f"{VIP}/32", "dev", "eth0")
        self.servers = {address: self._server(network, name, address) for name, address in (("a", REAL), ("b", OTHER))}
        self._install()
        self.keepalived = self.host.start("keepalived", "-C", "-n", "-l", "-D", "-f", "/run/keepalived.conf")

    def _server(self, network: Network, name: str, address: str) -> Host:
        server = network.add_host(name, address)
        server.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        server.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")
        server.start(PYTHON, "-c", LISTEN)
        return server

    def _path(self, inside: str) -> Path:
        path = self.host.run_folder / inside.removeprefix("/run/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _install(self) -> None:
        install_verdict(self._path(f"{SCRIPTS}/verdict"), SERVICES, STATE)
        self._path(f"{SERVICES}/{SERVICE}.toml").write_text(SERVICE_FILE)
        self._path(ROLE_FILE).write_text("1\n")
        self.write_config(SOUND)

    def write_config(self, text: str) -> None:
        """Write keepalived's configuration, which it does not read by itself."""
        self._path("/run/keepalived.conf").write_text(text)

    def reload(self) -> None:
        """Let keepalived read its configuration, and wait until it has."""
        before = self._log.read_text().count("Activating") + self._log.read_text().count("Deactivating")
        os.kill(self.keepalived.pid, signal.SIGHUP)

        def reloaded() -> bool:
            text = self._log.read_text()
            return text.count("Activating") + text.count("Deactivating") > before

        if not wait_until(reloaded, SETTLE_SECONDS, 0.2):
            sys.exit("keepalived does not reload")

    def settle(self) -> None:
        """Wait until both servers have been checked since now, and both are in the table."""
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        state = str(self._path(STATE))

        def settled() -> bool:
            lines = [read_last(state, SERVICE, address) for address in (REAL, OTHER)]
            table = parse_table(self.host.net_file("ip_vs").encode())
            servers = table.services.get(("tcp", parse_address(VIP), PORT), {})
            checked = all(line is not None and line.healthy and line.written >= began for line in lines)
            return checked and set(servers) == {(parse_address(address), PORT) for address in (REAL, OTHER)}

        if not wait_until(settled, SETTLE_SECONDS, 0.2):
            sys.exit(f"the site does not settle: {self.host.net_file('ip_vs')}")

    def shell(self, command: str) -> None:
        """Do something on the director."""
        self.host.run("sh", "-ec", command)

    def verify(self, name: str) -> None:
        """Print what verify says."""
        folders = ("--services", SERVICES, "--state", STATE)
        command = (PYTHON, "-I", "-S", LAUNCHER, "verify", "--json", *folders)
        began = time.monotonic()
        done = self.host.execute(*command, limit_s=90.0)
        seconds = time.monotonic() - began
        told = json.loads(done.stdout) if done.stdout.startswith("{") else None
        print(json.dumps({"name": name, "status": done.returncode, "told": told, "stderr": done.stderr, "s": seconds}))

    def suffer(self, fault: Fault) -> None:
        """Do one fault, look, and take it back."""
        self.shell(fault.do)
        if fault.config is not None:
            self.write_config(fault.config)
            if fault.loaded:
                self.reload()
        self.verify(fault.name)
        self.shell(fault.undo)
        if fault.config is not None:
            self.write_config(SOUND)
            if fault.loaded:
                self.reload()
        if fault.settles or (fault.config is not None and fault.loaded):
            self.settle()


def main() -> int:
    """Build the site, verify it, and after each fault."""
    load_modules(*MODULES)
    network = Network(RESULTS)
    site = Site(network)
    site.settle()
    site.verify("sound")
    for fault in FAULTS:
        site.suffer(fault)
    site.settle()
    site.verify("sound again")
    checker = int((site.host.run_folder / "checkers.pid").read_text())
    os.kill(checker, signal.SIGSTOP)
    site.verify("hangs")
    os.kill(checker, signal.SIGCONT)
    site.keepalived.stop()
    site.verify("stopped")
    network.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
