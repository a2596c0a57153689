# SPDX-License-Identifier: GPL-2.0-or-later
"""The site of the demonstration: two directors, three real servers, one client, all on one switch.

`watch` looks at the site again and tells what has changed: tables, roles, the VIP, lost requests. Whoever
waits for something waits with `wait`, so that everything is told while it happens.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lab.client import LOST
from lab.director import Director
from lab.network import Host, Network, load_modules

VIP = "10.0.0.100"
PORT = 80
FOLDER = Path(__file__).resolve().parent
TCP_CHECK = FOLDER / "keepalived-tcp-check.conf"
RAW_CHECK = FOLDER / "keepalived-raw-check.conf"
PACE_S = 0.1


class Request:
    """One request of the client: when it was begun and ended (monotonic seconds), and who answered."""

    __slots__ = ("begun", "ended", "server")

    def __init__(self, line: str) -> None:
        begun, ended, self.server, _port = line.split()
        self.begun = float(begun)
        self.ended = float(ended)

    @property
    def lost(self) -> bool:
        """No answer came in time."""
        return self.server == LOST


class Client:
    """The closed loop of requests, seen through its log."""

    def __init__(self, host: Host) -> None:
        self.log_path = host.run_folder / "requests.log"
        self.log_path.touch()
        self._log = self.log_path.open("r", encoding="ascii")
        self._tail = ""
        self._host = host
        self.requests: list[Request] = []

    def start(self) -> None:
        """Begin to ask, until the laboratory ends."""
        log = f"/run/{self.log_path.name}"
        self._host.start("/usr/bin/python3", str(FOLDER / "client.py"), VIP, str(PORT), log)

    def read(self) -> list[Request]:
        """Return the requests that have ended since the last call."""
        self._tail += self._log.read()
        *lines, self._tail = self._tail.split("\n")
        fresh = [Request(line) for line in lines]
        self.requests += fresh
        return fresh

    def begun_between(self, start: float, end: float) -> list[Request]:
        """Return the ended requests that were begun in this time."""
        return [request for request in self.requests if start <= request.begun < end]


class Site:
    """Everything the acts play with. Times are seconds of the monotonic clock."""

    def __init__(self, results: Path) -> None:
        self._told: dict[str, object] = {}
        load_modules("ip_vs", "ip_vs_rr")
        network = Network(results)
        self.lb1 = Director(network.add_host("lb1", "10.0.0.11"), VIP, results)
        self.lb2 = Director(network.add_host("lb2", "10.0.0.12"), VIP, results)
        self.real_servers = [network.add_host(f"rs{n}", f"10.0.0.2{n}") for n in (1, 2, 3)]
        self.client = Client(network.add_host("client", "10.0.0.200"))
        self._names = {host.address: host.name for host in self.real_servers}
        for host in self.real_servers:
            self._set_up_real_server(host)

    @property
    def directors(self) -> tuple[Director, Director]:
        """Both directors; lb1 has the higher priority."""
        return self.lb1, self.lb2

    @property
    def all_addresses(self) -> frozenset[str]:
        """The own addresses of all real servers."""
        return frozenset(self._names)

    @staticmethod
    def _set_up_real_server(host: Host) -> None:
        # The VIP on lo must neither be announced by ARP nor used as the source of ARP requests.
        host.run("sysctl", "-q", "-w", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        host.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")
        (host.run_folder / "nginx").mkdir()
        host.start("nginx", "-p", "/run/nginx", "-e", "stderr", "-c", str(FOLDER / "nginx.conf"))

    @staticmethod
    def lose_vip(host: Host) -> None:
        """Take the VIP from a real server; everything else on it goes on working."""
        host.run("ip", "addr", "del", f"{VIP}/32", "dev", "lo")

    @staticmethod
    def restore_vip(host: Host) -> None:
        """Give the VIP back to a real server."""
        host.run("ip", "addr", "add", f"{VIP}/32", "dev", "lo")

    def say(self, text: str) -> None:
        """Tell the onlooker something, at so many seconds of the clock that all logs use."""
        print(f"{time.monotonic():6.1f} s  {text}".rstrip(), flush=True)

    def names(self, addresses: frozenset[str]) -> str:
        """Return the names of these real servers, for people."""
        return " ".join(sorted(self._names[address] for address in addresses)) or "nobody"

    def wait(self, condition: Callable[[], bool], limit_s: float) -> float | None:
        """Return the seconds it took until the condition held, None if it did not within `limit_s`."""
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > limit_s:
                return None
            self.watch()
            time.sleep(PACE_S)
        took = time.monotonic() - begun
        self.watch()
        return took

    def look_on(self, duration_s: float) -> None:
        """Let the site run for a while."""
        self.wait(lambda: False, duration_s)

    def watch(self) -> None:
        """Tell what has changed since the last look."""
        for director in self.directors:
            self._tell(f"{director.name} hands requests to", self.names(director.servers()))
            self._tell(f"{director.name} role file says", director.role())
            self._tell(f"{director.name} carries the VIP:", "yes" if director.has_vip() else "no")
            for line in director.log.said_by_checks():
                self.say(f"    {director.name} logs: {line}")
        for request in self.client.read():
            if request.lost:
                self.say(f"    a request was lost (no answer in {request.ended - request.begun:.1f} s)")

    def _tell(self, what: str, value: str) -> None:
        if self._told.get(what) != value:
            self._told[what] = value
            self.say(f"    {what} {value}")
