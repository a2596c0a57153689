# SPDX-License-Identifier: GPL-2.0-or-later
"""An audit of a whole site by the real command: 200 real servers x 10 VIPs x 2 ports, one cell in twenty broken.

Beside it, in the same run, what the kernel's own connections to the servers' own addresses take: as many of them, all
at once as fast as they go, and as many at the audit's pace. `python3 -m tests.bench.audit` makes this one alone.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.site import LAUNCHER
from tests.netns.roles import director, real_server, set_forwarding
from tests.netns.topology import Host, Network

SERVERS, VIPS, PORTS = 200, 10, (80, 443)
ROUNDS = 3
PACE = 1000.0  # connections a second, the audit's default
AT_ONCE = 512
_BACKLOG = 1024
_WRONG_SHOWN = 10
_COMMAND_SECONDS = 120.0
_DIRECTOR = "10.1.0.1"

_VIPS = [f"10.1.9.{number}" for number in range(1, VIPS + 1)]
_REALS = [f"10.1.1.{number}" for number in range(1, SERVERS + 1)]
_DOWN = _REALS[10:12]
_WITHOUT_VIPS = _REALS[50:52]
_FORWARDING = _REALS[90:92]
_STOPPED = _REALS[130:132]
_FILTERED = _REALS[170:171]
_LEAKING = _REALS[190:191]
_BROKEN = (*_DOWN, *_WITHOUT_VIPS, *_FORWARDING, *_STOPPED, *_FILTERED, *_LEAKING)

EXPECTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_DOWN, ("host-down",)),
    **dict.fromkeys(_WITHOUT_VIPS, ("vip-missing-or-filtered",)),
    # One that forwards asks who has the VIP, and is answered by the director and by the server that leaks.
    **dict.fromkeys(_FORWARDING, ("vip-missing-forwarding", "wrong-machine")),
    **dict.fromkeys(_STOPPED, ("service-down",)),
    **dict.fromkeys(_FILTERED, ("filtered-port",)),
    **dict.fromkeys(_LEAKING, ("arp-leak",)),
}
"""What each broken server's cells may say; all others are healthy."""


@dataclass(frozen=True)
class Round:
    """One run. wall, cpu: seconds."""

    wall: float
    cpu: float
    cells: int
    findings: int
    wrong: list[str]
    """Cells with another cause than was built, in words."""


class FullSite:
    """The servers, each a namespace with a MAC of its own, and listening sockets of this process in each."""

    def __enter__(self) -> FullSite:
        self._stack = ExitStack()
        self._listening: list[socket.socket] = []
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _build(self) -> None:
        network = self._stack.enter_context(Network())
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self.director = director(network, "director", [f"{_DIRECTOR}/16"], _VIPS)
        for address in _REALS:
            if address not in _DOWN:
                self._add(network, address)
        self.configuration = Path(folder, "keepalived.conf")
        self.configuration.write_text("".join(_virtual(vip, port) for vip in _VIPS for port in PORTS))

    def _add(self, network: Network, address: str) -> None:
        lost = address in _WITHOUT_VIPS or address in _FORWARDING
        host = real_server(network, f"s{address.rpartition('.')[2]}", [f"{address}/16"], [] if lost else _VIPS)
        if address in _FORWARDING:
            set_forwarding(host, 1)
        if address in _LEAKING:
            host.sysctl("net.ipv4.conf.all.arp_ignore", 0)
        if address in _FILTERED:
            host.nft(
                "table ip f {\n chain i {\n type filter hook input priority 0\n tcp dport { 80, 443 } drop\n }\n }"
            )
        if address not in _STOPPED:
            self._listen(host)

    def _listen(self, host: Host) -> None:
        with host.entered():
            for port in PORTS:
                listening = self._stack.enter_context(socket.socket())
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listening.bind(("0.0.0.0", port))
                listening.listen(_BACKLOG)
                listening.setblocking(False)
                self._listening.append(listening)

    def take_all(self) -> None:
        """Accept and end what has come: a queue that is full answers nobody."""
        for listening in self._listening:
            while True:
                try:
                    listening.accept()[0].close()
                except BlockingIOError:
                    break

    def audit(self) -> Round:
        """Run the command once."""
        self.take_all()
        before = os.times()
        began = time.monotonic()
        argv = [sys.executable, "-S", "-I", str(LAUNCHER), "audit", "--json", str(self.configuration)]
        with self.director.entered():
            done = subprocess.run(argv, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
        wall, after = time.monotonic() - began, os.times()
        if done.returncode != 1:
            raise RuntimeError(f"audit ended with {done.returncode}: {done.stderr}")
        told = json.loads(done.stdout)
        wrong = [
            f"{cell['real_server']} {cell['vip']}:{cell['port']}: {cell['cause']}: {cell['detail']}"
            for cell in told["cells"]
            if cell["cause"] not in EXPECTED.get(cell["real_server"], ("healthy",))
        ]
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return Round(wall, cpu, len(told["cells"]), len(told["findings"]), wrong)

    def connect(self, pace: float | None) -> tuple[float, float]:
        """Make as many connections of the kernel's, to own addresses of servers that run; return wall and CPU seconds.

        pace: so many a second, None: as fast as they go. The CPU time is this process's, accepting included.
        """
        self.take_all()
        wanted = [(real, port) for real in _REALS if real not in _BROKEN for port in PORTS for _ in range(VIPS)]
        wanted = (wanted + wanted)[: SERVERS * VIPS * len(PORTS)]
        before, began = os.times(), time.monotonic()
        with self.director.entered():
            _connect_all(wanted, pace)
        wall, after = time.monotonic() - began, os.times()
        return wall, after.user + after.system - before.user - before.system


def _connect_all(wanted: list[tuple[str, int]], pace: float | None) -> None:
    began, begun = time.monotonic(), 0
    poller = select.epoll()
    opened: dict[int, socket.socket] = {}
    while begun < len(wanted) or opened:
        may = len(wanted) if pace is None else int((time.monotonic() - began) * pace) + 1
        while begun < min(may, len(wanted)) and len(opened) < AT_ONCE:
            each = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            each.connect_ex(wanted[begun])
            poller.register(each.fileno(), select.EPOLLOUT)
            opened[each.fileno()] = each
            begun += 1
        for descriptor, _ in poller.poll(0.001):
            finished = opened.pop(descriptor)
            failed = finished.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            finished.close()
            if failed:
                raise RuntimeError(f"a healthy server did not take a connection: {os.strerror(failed)}")
    poller.close()


def _virtual(vip: str, port: int) -> str:
    servers = "".join(
        f"    real_server {real} {port} {{\n        TCP_CHECK {{\n            connect_timeout 2\n        }}\n    }}\n"
        for real in _REALS
    )
    return f"virtual_server {vip} {port} {{\n    lb_kind DR\n    protocol TCP\n{servers}}}\n"


def report() -> str:
    """Return the table."""
    with FullSite() as site:
        rounds = [site.audit() for _ in range(ROUNDS)]
        paced = [site.connect(PACE) for _ in range(ROUNDS)]
        fast = [site.connect(None) for _ in range(ROUNDS)]
    wall, cpu = median(each.wall for each in rounds), median(each.cpu for each in rounds)
    cells = rounds[0].cells
    lines = [
        f"audit: {SERVERS} real servers x {VIPS} VIPs x {len(PORTS)} ports, {len(_BROKEN)} servers broken in "
        f"{len(Counter(EXPECTED.values()))} ways; medians of {ROUNDS}, {os.cpu_count()} cores",
        f"  {'':44}{'wall s':>8}{'CPU s':>8}{'cells/s':>9}",
        f"  {'lvs-rawcheck audit, the whole command':44}{wall:8.2f}{cpu:8.2f}{cells / wall:9.0f}",
    ]
    for name, measured in (("kernel connections, at the same pace", paced), ("kernel connections, unpaced", fast)):
        its_wall, its_cpu = median(each[0] for each in measured), median(each[1] for each in measured)
        lines.append(f"  {name:44}{its_wall:8.2f}{its_cpu:8.2f}{cells / its_wall:9.0f}")
    wrong = [line for each in rounds for line in each.wrong]
    lines.append(
        f"  {cells} cells, {rounds[0].findings} findings; cells with a wrong cause in all rounds: {len(wrong)}"
    )
    lines += [f"    {line}" for line in wrong[:_WRONG_SHOWN]]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
