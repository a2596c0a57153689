# SPDX-License-Identifier: GPL-2.0-or-later
"""A site for the soak: checks of several kinds on ten real servers, of which eight never fail."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.daemon.desk import Desk
from tests.netns.daemons.daemon import Daemon
from tests.netns.daemons.web import nginx
from tests.netns.roles import director, real_server
from tests.netns.topology import Host, Network

STEADY, SHAKY = 8, 2  # real servers
_DNS_SERVER = Path(__file__).with_name("dns_server.py")
_DNS_PORT = 53
_TIMEOUT = 0.8  # seconds
_KINDS = (
    # name, share of the services, port, protocol, check
    ("tcp", 0.5, 80, "tcp", 'kind = "tcp"'),
    ("http", 0.25, 80, "tcp", 'kind = "http"'),
    ("https", 0.1, 443, "tcp", 'kind = "https"'),
    ("dns", 0.15, _DNS_PORT, "udp", 'kind = "dns"\nname = "www.example.com"\ntype = "A"'),
)


class SoakSite:
    """Hosts and registry; its services have all servers each. services: how many. Close it before the network."""

    def __init__(self, network: Network, desk: Desk, services: int) -> None:
        self.network = network
        self.desk = desk
        self.director = director(network, "director", ["10.0.0.21/24"])
        self.vips = [f"10.2.0.{number + 1}" for number in range(services)]
        self.steady = [_address(number) for number in range(STEADY)]
        self.addresses = [_address(number) for number in range(STEADY + SHAKY)]
        _add_all(self.director, "eth0", self.vips)
        self.hosts = [self._real_server(number) for number in range(STEADY + SHAKY)]
        self._web: list[Daemon] = [nginx(host, ["0.0.0.0"]) for host in self.hosts]
        desk.role_file.write_text("1\n")
        self.count = self._write_services(services)

    def close(self) -> None:
        """End what serves."""
        for each in self._web:
            each.stop()

    def shaky_host(self, number: int) -> Host:
        """Return one of those that may fail."""
        return self.hosts[STEADY + number]

    def write_extra(self, name: str, vip: str, servers: int) -> None:
        """Write a service file more, of servers that never fail."""
        self.desk.write_endpoint(name, f"{vip}:80", *self.steady[:servers], interval=1.0, timeout=_TIMEOUT)

    def _real_server(self, number: int) -> Host:
        host = real_server(self.network, f"real{number}", [f"{_address(number)}/24"])
        _add_all(host, "lo", self.vips)
        names = [*self.vips, _address(number)]
        child = host.popen([sys.executable, "-I", "-S", str(_DNS_SERVER), str(_DNS_PORT), *names])
        assert child.stdout is not None
        assert child.stdout.readline() == "READY\n"
        return host

    def _write_services(self, services: int) -> int:
        """Return how many checks that makes."""
        number, until = 0, 0.0
        for kind, share, port, protocol, check in _KINDS:
            until += share * services
            while number < min(int(until + 0.5), services):
                role = {"role_file": f'"{self.desk.role_file}"'} if number % 2 else {}
                self.desk.write_endpoint(
                    f"{kind}{number}",
                    f"{self.vips[number]}:{port}",
                    *self.addresses,
                    check=check,
                    protocol=f'"{protocol}"',
                    interval=1.0,
                    timeout=_TIMEOUT,
                    fall=2,
                    **role,
                )
                number += 1
        return services * len(self.addresses)


def _address(number: int) -> str:
    return f"10.0.0.{101 + number}"


def _add_all(host: Host, interface: str, addresses: list[str]) -> None:
    host.run(["ip", "-batch", "-"], stdin="".join(f"address add {each}/32 dev {interface}\n" for each in addresses))
