# SPDX-License-Identifier: GPL-2.0-or-later
"""Sites whose services have each a VIP and a real server of their own: what they cost grows with them, not squared.

All addresses are one host's. Neighbour tables are shared by all namespaces of a machine, and hold 1,024 entries unless
they are told otherwise (gc_thresh3, arp(7)): so no site is larger than SERVERS.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.checks.path import Path as WayOut
from lvs_rawcheck.daemon.health import UNKNOWN, UP
from lvs_rawcheck.daemon.neighbours import Neighbours
from lvs_rawcheck.daemon.service import Daemon
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.link.monitor import Monitor
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.address import format_address
from tests.checks.site import PORT
from tests.daemon.desk import PATIENCE, Desk
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

FEW, SERVERS = 100, 800
MORE_THAN_LINEAR = 3.0 * SERVERS / FEW
"""So many times what FEW take may SERVERS take: three times their share; a square would be eight times of it."""
MORE_THAN_ROUTES = 5.0
"""So many times what the kernel takes to tell its routes may the ways take: it looks at all its addresses itself."""
SILENT_SECONDS = 0.1
"""Of those that are asked for: each is asked for again a little later, all of them at once."""
DOWN_SECONDS = 5.0
PATIENT = 8.0  # a deadline, on a machine however busy
_ARP_IGNORE = "net.ipv4.conf.all.arp_ignore"  # Documentation/networking/ip-sysctl.rst
_NOBODY, _AS_REAL_SERVER = 8, 1


class Farm:
    """A director, and a host that is `count` real servers."""

    def __init__(self, network: Network, folder: Path, count: int, version: int = 4, **settings: object) -> None:
        self._network = network
        self.count = count
        self._version = version
        folder.mkdir()
        self.desk = Desk(folder)
        self.director = director(network, f"director{count}", [self._own])
        self.host = real_server(network, f"farm{count}", [])
        self._add(self.host, "eth0", [self.real_server(each) + self._link for each in range(count)])
        self._add(self.host, "lo", self.vips())
        tcp_server(self.host, "0.0.0.0" if version == 4 else "::", PORT)
        for each in range(count):
            self.write(each, **settings)

    def write(self, number: int, **settings: object) -> None:
        """Write the file of a service."""
        vip = self._vip(number)
        endpoint = f"{vip}:{PORT}" if self._version == 4 else f"[{vip}]:{PORT}"
        self.desk.write_endpoint(f"svc{number}", endpoint, self.real_server(number), interval=1.0, **settings)

    def unplug(self) -> None:
        """Let all servers be silent."""
        self._network.unplug(self.host)

    def plug_in(self) -> None:
        """Let them speak again."""
        self._network.carry_again(self.host)

    def remove(self) -> None:
        """Make room for another one at once: a namespace lives on for a while, and speaks, and has neighbours."""
        self.unplug()
        self.director.ip("neighbour", "flush", "dev", "eth0")
        self.director.remove()
        self.host.remove()

    def hold_vips(self) -> None:
        """Let the director be the active one."""
        self._add(self.director, "eth0", self.vips())

    def real_server(self, number: int) -> str:
        """Return the address of a service's server."""
        return f"10.1.{number // 250}.{number % 250 + 1}" if self._version == 4 else f"2001:db8::1:{number + 1:x}"

    def vips(self) -> list[str]:
        """Return all VIPs, each with its prefix length."""
        return [self._vip(each) + ("/32" if self._version == 4 else "/128") for each in range(self.count)]

    def _vip(self, number: int) -> str:
        return f"10.2.{number // 250}.{number % 250 + 1}" if self._version == 4 else f"2001:db8::2:{number + 1:x}"

    @property
    def _link(self) -> str:
        return "/8" if self._version == 4 else "/64"

    @property
    def _own(self) -> str:
        return ("10.0.0.21" if self._version == 4 else "2001:db8::21") + self._link

    def _add(self, host: Host, interface: str, addresses: list[str]) -> None:
        at_once = " nodad" if self._version == 6 else ""
        lines = [f"address add {each} dev {interface}{at_once}\n" for each in addresses]
        host.run(["ip", "-batch", "-"], stdin="".join(lines))

    @contextmanager
    def watched(self) -> Iterator[Watched]:
        """Run the daemon and write down what it says."""
        with self.desk.running(self.director) as daemon:
            yield Watched(daemon)


class Watched:
    """A daemon, what it has told of each check, and what its turns cost.

    That is counted in calls of functions: however busy the machine, they are as many.
    """

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.calls = 0
        """Calls and returns of its turns so far."""
        self.verdicts: set[str] = set()
        """What was told of any check, but that it is unknown."""
        self.up: set[str] = set()
        """The checks that are."""
        daemon.engine.listeners.append(self._note)

    def hasten(self) -> None:
        """Let all checks be due at once."""
        engine = self.daemon.engine
        engine.schedule.hasten(list(engine.checks), clock.now(), 0.0)

    def turn_for(self, seconds: float) -> None:
        """Turn the loop for some time."""
        end = clock.now() + seconds
        self._turn_until(lambda: clock.now() >= end, "time passes")

    def until_up(self, count: int) -> None:
        """Turn the loop until so many checks are up."""
        self._turn_until(lambda: len(self.up) == count, f"{count} are up")

    def _note(self, state: CheckState, now: float) -> None:
        if state.state == UP:
            self.up.add(state.check_id)
        else:
            self.up.discard(state.check_id)
        if state.state != UNKNOWN:
            self.verdicts.add(state.state)

    def _turn_until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = clock.now() + PATIENCE
        sys.setprofile(self._count)
        try:
            while not condition():
                assert clock.now() < deadline, f"{what}: {len(self.up)} of {len(self.daemon.engine.checks)} are up"
                self.daemon.turn()
        finally:
            sys.setprofile(None)

    def _count(self, *_: object) -> None:
        self.calls += 1


def test_hundreds_asked_for_at_once_cost_as_many_times_as_one(network: Network, tmp_path: Path) -> None:
    """A cold start of servers that answer nothing by ARP at first: then all answers come at once."""
    calls = {}
    for count in (FEW, SERVERS):
        farm = Farm(network, tmp_path / str(count), count, timeout=PATIENT)
        farm.host.sysctl(_ARP_IGNORE, _NOBODY)
        with farm.watched() as watched:
            watched.hasten()
            watched.turn_for(SILENT_SECONDS)
            assert not watched.verdicts, "all are asked for"
            watched.calls = 0
            farm.host.sysctl(_ARP_IGNORE, _AS_REAL_SERVER)
            watched.until_up(count)
            assert watched.verdicts == {UP}, "none was ever told down"
            calls[count] = watched.calls
        farm.remove()
    print(calls)
    assert calls[SERVERS] <= MORE_THAN_LINEAR * calls[FEW]


@pytest.mark.full
def test_servers_that_are_silent_together_and_come_back_cost_as_many_times_as_one(
    network: Network, tmp_path: Path
) -> None:
    calls = {}
    for count in (FEW, SERVERS):
        farm = Farm(network, tmp_path / str(count), count, timeout=0.9)
        with farm.watched() as watched:
            watched.until_up(count)
            farm.unplug()
            watched.calls = 0
            watched.until_up(0)
            watched.turn_for(DOWN_SECONDS)
            farm.plug_in()
            watched.until_up(count)
            calls[count] = watched.calls
        farm.remove()
    print(calls)
    assert calls[SERVERS] <= MORE_THAN_LINEAR * calls[FEW]


def test_an_active_director_finds_its_ways_without_reading_all_its_addresses_for_each(
    network: Network, tmp_path: Path
) -> None:
    """IPv6, where the kernel's own choice of a source may be a VIP, so that the others are looked at."""
    farm = Farm(network, tmp_path / "farm", SERVERS, version=6)
    farm.hold_vips()
    with farm.watched() as watched:
        watched.daemon.engine.paths_changed()
        ways = watched.daemon.lanes.paths
        requests = [check.request for check in watched.daemon.engine.checks.values()]
        began = time.thread_time()
        found = [ways.way(request) for request in requests]
        asked = time.thread_time()
        with Netlink() as netlink:
            routes = [netlink.route(request.real_ip) for request in requests]
        ended = time.thread_time()
    assert {format_address(way.director_ip) for way in found if isinstance(way, WayOut)} == {"2001:db8::21"}
    assert len(found) == len(routes) == SERVERS
    print(f"ways {asked - began:.3f} s, bare routes {ended - asked:.3f} s")
    assert asked - began <= MORE_THAN_ROUTES * (ended - asked)


def test_the_table_that_is_kept_says_of_macs_and_addresses_what_the_kernel_says(network: Network) -> None:
    host = director(network, "director", ["10.0.0.21/24"])
    host.attach("eth1", ["10.0.1.21/24"])

    def set_entry(address: str, last: int, device: str = "eth0") -> None:
        host.ip("neighbour", "replace", address, "lladdr", f"02:00:00:00:99:{last:02x}", "dev", device)

    with host.entered():
        monitor = Monitor()
        kept = Neighbours(monitor)
        with Netlink() as netlink:
            set_entry("10.0.0.1", 1)
            set_entry("10.0.0.2", 1)
            set_entry("10.0.0.2", 2, "eth1")
            set_entry("10.0.0.3", 3)
            _compare(kept, netlink)
            set_entry("10.0.0.1", 3)
            host.ip("neighbour", "del", "10.0.0.2", "dev", "eth0")
            _compare(kept, netlink)
            host.ip("link", "set", "eth0", "down")
            host.ip("link", "del", "eth1")
            _compare(kept, netlink)
        monitor.close()


def _compare(kept: Neighbours, netlink: Netlink) -> None:
    addresses = [bytes([10, 0, 0, last]) for last in range(1, 5)]
    assert kept.known(addresses) == netlink.known(addresses)
    for last in range(1, 5):
        mac = bytes([2, 0, 0, 0, 0x99, last])
        assert sorted(kept.addresses_of(mac)) == sorted(netlink.addresses_of(mac))
