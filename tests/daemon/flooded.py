# SPDX-License-Identifier: GPL-2.0-or-later
"""A director whose interface is flooded with frames that are no answers, while a daemon checks two hundred servers.

20 VIPs, one of them checked by UDP, and 10 addresses of real servers, all of one machine. The flood comes from a third
one, to the director's own address: UDP of 4 octets to a low port and to a high one, and TCP, from strangers, and from
addresses beside the VIPs and beside the real servers'.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lvs_rawcheck.link.bpf import DROP_ALL, attach
from tests.bench.site import LAUNCHER
from tests.checks.flooder import TCP, UDP, ip_packet
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network, end_process, wait_until

CHECKS = 200
_DIRECTOR = "10.0.0.21"
_VIPS = [f"10.0.1.{2 * number}" for number in range(50, 70)]
_REALS = [f"10.0.0.{number}" for number in range(40, 50)]
_FOREIGN = [
    *(f"10.0.1.{2 * number + 1}" for number in range(50, 70)),
    *(f"10.0.0.{number}" for number in range(100, 110)),
    *(f"192.0.2.{number}" for number in range(1, 31)),
]
_FLOOD = Path(__file__).parents[1] / "netns" / "ring_flood.py"
_DISCARD, _SILENT_SEGMENT = 9, 0x5004  # a port of RFC 863, and RST: nobody answers either
_HIGH_PORT = 20000  # as a client of the director's own may have, below those that Linux chooses
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Counts:
    """What a daemon has counted, and the interface. at: monotonic seconds."""

    at: float
    interface: int
    frames_in: int
    foreign: int
    runs: int
    transitions: int
    up: int
    held: int


@dataclass(frozen=True)
class Flood:
    """What happened in so many seconds."""

    seconds: float
    before: Counts
    after: Counts

    @property
    def frames_a_second(self) -> float:
        """Return what really came in by the interface."""
        return (self.after.interface - self.before.interface) / self.seconds

    @property
    def checks(self) -> int:
        """Return how many were run."""
        return self.after.runs - self.before.runs

    @property
    def frames_a_check(self) -> float:
        """Return how many frames Python received for each."""
        return (self.after.frames_in - self.before.frames_in) / self.checks


class FloodedSite:
    """The site, and the daemon over it, which has run every check."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.director = director(network, "director", [f"{_DIRECTOR}/16"], _VIPS)
        self._real = real_server(network, "real", [f"{address}/16" for address in _REALS], _VIPS)
        self._stranger = network.host("stranger")
        tcp_server(self._real, "0.0.0.0", 80)
        self._metrics = folder / "metrics"
        self._start_daemon(folder)
        self._silent = [_silent_udp(self.director, _DIRECTOR, port) for port in (_DISCARD, _HIGH_PORT)]
        self._silent.append(_silent_udp(self._real, "0.0.0.0", 80))

    def close(self) -> None:
        """Give back what does not end with the network."""
        for each in self._silent:
            each.close()

    def _start_daemon(self, folder: Path) -> None:
        services, state = folder / "services.d", folder / "run"
        services.mkdir()
        state.mkdir(mode=0o755)
        servers = "".join(f'[[real_server]]\naddress = "{address}"\n' for address in _REALS)
        for number, vip in enumerate(_VIPS):
            kind = "udp" if vip == _VIPS[-1] else "tcp"
            endpoint = f'endpoint = ["{vip}:80"]\nprotocol = "{kind}"\ninterval = 1.0\ntimeout = 0.8\n'
            (services / f"service{number}.toml").write_text(f'{endpoint}[[check]]\nkind = "{kind}"\n{servers}')
        folders = ["--services", str(services), "--state", str(state), "--metrics", str(self._metrics)]
        self.director.popen([sys.executable, "-I", "-S", str(LAUNCHER), "daemon", *folders])

    def flood(self, seconds: float, frames_a_second: int) -> Flood:
        """Flood the director for some time, and return what happened meanwhile."""
        child = self._stranger.popen(
            [sys.executable, "-I", "-S", str(_FLOOD), "eth0", f"{seconds + _START_SECONDS}", str(frames_a_second)]
        )
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("".join(f"{frame.hex()}\n" for frame in _frames(self._stranger, self.director)) + "\n")
            child.stdin.flush()
            assert child.stdout.readline() == "READY\n"
            before = self.counts()
            _wait(child, seconds)
            after = self.counts()
        finally:
            end_process(child)
        return Flood(after.at - before.at, before, after)

    def is_up(self) -> bool:
        """Return whether the daemon is there, and has found all servers up."""
        return self._metrics.is_socket() and self.counts().up == CHECKS

    def counts(self) -> Counts:
        """Return what is counted until now."""
        page = self._scrape()
        interface = self.director.run(["cat", "/proc/net/dev"]).stdout
        words = re.search(r"^ *eth0:(.*)$", interface, re.MULTILINE)
        assert words is not None
        return Counts(
            time.monotonic(),
            int(words[1].split()[1]),
            *(_counter(page, name) for name in ('frames_total{direction="in"}', "foreign_frames_total")),
            *(
                _counter(page, name)
                for name in ("runs_total", "transitions_total", 'checks{state="up"}', "checks_held")
            ),
        )

    def _scrape(self) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as scraping:
            scraping.settimeout(_START_SECONDS)
            scraping.connect(str(self._metrics))
            scraping.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: scraping.recv(65536), b"")).decode()


@contextmanager
def flooded_site(folder: Path) -> Iterator[FloodedSite]:
    """Return the site, all servers up."""
    with Network() as network:
        site = FloodedSite(network, folder)
        try:
            wait_until(site.is_up, "all are up", _START_SECONDS)
            yield site
        finally:
            site.close()


def _silent_udp(host: Host, address: str, port: int) -> socket.socket:
    """Return a socket that takes what is sent there, and answers nothing."""
    with host.entered():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    attach(made, DROP_ALL)
    made.bind((address, port))
    return made


def _wait(child: subprocess.Popen[str], seconds: float) -> None:
    """Wait while it floods."""
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError("the flood has ended before its time")


def _counter(page: str, name: str) -> int:
    found = re.search(rf"^lvs_rawcheck_{re.escape(name)} (\S+)$", page, re.MULTILINE)
    assert found is not None, name
    return int(float(found[1]))


def _frames(stranger: Host, flooded: Host) -> list[bytes]:
    ethernet = flooded.mac_octets + stranger.mac_octets + b"\x08\x00"
    frames = []
    for number, source in enumerate(_FOREIGN):
        port = 32768 + 17 * number
        low, high = (_datagram(port, to) for to in (_DISCARD, _HIGH_PORT))
        segment = (80).to_bytes(2, "big") + (port).to_bytes(2, "big") + bytes(8)
        segment += _SILENT_SEGMENT.to_bytes(2, "big") + bytes(6)
        for protocol, payload in ((UDP, low), (UDP, high), (TCP, segment)):
            frames.append(ethernet + ip_packet(source, _DIRECTOR, protocol, payload))
    return frames


def _datagram(source_port: int, port: int) -> bytes:
    return source_port.to_bytes(2, "big") + port.to_bytes(2, "big") + bytes([0, 12, 0, 0]) + b"tiny"
