# SPDX-License-Identifier: GPL-2.0-or-later
"""Many checks in one process: CPU microseconds a check, and checks a second on one core."""

from __future__ import annotations

import gc
import select
import socket
import time
from collections.abc import Callable
from statistics import median

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Conversation, Endpoint, Verdict
from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.checks.path import Path, find_path
from lvs_rawcheck.checks.raw import make_steering
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.checks.request import MAC_REAL_SERVER, Request
from lvs_rawcheck.checks.steering import Steering
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.address import parse_address
from tests.bench.site import PORT, REAL_SERVER, VIP, Site

ROUNDS = 7
CHECKS = 10_000  # a round
IN_FLIGHT = (1, 64, 1000)
DEADLINE = 2.0  # seconds
SPARE_PORTS = 900  # so that a source port comes round late, as in a program that runs for long
GARBAGE_THRESHOLD = 100_000  # a check leaves no cycles: looking for them among thousands of live flows is for nothing


class Bench:
    """Keeps a number of checks in flight until enough have been made. make: the conversation of one check."""

    def __init__(
        self, netlink: Netlink, in_flight: int, make: Callable[[], Conversation] = TcpConversation, port: int = PORT
    ) -> None:
        real_ip = parse_address(REAL_SERVER)
        self._make = make
        self._endpoint = Endpoint(parse_address(VIP), port)
        request = Request("bench", (make,), real_ip, [self._endpoint])
        path = find_path(netlink, request)
        assert isinstance(path, Path)
        self._in_flight = in_flight
        self._guards = GuardPool(path.director_ip, in_flight + SPARE_PORTS)
        program = reply_filter(path.director_ip, request.vips, [real_ip])
        self._link = PacketLink(path.interface.index, path.interface.mac, program)
        self._driver = Driver(self._link, path, self._guards)
        self._steering: Steering = make_steering(netlink, path, real_ip)
        self._reply_mac = ReplyMac(MAC_REAL_SERVER, lambda _mac: None)
        self._left = 0
        self._seconds = DEADLINE
        self._failures: list[Verdict] = []

    def close(self) -> None:
        """Give back link and ports."""
        self._link.close()
        self._guards.close()

    def run(self, checks: int) -> None:
        """Make `checks` checks; RuntimeError if the server was not healthy in one of them."""
        failures = self.failures(checks, DEADLINE)
        if failures:
            raise RuntimeError(f"{len(failures)} of {checks} checks found the server down: {failures[0].detail}")

    def failures(self, checks: int, seconds: float) -> list[Verdict]:
        """Make `checks` checks, each with a deadline of so many seconds; return the verdicts that were not healthy."""
        self._left = checks
        self._seconds = seconds
        self._failures = []
        for _ in range(min(self._in_flight, checks)):
            self._start()
        self._driver.run()
        return self._failures

    def _start(self) -> None:
        self._left -= 1
        deadline = clock.now() + self._seconds
        conversation = self._make()
        conversation.note_endpoint(self._endpoint)
        self._driver.start(self._endpoint, self._steering, conversation, self._reply_mac, deadline, self._finished)

    def _finished(self, flow: Flow) -> None:
        if flow.verdict is not None and not flow.verdict.healthy:
            self._failures.append(flow.verdict)
        if self._left:
            self._start()


def report(site: Site) -> str:
    """Return the table: medians over ROUNDS rounds, the numbers in flight taking turns."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    figures: dict[str, list[tuple[float, float]]] = {}
    with site.director.entered(), Netlink() as netlink:
        benches = {f"raw, {number} in flight": Bench(netlink, number) for number in IN_FLIGHT}
        for bench in benches.values():
            bench.run(CHECKS)  # makes its ports; not measured
        gc.freeze()
        for _ in range(ROUNDS):
            for name, bench in benches.items():
                figures.setdefault(name, []).append(measure(bench.run, CHECKS))
            figures.setdefault("kernel connect, 64 in flight", []).append(measure(kernel_connects, CHECKS))
        for bench in benches.values():
            bench.close()
    lines = [f"in one process, medians of {ROUNDS} x {CHECKS}           CPU us a check   checks/s"]
    for name, rounds in figures.items():
        spent, rate = (median(column) for column in zip(*rounds, strict=True))
        lines.append(f"  {name:38} {spent:20.1f} {rate:10.0f}")
    return "\n".join(lines)


def measure(run: Callable[[int], None], checks: int) -> tuple[float, float]:
    """Return CPU microseconds a check and checks a second."""
    began, cpu = time.perf_counter(), time.process_time()
    run(checks)
    spent, seconds = time.process_time() - cpu, time.perf_counter() - began
    return spent / checks * 1e6, checks / seconds


def kernel_connects(checks: int) -> None:
    """The peer: non-blocking sockets and epoll, to the server's own address, left by RST as the raw check does."""
    poll = select.epoll()
    waiting: dict[int, socket.socket] = {}
    left = checks
    while left or waiting:
        while left and len(waiting) < 64:
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.connect_ex((REAL_SERVER, PORT))
            waiting[connection.fileno()] = connection
            poll.register(connection, select.EPOLLOUT)
            left -= 1
        for descriptor, _ in poll.poll(2.0):
            connection = waiting.pop(descriptor)
            error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise RuntimeError(f"kernel connect failed: {error}")
            connection.close()
    poll.close()
