# SPDX-License-Identifier: GPL-2.0-or-later
"""The director and its real servers, and what an operator does on it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.director import LAUNCHER, SystemLog
from lab.network import Host, LabError, Network, Process, load_modules, wait_until

from lvs_rawcheck.director.ipvs import parse_table
from lvs_rawcheck.wire.address import format_address, parse_address
from tests.lab.four_ways.configuration import (
    ALONE,
    CONF,
    DIRECTOR,
    FARM,
    PORT,
    PREFIX_LENGTH,
    SCRIPTS,
    SERVICES,
    STATE,
    VIP,
    configuration,
)
from tests.lab.four_ways.processor import mount_groups, start_in

RESULTS = Path("/run/lab/results")
PYTHON = "/usr/bin/python3"
KEEPALIVED, DAEMON, SERVERS = "keepalived", "daemon", "servers"
"""Control groups. SERVERS: the real servers' own processes."""
_GENERATE_SECONDS = 240.0
# In turns of a tenth of a second, so that little of what is measured is a real server's own process.
_SERVE = f"""
import socket, time
listening = socket.create_server(("0.0.0.0", {PORT}), backlog=4096)
listening.setblocking(False)
while True:
    time.sleep(0.1)
    try:
        while True:
            listening.accept()[0].close()
    except BlockingIOError:
        pass
"""


class Site:
    """One director, one host with all real servers but one, and that one."""

    def __init__(self) -> None:
        load_modules("ip_vs", "ip_vs_rr", "tcp_diag", "inet_diag")
        mount_groups(KEEPALIVED, DAEMON, SERVERS)
        self._network = Network(RESULTS)
        self.director = self._network.add_host("director", DIRECTOR, PREFIX_LENGTH)
        self._alone = self._network.add_host("alone", ALONE, PREFIX_LENGTH)
        farm = self._network.add_host("farm", FARM[0], PREFIX_LENGTH)
        self.real_servers = [farm, self._alone]
        SystemLog(self.director, RESULTS / "director-syslog.log")
        self.director.run("ip", "addr", "add", f"{VIP}/32", "dev", "eth0")
        batch = "".join(f"addr add {address}/{PREFIX_LENGTH} dev eth0\n" for address in FARM[1:])
        farm.run("sh", "-c", 'echo "$1" | ip -batch -', "sh", batch)
        for host in self.real_servers:
            host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
            host.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")
            start_in(SERVERS, host, PYTHON, "-c", _SERVE)
        self._command("generate", "scripts", *_PLACES)
        self._keepalived: Process | None = None

    def close(self) -> None:
        """End all."""
        self._network.close()

    def take_vip(self) -> None:
        """Take the VIP from one real server; all else goes on working."""
        self._alone.run("ip", "addr", "del", f"{VIP}/32", "dev", "lo")

    def give_vip(self) -> None:
        """Give it back."""
        self._alone.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")

    def table(self) -> frozenset[str]:
        """Return the real servers that are in the table now."""
        services = parse_table(self.director.net_file("ip_vs").encode()).services
        servers = services.get(("tcp", parse_address(VIP), PORT), {})
        return frozenset(format_address(address) for (address, _), there in servers.items() if there.weight)

    def generate(self, *words: str) -> str:
        """Return what becomes of the configuration as it was before; it is written."""
        place = self.inside(CONF)
        place.write_text(configuration())
        self._command("generate", "keepalived", CONF, "--write", "--no-probe", *words, *_PLACES)
        return place.read_text()

    def start_keepalived(self, text: str) -> None:
        """Start keepalived with this configuration."""
        self.inside(CONF).write_text(text)
        self._keepalived = start_in(KEEPALIVED, self.director, "keepalived", "-C", "-n", "-l", "-D", "-f", CONF)

    def stop_keepalived(self) -> None:
        """Stop it; it empties the table."""
        assert self._keepalived is not None
        self._keepalived.stop(30.0)
        if not wait_until(lambda: not self.table(), 10.0):
            raise LabError("keepalived has left its table")

    def start_daemon(self) -> Process:
        """Start the daemon."""
        places = ("--services", SERVICES, "--state", STATE)
        return start_in(DAEMON, self.director, PYTHON, "-I", "-S", LAUNCHER, "daemon", *places)

    def inside(self, path: str) -> Path:
        """Return where a file of the director's own /run is seen from outside."""
        return _inside(self.director, path)

    def _command(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = self.director.execute(PYTHON, "-I", "-S", LAUNCHER, *words, limit_s=_GENERATE_SECONDS)
        if done.returncode != 0:
            raise LabError(f"{' '.join(words)}: exit status {done.returncode}: {done.stdout}{done.stderr}")
        return done


_PLACES = ("--scripts", SCRIPTS, "--services", SERVICES, "--state", STATE)


def _inside(host: Host, path: str) -> Path:
    return host.run_folder / path.removeprefix("/run/")
