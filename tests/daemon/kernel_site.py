# SPDX-License-Identifier: GPL-2.0-or-later
"""A lane over the kernel's sockets, what it is asked to find, and where."""

from __future__ import annotations

import os
import select
from collections.abc import Callable

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import STANDARD, Conversation, Reason, Result, Verdict
from lvs_rawcheck.checks.path import source_of_connection
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.standard_check import SocketOptions, StandardCheck
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.daemon.kernel_lane import DESCRIPTORS_MOST, KernelLane
from lvs_rawcheck.link.rtnetlink import Netlink
from tests.checks.datagram.site import ECHO_PORT, SILENT_PORT, step_of, udp_server
from tests.checks.site import (
    BOTH,
    CLOSED_PORT,
    PATIENT,
    PORT,
    SHORT,
    V4,
    Family,
    active,
    packed,
    request,
    server_without_service,
)
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

DROPPED_PORT, ENDLESS_PORT, SPEAKING_PORT = 85, 86, 87
RULES = f"table inet t {{ chain c {{ type filter hook input priority 0; tcp dport {DROPPED_PORT} drop; }}; }}"
ENDLESS = 1 << 27  # octets: more than are read until the deadline


class Asks(Conversation):
    """Wants its question repeated."""

    kind = "asks"

    def __init__(self) -> None:
        self._to_send = b"question"
        self._heard = b""

    def connected(self) -> Verdict | None:
        return None

    def octets_to_send(self) -> bytes:
        octets, self._to_send = self._to_send, b""
        return octets

    def data_received(self, octets: bytes) -> Verdict | None:
        self._heard += octets
        return Verdict(Reason.OK, "repeated") if self._heard == b"question" else None

    def peer_closed(self) -> Verdict | None:
        return None


class ListensForEver(Conversation):
    """Never knows enough."""

    kind = "listens"

    def connected(self) -> Verdict | None:
        return None

    def data_received(self, octets: bytes) -> Verdict | None:
        return None

    def peer_closed(self) -> Verdict | None:
        return None


class Broken(TcpConversation):
    """Has a fault of its own."""

    kind = "broken"

    def connected(self) -> Verdict | None:
        raise KeyError("a fault of ours")


class Site:
    """A director that holds the VIPs, and a real server that serves at its own addresses."""

    def __init__(self, network: Network) -> None:
        self.director = active(network)
        real = server_without_service(network)
        real.nft(RULES)
        for family in BOTH:
            tcp_server(real, family.real, PORT)
            tcp_server(real, family.real, SPEAKING_PORT, "echo")
            udp_server(real, family.real, ECHO_PORT, "echo")
            udp_server(real, family.real, SILENT_PORT, "silent")
            tcp_server(self.director, family.vip, PORT)
            tcp_server(self.director, family.vip, SPEAKING_PORT)
            tcp_server(self.director, family.director, SPEAKING_PORT, "echo")
        tcp_server(real, V4.real, ENDLESS_PORT, f"send:{ENDLESS}")


class Told:
    """A lane, and what it tells: the results in their order. Its sockets are the director's."""

    def __init__(self, host: Host, most: int = DESCRIPTORS_MOST) -> None:
        self._host = host
        self.poller = select.epoll()
        self.lane = KernelLane(self.poller, most)
        self.results: list[Result] = []
        self.descriptors = 0
        """How many were open at once, at most."""
        with host.entered():
            self._descriptors_before = descriptors_open()

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        self.lane.close()
        self.poller.close()

    def start(self, wanted: Request, times: int = 1) -> None:
        """Start a check, several times over."""
        for _ in range(times):
            self.start_for(self.results.append, wanted)

    def start_for(self, done: Callable[[Result], None], wanted: Request) -> None:
        """Start a check whose result somebody else is told; its source is chosen as the runner does."""
        with self._host.entered(), Netlink() as netlink:
            source = source_of_connection(netlink, wanted)
        endpoint = wanted.endpoints[0]
        self.lane.start(wanted, endpoint, endpoint.port, source, clock.now() + wanted.timeout, done)

    def wait(self, count: int, seconds: float = 30.0) -> list[Result]:
        """Return the results told so far, once there are as many; AssertionError after so many seconds."""
        end = clock.now() + seconds
        with self._host.entered():
            while len(self.results) < count:
                assert clock.now() < end, f"{len(self.results)} of {count} told"
                timer = self.lane.next_timer()
                self.poller.poll(min(max((timer or end) - clock.now(), 0.0), seconds) if timer != 0.0 else 0)
                self.lane.work(clock.now())
                self.descriptors = max(self.descriptors, descriptors_open() - self._descriptors_before)
        return self.results


def descriptors_open() -> int:
    """Return how many this process has."""
    return len(os.listdir("/proc/self/fd"))


def standard(family: Family, port: int, *steps: object, timeout: float = PATIENT) -> Request:
    """Return the request of a standard check of the real server; steps: TcpConversation if none are given."""
    made = request(family.real, family.vip, port=port, timeout=timeout, only_path=STANDARD)
    if steps:
        made.steps = steps  # type: ignore[assignment]
    return made


UDP, UDP_ANSWERED = step_of("udp"), step_of("udp", require_reply=(b"", b""))
PING, SCTP = step_of("ping"), step_of("sctp")


def with_options(family: Family, **options: object) -> Request:
    """Return a standard check whose packets leave in this way."""
    made = standard(family, PORT)
    way = SocketOptions(**options)  # type: ignore[arg-type]
    made.standard_checks = [StandardCheck(TcpConversation, source=packed(family.director), options=way)]
    return made


FATES: dict[str, Callable[[Family], Request]] = {
    "connects": lambda family: standard(family, PORT),
    "refused": lambda family: standard(family, CLOSED_PORT),
    "silent": lambda family: standard(family, DROPPED_PORT, timeout=SHORT),
    "answers": lambda family: standard(family, SPEAKING_PORT, Asks),
    "says nothing": lambda family: standard(family, PORT, Asks, timeout=SHORT),
    "datagram answered": lambda family: standard(family, ECHO_PORT, UDP),
    "datagram refused": lambda family: standard(family, CLOSED_PORT, UDP),
    "silence that passes": lambda family: standard(family, SILENT_PORT, UDP, timeout=SHORT),
    "echo": lambda family: standard(family, PORT, PING),
    "sctp": lambda family: standard(family, PORT, SCTP),
    "several steps": lambda family: standard(family, SPEAKING_PORT, TcpConversation, PING, Asks, Asks),
    "the last step fails": lambda family: standard(family, SPEAKING_PORT, TcpConversation, Asks, UDP_ANSWERED),
    "a fault of ours": lambda family: standard(family, PORT, Broken),
    "through an interface": lambda family: with_options(family, bind_if="eth0", fwmark=3),
    "through one that is not there": lambda family: with_options(family, bind_if="eth9"),
}
