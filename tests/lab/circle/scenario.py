# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py: in the laboratory, two directors that are each other's real servers; prints what we say of them.

One JSON object a look: its name, the exit status, and what `explain --json` said of the second one in one family, or
`audit --ipvs --json`, by the first one's own table, of all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.director import LAUNCHER
from lab.network import Host, Network, load_modules, wait_until

RESULTS = Path("/run/lab/results")
PYTHON = "/usr/bin/python3"
VIPS = {"IPv4": "10.0.0.100", "IPv6": "2001:db8::100"}
ADDRESSES = {"one": "10.0.0.11", "two": "10.0.0.12", "other": "10.0.0.13"}
PORT = 80
LISTEN = (
    "import socket\n"
    f"s = socket.create_server(('::', {PORT}), family=socket.AF_INET6, backlog=64, dualstack_ipv6=True)\n"
    "while True: s.accept()[0].close()"
)


def address_of(name: str, family: str) -> str:
    """Return a host's address in a family."""
    return ADDRESSES[name] if family == "IPv4" else f"2001:db8::{ADDRESSES[name].rpartition('.')[2]}"


class Site:
    """Both directors hold the VIPs, the first on the link as the active one does; each balances over both."""

    def __init__(self) -> None:
        network = Network(RESULTS)
        self.hosts = {name: self._host(network, name) for name in ADDRESSES}
        for name, host in self.hosts.items():
            for vip in VIPS.values():
                device = "eth0" if name == "one" else "lo"
                host.run("ip", "addr", "add", f"{vip}/{128 if ':' in vip else 32}", "dev", device, "nodad")
            _serve(host)

    def _host(self, network: Network, name: str) -> Host:
        host = network.add_host(name, ADDRESSES[name])
        host.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        host.run("ip", "addr", "add", f"{address_of(name, 'IPv6')}/64", "dev", "eth0", "nodad")
        return host

    def balance(self, name: str, servers: tuple[str, ...]) -> None:
        """Give a director a table over these, round robin; none: no table."""
        host = self.hosts[name]
        host.run("ipvsadm", "-C")
        for family, vip in VIPS.items() if servers else ():
            service = f"{vip}:{PORT}" if family == "IPv4" else f"[{vip}]:{PORT}"
            host.run("ipvsadm", "-A", "-t", service, "-s", "rr")
            for server in servers:
                address = address_of(server, family)
                real = f"{address}:{PORT}" if family == "IPv4" else f"[{address}]:{PORT}"
                host.run("ipvsadm", "-a", "-t", service, "-r", real, "-g")

    def look(self, name: str) -> None:
        """Print what the first director explains of the second, in both families."""
        for family, vip in VIPS.items():
            self._say(name, family, "explain", "tcp", "--json", "-t", "1", address_of("two", family), vip, str(PORT))

    def audit(self, name: str) -> None:
        """Print what the first director finds by its table."""
        self._say(name, "table", "audit", "--ipvs", "--json")

    def _say(self, name: str, family: str, *words: str) -> None:
        done = self.hosts["one"].execute(PYTHON, "-I", "-S", LAUNCHER, *words, limit_s=60.0)
        told = json.loads(done.stdout) if done.stdout.startswith("{") else None
        print(json.dumps({"name": name, "family": family, "status": done.returncode, "told": told}), flush=True)


def _serve(host: Host) -> None:
    """Let a host listen on all its addresses."""
    host.start(PYTHON, "-c", LISTEN)
    if not wait_until(lambda: f":{PORT}" in host.run("ss", "-Hltn"), 30.0):
        sys.exit(f"nothing listens on {host.name}")


def main() -> int:
    """Look at a sound pair, at a circle, at one that passes all on, and at what is sound again."""
    load_modules("ip_vs", "ip_vs_rr", "tcp_diag", "inet_diag", "ipv6")
    site = Site()
    site.balance("one", ("one", "two"))
    site.look("sound")
    site.audit("sound")
    site.balance("two", ("one", "two"))
    site.look("circle")
    site.balance("two", ("other",))
    site.look("to another")
    site.audit("to another")
    site.balance("two", ("one",))
    site.look("back")
    site.balance("two", ())
    site.look("sound again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
