# SPDX-License-Identifier: GPL-2.0-or-later
"""Many checks at once over the kernel's sockets: each finds what the one-shot finds, and none waits for another."""

from __future__ import annotations

import os
import resource
import select
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, STANDARD, Conversation, Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.path import source_of_connection
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.checks.standard_check import SocketOptions, StandardCheck
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.daemon.kernel_lane import DESCRIPTORS_MOST, KernelLane
from lvs_rawcheck.daemon.schedule import Schedule
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
    both_families,
    packed,
    request,
    server_without_service,
)
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

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


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


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
            self._descriptors_before = _descriptors_open()

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
                self.descriptors = max(self.descriptors, _descriptors_open() - self._descriptors_before)
        return self.results


def _descriptors_open() -> int:
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
    "silence that does not": lambda family: standard(family, SILENT_PORT, UDP_ANSWERED, timeout=SHORT),
    "echo": lambda family: standard(family, PORT, PING),
    "sctp": lambda family: standard(family, PORT, SCTP),
    "several steps": lambda family: standard(family, SPEAKING_PORT, TcpConversation, PING, Asks, Asks),
    "the last step fails": lambda family: standard(family, SPEAKING_PORT, TcpConversation, Asks, UDP_ANSWERED),
    "a fault of ours": lambda family: standard(family, PORT, Broken),
    "through an interface": lambda family: with_options(family, bind_if="eth0", fwmark=3),
    "through one that is not there": lambda family: with_options(family, bind_if="eth9"),
}


@both_families
def test_each_finds_what_the_one_shot_finds(site: Site, family: Family) -> None:
    """All at once: the silent ones among them delay nobody, so it takes no longer than the longest."""
    requests = {fate: make(family) for fate, make in FATES.items()}
    told: dict[str, Result] = {}
    with Told(site.director) as lane:
        for fate, wanted in requests.items():

            def done(result: Result, fate: str = fate) -> None:
                assert fate not in told, "told twice"
                told[fate] = result
                lane.results.append(result)

            lane.start_for(done, wanted)
        lane.wait(len(requests))
        assert len(lane.lane) == 0
    for fate, wanted in requests.items():
        with site.director.entered():
            expected = run_request(wanted)
        found = told[fate]
        assert (found.verdict.reason, found.verdict.detail) == (expected.verdict.reason, expected.verdict.detail), fate
        assert set(found.phases_ms) == set(expected.phases_ms), fate
        assert (found.path, found.kind, found.real_ip) == (STANDARD, wanted.kind, wanted.real_ip)
        assert 0 <= found.elapsed_ms < 1000 * wanted.timeout + 1000
    assert told["several steps"].healthy
    assert told["sctp"].verdict.reason == Reason.UNREACHABLE
    assert told["through an interface"].healthy


# Nobody waits for another ------------------------------------------------------------------------------


def test_the_silent_delay_nobody(site: Site) -> None:
    with Told(site.director) as lane:
        for _ in range(20):
            lane.start(standard(V4, DROPPED_PORT, timeout=SHORT), 2)
            lane.start(standard(V4, SPEAKING_PORT, Asks), 3)
        results = lane.wait(100)
    reasons = [result.verdict.reason for result in results]
    assert reasons == [Reason.OK] * 60 + [Reason.NO_ANSWER] * 40


def test_an_endless_talker_delays_nobody_and_has_had_its_time(site: Site) -> None:
    with Told(site.director) as lane:
        lane.start(standard(V4, ENDLESS_PORT, ListensForEver, timeout=SHORT), 3)
        lane.start(standard(V4, SPEAKING_PORT, Asks), 50)
        results = lane.wait(53)
    assert [result.verdict.reason for result in results] == [Reason.OK] * 50 + [Reason.TIMEOUT] * 3
    assert all(result.elapsed_ms < 1000 * SHORT + 1000 for result in results)


def test_a_silence_that_is_heard_late_is_no_verdict_before_what_has_come(site: Site) -> None:
    """A loop that is late itself finds the answers that came meanwhile, and the silences."""
    with Told(site.director) as lane:
        lane.start(standard(V4, PORT, timeout=SHORT), 5)
        lane.start(standard(V4, DROPPED_PORT, timeout=SHORT), 5)
        with site.director.entered():
            lane.lane.work(clock.now())
            later = clock.now() + 2 * SHORT
            select.select([], [], [], SHORT)
            lane.lane.work(later)
        assert [result.verdict.reason for result in lane.results] == [Reason.OK] * 5 + [Reason.NO_ANSWER] * 5


# Descriptors -------------------------------------------------------------------------------------------


def test_what_finds_no_room_waits_and_has_its_whole_time(site: Site) -> None:
    with Told(site.director, most=4) as lane:
        lane.start(standard(V4, DROPPED_PORT, timeout=SHORT), 8)
        lane.start(standard(V4, SPEAKING_PORT, TcpConversation, Asks, PING), 20)
        results = lane.wait(28)
        assert lane.descriptors <= 4
    assert sum(result.healthy for result in results) == 20
    assert all(result.elapsed_ms >= 1000 * SHORT for result in results if not result.healthy)


def test_those_that_were_silent_leave_room_to_those_that_were_not(site: Site) -> None:
    silent, speaking = standard(V4, DROPPED_PORT, timeout=SHORT), standard(V4, SPEAKING_PORT, Asks)
    with Told(site.director, most=4) as lane:
        lane.start(silent)
        lane.wait(1)
        lane.start(silent, 9)
        lane.start(speaking, 20)
        results = lane.wait(30)
    assert [result.healthy for result in results] == [False] + [True] * 20 + [False] * 9


def test_a_server_that_speaks_again_is_no_longer_silent(site: Site) -> None:
    """Here told by its port: what was silent is answered by a RST once nothing drops it."""
    wanted = request(V4.director, V4.vip, port=DROPPED_PORT, timeout=SHORT, only_path=STANDARD)
    with Told(site.director, most=4) as lane:
        site.director.nft(RULES)
        lane.start(wanted)
        lane.wait(1)
        site.director.nft("delete table inet t")
        lane.start(wanted)
        lane.wait(2)
        lane.start(standard(V4, DROPPED_PORT, timeout=SHORT), 3)
        lane.start(wanted)
        results = lane.wait(3)
    assert [result.verdict.reason for result in results] == [Reason.NO_ANSWER, Reason.REFUSED, Reason.REFUSED]


def test_no_descriptors_left(site: Site) -> None:
    """It cannot be judged; with descriptors again all is as it was."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Told(site.director) as lane:
        lane.start(standard(V4, PORT), 3)
        lane.start(standard(V4, ECHO_PORT, UDP), 3)
        with site.director.entered():
            taken = [os.dup(0) for _ in range(3)]
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 1, hard))
            try:
                lane.lane.work(clock.now())
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                for descriptor in taken:
                    os.close(descriptor)
        assert [result.verdict.reason for result in lane.results] == [Reason.CANNOT_JUDGE] * 6
        assert all("Too many open files" in result.verdict.detail for result in lane.results)
        lane.start(standard(V4, PORT), 3)
        assert all(result.healthy for result in lane.wait(9)[6:])


def test_closing_it_closes_all_and_tells_nobody(site: Site) -> None:
    before = _descriptors_open()
    with Told(site.director, most=5) as lane:
        lane.start(standard(V4, DROPPED_PORT), 7)
        with site.director.entered():
            lane.lane.work(clock.now())
        assert (len(lane.lane), _descriptors_open()) == (7, before + 5 + 2)
    assert (lane.results, len(lane.lane), _descriptors_open()) == ([], 0, before)


# Privileges --------------------------------------------------------------------------------------------

_AS_NOBODY = """
import os, select, sys
sys.path.insert(0, sys.argv[1])
from tests.daemon.test_kernel_lane import PING, SCTP, Told, V4, PORT, standard, with_options
from tests.netns.topology import Host
class Here:
    def entered(self):
        import contextlib
        return contextlib.nullcontext()
checks = [standard(V4, PORT), standard(V4, PORT, SCTP), standard(V4, PORT, PING), with_options(V4, fwmark=3)]
with Told(Here()) as lane:
    for check in checks[:3]:
        lane.start(check)
    lane.wait(3)  # what is loaded late is loaded
    os.setgroups([])
    os.setresuid(*[65534] * 3)
    for check in checks:
        lane.start(check)
    for result in lane.wait(7)[3:]:
        print(result.verdict.reason, result.verdict.detail)
"""


def test_what_cannot_be_opened_without_privileges_cannot_be_judged(site: Site) -> None:
    site.director.sysctl("net.ipv4.ping_group_range", "1 0")
    command = [sys.executable, "-c", _AS_NOBODY, str(Path(__file__).parents[2])]
    lines = sorted(site.director.run(command).stdout.splitlines())
    assert lines == [
        "cannot-judge cannot make the standard check with mark 3: Operation not permitted",
        "cannot-judge no permission to open a socket for IP protocol 1 (CAP_NET_RAW)",
        "cannot-judge no permission to open a socket for IP protocol 132 (CAP_NET_RAW)",
        "ok connected",
    ]


# A director that is its own real server ----------------------------------------------------------------


@both_families
@pytest.mark.parametrize(
    ("port", "step", "expected"),
    [
        (PORT, TcpConversation, Reason.OK),
        (CLOSED_PORT, TcpConversation, Reason.REFUSED),
        (SPEAKING_PORT, Asks, Reason.OK),
        (PORT, Asks, Reason.REFUSED),
        (PORT, PING, Reason.OK),
        (SPEAKING_PORT, Broken, Reason.CANNOT_JUDGE),
    ],
)
def test_a_server_of_its_own(site: Site, family: Family, port: int, step: object, expected: str) -> None:
    wanted = request(family.director, family.vip, port=port)
    wanted.steps = (step,)  # type: ignore[assignment]
    with Told(site.director) as lane:
        lane.lane.start_local(wanted, wanted.endpoints[0], clock.now() + PATIENT, lane.results.append)
        [found] = lane.wait(1)
    with site.director.entered():
        result = run_request(wanted)
    assert (found.verdict.reason, found.verdict.detail) == (result.verdict.reason, result.verdict.detail)
    assert (found.verdict.reason, found.path) == (expected, RAW)


# A thousand --------------------------------------------------------------------------------------------


def _latenesses(host: Host, checks: int, dead: int, seconds: float) -> list[float]:
    """Return how late the checks of living servers began, seconds, in order; each runs once a second."""
    endpoint = Endpoint(packed(V4.vip), PORT)
    schedule, late = Schedule(), []
    start = clock.now()
    for number in range(checks):
        schedule.add(str(number), 1.0, start)
    with Told(host) as told, host.entered():
        lane = told.lane

        def done(key: str, due: float, result: Result) -> None:
            now = clock.now()
            schedule.finished(key, now)
            assert result.healthy is (int(key) >= dead), result
            if result.healthy:
                late.append(now - result.elapsed_ms / 1000 - due)

        while (now := clock.now()) < start + seconds:
            for key, due in schedule.take_due(now):
                port = DROPPED_PORT if int(key) < dead else PORT
                wanted = standard(V4, port)
                lane.start(wanted, endpoint, port, None, now + 1.0, partial(done, key, due))
            lane.work(clock.now())
            timers = [timer for timer in (schedule.next_due(), lane.next_timer()) if timer is not None]
            told.poller.poll(max(min(timers) - clock.now(), 0.0))
    return sorted(late)


@pytest.mark.full
def test_a_tenth_of_a_thousand_is_dead_and_the_others_are_as_punctual(site: Site) -> None:
    alive = _latenesses(site.director, 1000, 0, 5.0)
    with_dead = _latenesses(site.director, 1000, 100, 5.0)
    assert (len(alive), len(with_dead)) >= (4000, 3600)
    figures = [
        f"p50 {each[len(each) // 2]:.4f} s, p99 {each[len(each) * 99 // 100]:.4f} s" for each in (alive, with_dead)
    ]
    print("\n".join(figures))
    assert with_dead[len(with_dead) * 99 // 100] < 0.25, figures  # each dead one that was waited for would cost 1 s
