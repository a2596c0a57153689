# SPDX-License-Identifier: GPL-2.0-or-later
"""A site of thousands of services, each with a VIP and one real server, on a handful of hosts."""

from __future__ import annotations

from tests.checks.site import PORT
from tests.daemon.desk import Desk
from tests.netns.roles import director, lose_vip, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

_VIPS_A_NETWORK = 200


class ManyServices:
    """The services `svc0`, `svc1`, ... of a registry; the last host has few of them, the others as many each."""

    def __init__(self, network: Network, desk: Desk, count: int, hosts: int, few: int, **settings: object) -> None:
        self.network = network
        self._count = count
        self._few = few
        self.director = director(network, "director", ["10.0.0.21/24"])
        self._hosts = [real_server(network, f"real{each}", [f"{_address(each)}/24"]) for each in range(hosts)]
        _add_all(self.director, "eth0", [_vip(number) for number in range(count)])
        self._host_numbers = [each % (hosts - 1) for each in range(count - few)] + [hosts - 1] * few
        for each, host in enumerate(self._hosts):
            _add_all(host, "lo", [_vip(number) for number in range(count) if self._host_numbers[number] == each])
            tcp_server(host, "0.0.0.0", PORT)
        for number in range(count):
            desk.write_endpoint(f"svc{number}", f"{_vip(number)}:{PORT}", self.real_server(number), **settings)

    def real_server(self, number: int) -> str:
        """Return the address of a service's server."""
        return _address(self._host_numbers[number])

    def check_id(self, number: int) -> str:
        """Return the ID of the check of a service."""
        return f"svc{number}/{self.real_server(number)}"

    def ids(self) -> list[str]:
        """Return the IDs of all checks."""
        return [self.check_id(number) for number in range(self._count)]

    def lose_vip(self, number: int) -> None:
        """Take the VIP of a service from its server."""
        lose_vip(self._hosts[self._host_numbers[number]], _vip(number))

    def give_vip(self, number: int) -> None:
        """Give it back."""
        self._hosts[self._host_numbers[number]].add_address(f"{_vip(number)}/32", "lo")

    def refuse(self, number: int) -> None:
        """End the service itself: its server answers with RST."""
        rule = f"ip daddr {_vip(number)} tcp dport {PORT} reject with tcp reset"
        chain = f"chain c{number} {{ type filter hook input priority 0; {rule}; }}"
        self._hosts[self._host_numbers[number]].nft(f"table inet refused {{ {chain}; }}")

    def of_few(self) -> range:
        """Return the services of the host that has few."""
        return range(self._count - self._few, self._count)

    def unplug_few(self) -> None:
        """Let that host fail."""
        self.network.unplug(self._hosts[-1])


def _vip(number: int) -> str:
    return f"10.1.{number // _VIPS_A_NETWORK}.{number % _VIPS_A_NETWORK + 1}"


def _address(host: int) -> str:
    return f"10.0.0.{101 + host}"


def _add_all(host: Host, interface: str, addresses: list[str]) -> None:
    host.run(["ip", "-batch", "-"], stdin="".join(f"address add {each}/32 dev {interface}\n" for each in addresses))
