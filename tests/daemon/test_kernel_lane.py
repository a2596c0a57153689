# SPDX-License-Identifier: GPL-2.0-or-later
"""Many checks at once over the kernel's sockets: each finds what the one-shot finds, and none waits for another."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import RAW, STANDARD, Endpoint, Reason, Result
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.daemon.schedule import Schedule
from tests.checks.datagram.site import ECHO_PORT
from tests.checks.site import (
    CLOSED_PORT,
    PATIENT,
    PORT,
    SHORT,
    V4,
    Family,
    both_families,
    packed,
    request,
)
from tests.daemon.kernel_site import (
    DROPPED_PORT,
    ENDLESS_PORT,
    FATES,
    PING,
    RULES,
    SPEAKING_PORT,
    UDP,
    Asks,
    Broken,
    ListensForEver,
    Site,
    Told,
    descriptors_open,
    standard,
)
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


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
        lane.start(standard(V4, PORT))
        lane.start(standard(V4, DROPPED_PORT))
        with site.director.entered():
            lane.lane.work(clock.now())
            assert lane.poller.poll(PATIENT)
            lane.lane.work(clock.now() + 2 * PATIENT)
        assert [result.verdict.reason for result in lane.results] == [Reason.OK, Reason.NO_ANSWER]


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
        lane.start(silent, 5)
        with site.director.entered():
            lane.lane.work(clock.now())
        lane.start(speaking, 20)
        results = lane.wait(26)
    assert [result.healthy for result in results] == [False] + [True] * 20 + [False] * 5


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
    before = descriptors_open()
    with Told(site.director, most=5) as lane:
        lane.start(standard(V4, DROPPED_PORT), 7)
        with site.director.entered():
            lane.lane.work(clock.now())
        assert (len(lane.lane), descriptors_open()) == (7, before + 5 + 2)
    assert (lane.results, len(lane.lane), descriptors_open()) == ([], 0, before)


# Privileges --------------------------------------------------------------------------------------------

_AS_NOBODY = """
import os, select, sys
sys.path.insert(0, sys.argv[1])
from tests.daemon.kernel_site import PING, SCTP, Told, V4, PORT, standard, with_options
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
    assert len(alive) >= 4000
    assert len(with_dead) >= 3600
    figures = [
        f"p50 {each[len(each) // 2]:.4f} s, p99 {each[len(each) * 99 // 100]:.4f} s" for each in (alive, with_dead)
    ]
    print("\n".join(figures))
    assert with_dead[len(with_dead) * 99 // 100] < 0.5, figures  # each dead one that was waited for would cost 1 s
