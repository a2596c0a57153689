# SPDX-License-Identifier: GPL-2.0-or-later
"""http and https in one process, 64 in flight, beside kernel sockets with Python's ssl module.

The peers do the least that can be called a check: connect, shake hands, send the same request, read until the body is
whole, and look at the status.
"""

from __future__ import annotations

import gc
import select
import socket
import ssl
from collections.abc import Callable
from statistics import median

from lvs_rawcheck.checks.base import Conversation
from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.parameters import Values, defaults
from lvs_rawcheck.link.rtnetlink import Netlink
from tests.bench.in_process import Bench, measure
from tests.bench.site import BODY_OCTETS, HTTP_PORT, HTTPS_PORT, REAL_SERVER, Site

ROUNDS = 7
CHECKS = 2000  # a round
IN_FLIGHT = 64
RECEIVE_OCTETS = 65536
_REQUEST = b"GET /index.html HTTP/1.0\r\nHost: bench\r\n\r\n"
_LINGER = b"\1\0\0\0\0\0\0\0"


def maker(name: str, **told: object) -> Callable[[], Conversation]:
    """Return what makes conversations of a kind."""
    kind = load_kind(name, lambda: None)
    step = kind.prepare(Values({**defaults(kind.parameters), **told}))

    def make() -> Conversation:
        made = step()
        assert isinstance(made, Conversation)
        return made

    return make


def report(site: Site) -> str:
    """Return the table: medians over ROUNDS rounds, ours and the peers taking turns."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    figures: dict[str, list[tuple[float, float]]] = {}
    with site.director.entered(), Netlink() as netlink:
        benches = {
            "http, raw": Bench(netlink, IN_FLIGHT, maker("http", path=b"/index.html"), HTTP_PORT),
            "https, raw": Bench(netlink, IN_FLIGHT, maker("https", path=b"/index.html"), HTTPS_PORT),
        }
        runs = {name: bench.run for name, bench in benches.items()}
        runs["http, kernel sockets"] = lambda checks: kernel_checks(checks, HTTP_PORT, None)
        runs["https, kernel sockets and ssl"] = lambda checks: kernel_checks(checks, HTTPS_PORT, context)
        for run in runs.values():
            run(CHECKS)  # makes its ports; not measured
        gc.freeze()
        for _ in range(ROUNDS):
            for name, run in runs.items():
                figures.setdefault(name, []).append(measure(run, CHECKS))
        for bench in benches.values():
            bench.close()
    return _table(figures)


def _table(figures: dict[str, list[tuple[float, float]]]) -> str:
    title = f"{BODY_OCTETS} octets from nginx, {IN_FLIGHT} in flight"
    lines = [f"{title:38} CPU us a check   checks/s   x its peer"]
    medians = {
        name: [median(column) for column in zip(*rounds, strict=True)] for name, rounds in sorted(figures.items())
    }
    for name, (spent, rate) in medians.items():
        peer = next(other for other in medians if other.split(",")[0] == name.split(",")[0] and "kernel" in other)
        lines.append(f"  {name:36} {spent:14.1f} {rate:10.0f} {spent / medians[peer][0]:12.2f}")
    return "\n".join(lines)


class _KernelCheck:
    """One check over a kernel socket, driven by readiness."""

    def __init__(self, port: int, context: ssl.SSLContext | None) -> None:
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        plain.connect_ex((REAL_SERVER, port))
        self.stream = plain
        self._context = context
        self._answer = b""
        self._begun = False
        self.wants = select.EPOLLOUT

    def go_on(self) -> bool:
        """Do what is possible now; return whether the check is over."""
        try:
            if not self._begun:
                self._begin()
            return self._read()
        except (BlockingIOError, ssl.SSLWantReadError):
            self.wants = select.EPOLLIN
            return False

    def _begin(self) -> None:
        if self._context is not None and not isinstance(self.stream, ssl.SSLSocket):
            self.stream = self._context.wrap_socket(self.stream, do_handshake_on_connect=False)
        if isinstance(self.stream, ssl.SSLSocket):
            self.stream.do_handshake()
        self.stream.send(_REQUEST)
        self._begun = True

    def _read(self) -> bool:
        while chunk := self.stream.recv(RECEIVE_OCTETS):
            self._answer += chunk
            _, blank, body = self._answer.partition(b"\r\n\r\n")
            if blank and len(body) >= BODY_OCTETS:
                break
        if b" 200 " not in self._answer[:16]:
            raise RuntimeError(f"kernel check failed: {self._answer[:80]!r}")
        self.stream.close()
        return True


def kernel_checks(checks: int, port: int, context: ssl.SSLContext | None) -> None:
    """Make `checks` checks over the kernel's sockets, IN_FLIGHT at a time."""
    poll = select.epoll()
    waiting: dict[int, _KernelCheck] = {}
    left = checks
    while left or waiting:
        while left and len(waiting) < IN_FLIGHT:
            check = _KernelCheck(port, context)
            waiting[check.stream.fileno()] = check
            poll.register(check.stream.fileno(), check.wants)
            left -= 1
        for descriptor, _ in poll.poll(2.0):
            check = waiting[descriptor]
            wanted = check.wants
            if check.go_on():
                del waiting[descriptor]
            elif check.wants != wanted:
                poll.modify(descriptor, check.wants)
    poll.close()
