# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as a process of its own, with all it writes: CPU a check, lateness, memory; beside the kernel's connects.

`python3 -m tests.bench.daemon [NAME ...]` runs the named loads alone.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.in_process import kernel_connects, measure
from tests.bench.site import HTTP_PORT, HTTPS_PORT, LAUNCHER, PORT, Site
from tests.netns.topology import end_process, wait_until

WARM_UP_SECONDS = 6.0
WINDOWS = 3
WINDOW_SECONDS = 8.0
START_SECONDS = 120.0
SERVERS_OF_A_SERVICE = 16
"""As many as large sites have on average."""
REAL_SERVERS = tuple(f"10.0.0.{number}" for number in range(200, 200 + SERVERS_OF_A_SERVICE))
VIPS = tuple(f"10.0.0.{number}" for number in range(111, 121))
DEAD_VIPS = tuple(f"10.0.0.{number}" for number in range(101, 111))
"""Nobody has these: what is sent to them at the real server's MAC vanishes."""
PEER_CHECKS = 10_000
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_OCTETS = os.sysconf("SC_PAGE_SIZE")
_LAST_OF_ITSELF = b"lvs_rawcheck_phase_seconds_sum"
_BUCKET = re.compile(r'^lvs_rawcheck_lateness_seconds_bucket\{le="(\S+)"\} (\S+)$', re.MULTILINE)
_RUNS = re.compile(r"^lvs_rawcheck_runs_total (\S+)$", re.MULTILINE)
_UP = re.compile(r'^lvs_rawcheck_checks\{state="up"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Load:
    """A registry: so many checks, SERVERS_OF_A_SERVICE a service. interval: seconds; dead: so many lack the VIP."""

    name: str
    checks: int
    interval: float
    check: str = 'kind = "tcp"'
    port: int = PORT
    dead: int = 0

    def write(self, folder: Path) -> None:
        """Write its service files."""
        for first in range(0, self.checks, SERVERS_OF_A_SERVICE):
            number = first // SERVERS_OF_A_SERVICE
            vips = DEAD_VIPS if first < self.dead else VIPS
            servers = REAL_SERVERS[: self.checks - first]
            (folder / f"service{number}.toml").write_text(
                f'endpoint = ["{vips[number % len(vips)]}:{self.port}"]\nprotocol = "tcp"\n'
                f"interval = {self.interval}\ntimeout = 1.0\n[[check]]\n{self.check}\n"
                + "".join(f'[[real_server]]\naddress = "{server}"\n' for server in servers)
            )


LOADS = (
    Load("100 tcp at 1 s", 100, 1.0),
    Load("1,000 tcp at 1 s", 1000, 1.0),
    Load("5,000 tcp at 1 s", 5000, 1.0),
    Load("10,000 tcp at 1 s", 10_000, 1.0),
    Load("20,000 tcp at 2 s", 20_000, 2.0),
    Load("10,000 tcp at 1 s, 10 % dead", 10_000, 1.0, dead=1008),
    Load("1,000 http at 1 s", 1000, 1.0, 'kind = "http"', HTTP_PORT),
    Load("200 https at 1 s", 200, 1.0, 'kind = "https"', HTTPS_PORT),
)


@dataclass(frozen=True)
class Reading:
    """What was read of a daemon at one moment. cpu, at: seconds; lateness: runs by the bound they did not pass."""

    at: float
    cpu: float
    runs: float
    up: int
    resident: int
    lateness: dict[float, float]


class Running:
    """A daemon under one load."""

    def __init__(self, process: subprocess.Popen[str], metrics: Path) -> None:
        self._process = process
        self._metrics = metrics

    def read(self) -> Reading:
        """Return what is to be read now: processor time before the daemon has to write its metrics."""
        at, cpu = time.monotonic(), self._cpu()
        page = self._scrape()
        buckets = {float(bound): float(count) for bound, count in _BUCKET.findall(page)}
        return Reading(at, cpu, _number(_RUNS, page), int(_number(_UP, page)), self._resident(), buckets)

    def answers(self) -> bool:
        """Return whether it serves metrics, and has run every check."""
        return self._process.poll() is None and self._metrics.is_socket() and _number(_RUNS, self._scrape()) > 0

    def _cpu(self) -> float:
        words = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(words[11]) + int(words[12])) / _TICKS

    def _resident(self) -> int:
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * _PAGE_OCTETS

    def _scrape(self) -> str:
        """Return what it tells of itself, which comes first; what it would tell of each check is not asked for."""
        page = b""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as scraping:
            scraping.settimeout(START_SECONDS)
            scraping.connect(str(self._metrics))
            scraping.sendall(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            while _LAST_OF_ITSELF not in page and (octets := scraping.recv(1 << 16)):
                page += octets
        return page.decode()


@contextmanager
def daemon(site: Site, load: Load) -> Iterator[Running]:
    """Run one under a load until it is left."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:  # as /run: in memory
        folder = Path(name)
        services, state, metrics = folder / "services.d", folder / "state", folder / "metrics.sock"
        services.mkdir()
        state.mkdir()
        folder.chmod(0o755)
        load.write(services)
        command = [sys.executable, "-I", "-S", str(LAUNCHER), "daemon", "--services", str(services)]
        command += ["--state", str(state), "--metrics", str(metrics)]
        process = site.director.popen(["sh", "-c", 'exec "$@" 2> "$0"', str(folder / "log"), *command])
        try:
            running = Running(process, metrics)
            wait_until(running.answers, "the daemon has begun", START_SECONDS)
            yield running
        finally:
            end_process(process)


def lines(site: Site, names: list[str]) -> Iterator[str]:
    """Yield the table, each line when it is known: medians over WINDOWS windows. names: of loads; none: all of them."""
    site.add_real_servers(REAL_SERVERS)
    site.add_vips(VIPS)
    with site.director.entered():
        peer = median(measure(kernel_connects, PEER_CHECKS)[0] for _ in range(WINDOWS))
    head = "CPU us a check  x peer  % of a core   runs/s   late p50    late p99    RSS MB"
    yield f"the daemon, medians of {WINDOWS} x {WINDOW_SECONDS:g} s     {head}"
    for load in LOADS:
        if not names or load.name in names:
            yield f"  {load.name:30} {_row(site, load, peer)}"
    yield f"  peer: kernel connects, 64 in flight {peer:8.1f} us"


def _row(site: Site, load: Load, peer: float) -> str:
    windows: list[tuple[float, float, float, float, float]] = []
    with daemon(site, load) as running:
        time.sleep(WARM_UP_SECONDS + load.checks / 2000)  # its first runs are spread over so long
        before = running.read()
        for _ in range(WINDOWS):
            began = running.read()
            time.sleep(WINDOW_SECONDS)
            ended = running.read()
            windows.append(_window(began, ended))
        healthy = load.checks - load.dead
        note = "" if ended.up == healthy else f"   {ended.up} of {healthy} up"
    spent, share, rate, p50, p99 = (median(column) for column in zip(*windows, strict=True))
    resident = ended.resident / 1e6
    grown = (ended.resident - before.resident) / 1e6
    lateness = f"{p50 * 1000:7.1f} ms {p99 * 1000:8.1f} ms"
    return (
        f"{spent:14.1f} {spent / peer:7.2f} {share:11.1f} {rate:9.0f} {lateness} {resident:7.1f} (+{grown:.1f}){note}"
    )


def _window(began: Reading, ended: Reading) -> tuple[float, float, float, float, float]:
    """Return CPU microseconds a check, percent of a core, checks a second, and two quantiles of lateness, seconds."""
    runs, seconds, cpu = ended.runs - began.runs, ended.at - began.at, ended.cpu - began.cpu
    late = {bound: ended.lateness[bound] - began.lateness[bound] for bound in ended.lateness}
    return cpu / runs * 1e6, cpu / seconds * 100, runs / seconds, _quantile(late, 0.5), _quantile(late, 0.99)


def _quantile(buckets: dict[float, float], share: float) -> float:
    """Return a quantile of a Prometheus histogram, as histogram_quantile has it: linear within a bucket."""
    rank = share * max(buckets.values())
    below, count_below = 0.0, 0.0
    for bound, count in sorted(buckets.items()):
        if count >= rank:
            return (
                below
                if bound == float("inf")
                else below + (bound - below) * (rank - count_below) / (count - count_below or 1.0)
            )
        below, count_below = bound, count
    return below


def _number(pattern: re.Pattern[str], page: str) -> float:
    found = pattern.search(page)
    return float(found[1]) if found else 0.0


def main() -> int:
    """Print the table for the loads named on the command line, all by default."""
    with Site() as site:
        for line in lines(site, sys.argv[1:]):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
