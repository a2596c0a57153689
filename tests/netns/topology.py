# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts as network namespaces on a switch: the one library that builds them, for tests and benches.

    with Network() as network:
        director = network.host("director", ["10.0.0.21/24", "2001:db8::21/64"])
        director.run(["ping", "-c1", "10.0.0.42"])
        with director.entered():
            link = PacketLink(...)      # a socket stays in the namespace it was opened in

Every namespace is named after this process, removed when the Network is left, and after a run that died,
when the next Network begins. Nothing here touches the interfaces or rules of the machine itself. Needs
root.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_CLONE_NEWNET = 0x40000000  # sched.h
_NAMED_NAMESPACES = Path("/run/netns")  # ip-netns(8)
_NAME = "rawcheck-{pid}-{number}-{host}"
_NAME_PATTERN = re.compile(r"rawcheck-(\d+)-\d+-.+")
_SETTLE_TIMEOUT = 5.0  # seconds
_COMMAND_TIMEOUT = 20.0  # seconds
_KILL_TIMEOUT = 5.0  # seconds

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


def wait_until(condition: Callable[[], bool], what: str, timeout: float = _SETTLE_TIMEOUT) -> None:
    """Return as soon as condition() holds; AssertionError after timeout seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.002)


def _execute(
    argv: Sequence[str], timeout: float = _COMMAND_TIMEOUT, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)


def _demand_success(done: subprocess.CompletedProcess[str]) -> None:
    command = " ".join(done.args)
    assert done.returncode == 0, f"{command}: exit {done.returncode}: {done.stderr.strip()}"


def _run(argv: Sequence[str]) -> str:
    done = _execute(argv)
    _demand_success(done)
    return done.stdout


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """One named network namespace and the processes that were started in it."""

    def __init__(self, host: str) -> None:
        self.namespace = _NAME.format(pid=os.getpid(), number=next(_numbers), host=host)
        self._children: list[subprocess.Popen[str]] = []
        _run(["ip", "netns", "add", self.namespace])
        self.ip("link", "set", "lo", "up")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Put this thread into the namespace; sockets and processes made meanwhile stay there."""
        with open("/proc/thread-self/ns/net") as before, open(_NAMED_NAMESPACES / self.namespace) as inside:
            _set_namespace(inside.fileno())
            try:
                yield
            finally:
                _set_namespace(before.fileno())

    def popen(self, argv: Sequence[str], stdin: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start a process in the namespace, stdin and stdout being pipes; the Network ends it at last."""
        with self.entered():
            child = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, text=True)
        self._children.append(child)
        return child

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout: float = _COMMAND_TIMEOUT, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace to its end; check: failure is an AssertionError with its stderr."""
        with self.entered():
            done = _execute(argv, timeout, stdin)
        if check:
            _demand_success(done)
        return done

    def ip(self, *arguments: str) -> str:
        """Return what `ip` says to these arguments in the namespace."""
        return _run(["ip", "-n", self.namespace, *arguments])

    def sysctl(self, name: str, value: int | str) -> None:
        """Set a sysctl of this namespace, named like "net.ipv4.ip_forward"."""
        with self.entered():
            Path("/proc/sys", *name.split(".")).write_text(f"{value}\n")

    def nft(self, ruleset: str) -> None:
        """Add a ruleset to the namespace's nftables."""
        self.run(["nft", "-f", "-"], stdin=ruleset)

    def remove(self) -> None:
        """End the processes that were started here, and delete the namespace."""
        for child in self._children:
            end_process(child)
        self._children.clear()
        _delete(self.namespace)


def end_process(child: subprocess.Popen[str]) -> None:
    """Kill a process that we started, and reap it."""
    if child.poll() is None:
        child.kill()
    child.wait(_KILL_TIMEOUT)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


class Host(Namespace):
    """A host on the switch. `macs` maps its Ethernet interfaces to their addresses, as text."""

    def __init__(self, network: Network, name: str, number: int) -> None:
        super().__init__(name)
        self.name = name
        self.macs: dict[str, str] = {}
        self._network = network
        self._number = number
        for scope in ("default", "all"):
            # Addresses are usable at once, and no host speaks unasked.
            self.sysctl(f"net.ipv6.conf.{scope}.accept_dad", 0)
            self.sysctl(f"net.ipv6.conf.{scope}.router_solicitations", 0)
            self.sysctl(f"net.ipv6.conf.{scope}.accept_ra", 0)

    @property
    def mac(self) -> str:
        """The MAC of eth0."""
        return self.macs["eth0"]

    @property
    def mac_octets(self) -> bytes:
        """The MAC of eth0, 6 octets."""
        return bytes.fromhex(self.mac.replace(":", ""))

    def index(self, interface: str = "eth0") -> int:
        """Return the index of an interface."""
        return int(self.ip("-o", "link", "show", interface).split(":")[0])

    def attach(self, interface: str, addresses: Sequence[str] = (), bridge: str = "br0") -> None:
        """Plug a further interface into a bridge of the switch."""
        self.macs[interface] = self._next_mac()
        self._network.plug(self, interface, self.macs[interface], bridge)
        self._address(interface, addresses)

    def macvlan(self, interface: str, parent: str = "eth0", addresses: Sequence[str] = ()) -> None:
        """Make a macvlan interface, in bridge mode, on top of another one."""
        self.macs[interface] = self._next_mac()
        address = ["address", self.macs[interface]]
        self.ip("link", "add", interface, "link", parent, *address, "type", "macvlan", "mode", "bridge")
        self.ip("link", "set", interface, "up")
        self._address(interface, addresses)

    def add_address(self, address: str, interface: str) -> None:
        """Give an interface an address with its prefix length, usable at once."""
        if ":" not in address:
            self.ip("address", "add", address, "dev", interface)
            return
        self.ip("address", "add", address, "dev", interface, "nodad")
        # The kernel has it a moment before the route to it: addrconf_dad_begin (net/ipv6/addrconf.c) is work for later.
        local = ["-6", "route", "show", "table", "local", address.split("/")[0]]
        wait_until(lambda: bool(self.ip(*local)), f"{address} is usable")

    def remove_address(self, address: str, interface: str) -> None:
        """Take an address, with its prefix length, from an interface."""
        self.ip("address", "del", address, "dev", interface)

    def set_mac(self, mac: str, interface: str = "eth0") -> None:
        """Change the MAC of an interface; the kernel tells nobody (arp_notify is off)."""
        self.ip("link", "set", interface, "address", mac)
        self.macs[interface] = mac

    def is_running(self, interface: str) -> bool:
        """Return whether the interface has a carrier and the kernel has noticed."""
        return "LOWER_UP" in self.ip("-o", "link", "show", interface)

    def _next_mac(self) -> str:
        return f"02:00:00:00:{self._number:02x}:{len(self.macs):02x}"

    def _address(self, interface: str, addresses: Sequence[str]) -> None:
        for address in addresses:
            self.add_address(address, interface)


class Network:
    """A switch with bridges, and hosts plugged into it. Leaving it removes everything, whatever happened."""

    def __enter__(self) -> Network:
        remove_leftovers()
        self._hosts: list[Host] = []
        self._ports: list[str] = []
        self._cables: dict[tuple[Host, str], str] = {}
        self._switch = Namespace("switch")
        try:
            for scope in ("default", "all"):
                self._switch.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", 1)
            self.add_bridge("br0")
        except BaseException:
            self._switch.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for namespace in (*self._hosts, self._switch):
            namespace.remove()

    def add_bridge(self, name: str) -> None:
        """Make another bridge, a segment of its own."""
        # No snooping: multicast, and so neighbour discovery, reaches every port from the first frame on.
        self._switch.ip("link", "add", name, "type", "bridge", "mcast_snooping", "0", "forward_delay", "0")
        self._switch.ip("link", "set", name, "up")

    def host(self, name: str, addresses: Sequence[str] = (), bridge: str = "br0") -> Host:
        """Return a new host with eth0, with these addresses ("10.0.0.21/24"), on a bridge."""
        host = Host(self, name, len(self._hosts) + 1)
        self._hosts.append(host)
        host.attach("eth0", addresses, bridge)
        return host

    def set_port_mtu(self, mtu: int) -> None:
        """Let every port of the switch carry packets of up to mtu octets."""
        for port in self._ports:
            self._switch.ip("link", "set", port, "mtu", str(mtu))

    def unplug(self, host: Host, interface: str = "eth0") -> None:
        """Take the carrier from a host's interface, and wait until its kernel has noticed."""
        self._switch.ip("link", "set", self._cables[host, interface], "down")
        wait_until(lambda: not host.is_running(interface), f"{interface} has no carrier")

    def carry_again(self, host: Host, interface: str = "eth0") -> None:
        """Give an unplugged interface its carrier back, and wait until the bridge forwards there."""
        port = self._cables[host, interface]
        self._switch.ip("link", "set", port, "up")
        wait_until(lambda: self._forwards(port) and host.is_running(interface), f"{port} forwards again")

    def plug(self, host: Host, interface: str, mac: str, bridge: str) -> None:
        """Make a cable from a host's new interface to a bridge, and wait until the bridge forwards there."""
        port = f"port{len(self._ports) + 1}"
        far_end = ["peer", "name", interface, "netns", host.namespace, "address", mac]
        self._switch.ip("link", "add", port, "type", "veth", *far_end)
        self._ports.append(port)
        self._cables[host, interface] = port
        host.ip("link", "set", interface, "up")
        self._switch.ip("link", "set", port, "master", bridge, "up")
        wait_until(lambda: self._forwards(port) and host.is_running(interface), f"{port} forwards")

    def _forwards(self, port: str) -> bool:
        return "state forwarding" in self._switch.ip("-d", "-o", "link", "show", port)


def remove_leftovers() -> None:
    """Delete the namespaces of runs whose process is gone, and no others."""
    for entry in _NAMED_NAMESPACES.glob("rawcheck-*"):
        match = _NAME_PATTERN.fullmatch(entry.name)
        if match and not Path("/proc", match[1]).exists():
            _delete(entry.name)


def _delete(namespace: str) -> None:
    # Not demanded to succeed: another run may be removing the same leftover.
    _execute(["ip", "netns", "del", namespace])
