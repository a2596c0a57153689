# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole conversations with a reference server, over a wire that loses, doubles and reorders."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.tcp.connection import Connection
from lvs_rawcheck.tcp.events import Closed, Connected, PeerClosed
from lvs_rawcheck.tcp.states import CLOSED, ESTABLISHED
from lvs_rawcheck.wire.tcp import Segment
from tests.tcp.owner import Owner, after_the_peer, at_once
from tests.tcp.reference_server import ReferenceServer
from tests.tcp.script import our_octets, peer_octets

TIME_LIMIT = 600.0  # simulated seconds
STEP_LIMIT = 100_000


class Wire:
    """Both directions between two machines; loss and duplicate are chances, jitter is in seconds."""

    def __init__(self, random: Random, loss: float, duplicate: float, jitter: float) -> None:
        self._random = random
        self._loss = loss
        self._duplicate = duplicate
        self._jitter = jitter
        self._count = 0
        self._travelling: list[tuple[float, int, str, Segment]] = []

    def carry(self, to: str, segments: list[Segment], now: float) -> None:
        for segment in segments:
            copies = 2 if self._random.random() < self._duplicate else 1
            for _ in range(0 if self._random.random() < self._loss else copies):
                arrival = now + 0.005 + self._random.random() * self._jitter
                self._count += 1
                heapq.heappush(self._travelling, (arrival, self._count, to, segment))

    def next_arrival(self) -> float | None:
        return self._travelling[0][0] if self._travelling else None

    def arrived(self, now: float) -> list[tuple[str, Segment]]:
        segments = []
        while self._travelling and self._travelling[0][0] <= now:
            _, _, to, segment = heapq.heappop(self._travelling)
            segments.append((to, segment))
        return segments


def converse(client: Owner, server: ReferenceServer, wire: Wire, until: str = CLOSED) -> float:
    """Run until the client has reached a state; return the simulated seconds that took."""
    now = 0.0
    client.connection.open(now)
    for _ in range(STEP_LIMIT):
        client.hear()
        wire.carry("server", client.connection.segments_to_send(now), now)
        wire.carry("client", server.send(now), now)
        if client.connection.state == until:
            return now
        times = (wire.next_arrival(), client.connection.next_timer(), server.next_at)
        now = min(time for time in times if time is not None)
        assert now < TIME_LIMIT, f"stuck in {client.connection.state}"
        for to, segment in wire.arrived(now):
            if to == "server":
                server.receive(segment)
            else:
                client.connection.receive_segment(segment, now)
        client.connection.handle_timer(now)
    raise AssertionError(f"no end in {client.connection.state} at {now}")


first_numbers = st.one_of(st.integers(0, 2**32 - 1), st.integers(2**32 - 3000, 2**32 - 1))


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    iss=first_numbers,
    irs=first_numbers,
    loss=st.sampled_from([0.0, 0.1, 0.2, 0.3]),
    duplicate=st.sampled_from([0.0, 0.2]),
    jitter=st.sampled_from([0.0, 0.02, 0.3]),
    sizes=st.tuples(st.integers(0, 12000), st.integers(0, 6000)),
    closing=st.sampled_from([(at_once, False), (after_the_peer, True), (at_once, True)]),
    chunk=st.sampled_from([1000, 100, 536]),
    windows=st.sampled_from([[65535], [0, 300], [2000, 0, 0], [1]]),
)
def test_both_streams_arrive_whole_and_once(
    seed: int,
    iss: int,
    irs: int,
    loss: float,
    duplicate: float,
    jitter: float,
    sizes: tuple[int, int],
    closing: tuple[Callable[[Owner], bool], bool],
    chunk: int,
    windows: list[int],
) -> None:
    if windows == [1]:
        sizes = (sizes[0] % 60, sizes[1])  # an octet a round trip
    said, answered = our_octets(1, 1 + sizes[0]), peer_octets(1, 1 + sizes[1])
    client = Owner(Connection(40000, 80, iss, 1000), said, closing[0])
    server = ReferenceServer(irs, answered, closing[1], chunk, windows)
    converse(client, server, Wire(Random(seed), loss, duplicate, jitter))
    assert client.heard == answered
    assert server.stream == said
    assert server.heard_all
    assert client.told == [Connected, PeerClosed, Closed]
    assert not server.was_reset
    assert server.beyond_window <= 1, "one octet of a probe at most"


def test_a_faultless_wire_is_fast() -> None:
    """Nothing waits for a timer where nothing is lost: ten round trips of 10 ms, and TIME_WAIT."""
    client = Owner(Connection(40000, 80, 7, 1460), our_octets(1, 3000), at_once)
    server = ReferenceServer(9, peer_octets(1, 3000), False, 1000, [65535])
    assert converse(client, server, Wire(Random(0), 0.0, 0.0, 0.0)) < 2.2


@given(st.integers(0, 2**32))
def test_handshake_over_a_very_bad_wire(seed: int) -> None:
    """30 % loss each way: at a SYN each 0.2 s, within five seconds all but one in 10^7 connect."""
    client = Owner(Connection(40000, 80, 7), b"", after_the_peer)
    server = ReferenceServer(9, b"", False, 1000, [65535])
    assert converse(client, server, Wire(Random(seed), 0.3, 0.0, 0.01), until=ESTABLISHED) < 5.0
