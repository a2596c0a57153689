# SPDX-License-Identifier: GPL-2.0-or-later
"""Loss, reordering, duplication, a flood of foreign frames, and many checks at once."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.link.faults import FaultyLink
from lvs_rawcheck.link.interface import Link
from tests.checks.rig import Rig, reason
from tests.checks.site import CLOSED_PORT, PORT, Family, active, both_families, healthy, on_link, request, run
from tests.netns.topology import Host, Network, end_process

pytestmark = pytest.mark.netns

LOSSY = """table inet lossy {
    chain in { type filter hook input priority 0; numgen random mod 100 < 20 drop; }
    chain out { type filter hook output priority 0; numgen random mod 100 < 20 drop; }
}"""
DEADLINE = 5.0  # seconds
FLOOD_FRAMES = 20_000  # at least so many during the checks, or it was no flood
_FLOODER = Path(__file__).with_name("flooder.py")


@both_families
def test_a_bad_wire_fails_no_check(network: Network, family: Family) -> None:
    """20 % loss each way in the server's kernel; reordering and duplication on our side of the wire."""
    host, real = active(network), healthy(network)
    assert run(host, request(family.real, family.vip)).healthy
    real.nft(LOSSY)
    random = Random(20)

    def faulty(link: Link) -> Link:
        return FaultyLink(link, random, duplicate=0.2, reorder=0.2)

    reasons: list[str] = []
    with Rig(host, family, ports=300, wrap=faulty) as rig:
        for _ in range(300):
            rig.start(timeout=DEADLINE, done=lambda flow: reasons.append(reason(flow)))
        rig.driver.run()
    assert reasons == [Reason.OK] * 300


@both_families
def test_a_bad_wire_spoils_no_clean_close(network: Network, family: Family) -> None:
    host, real = active(network), healthy(network)
    assert run(host, request(family.real, family.vip)).healthy
    real.nft(LOSSY)
    flows: list[Flow] = []
    with Rig(host, family, ports=100) as rig:
        for _ in range(100):
            rig.start(timeout=DEADLINE, done=flows.append).close_cleanly()
        rig.driver.run()
    assert [reason(flow) for flow in flows] == [Reason.OK] * 100


@contextmanager
def flood(network: Network, host: Host, family: Family) -> Iterator[None]:
    """Foreign frames for the director's MAC and address, as fast as one process can, for as long as the block runs."""
    sender = network.host("sender", on_link("nobody"))
    child: subprocess.Popen[str] = sender.popen(
        [sys.executable, "-I", "-S", str(_FLOODER), sender.mac, host.mac, family.nobody, family.director]
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "READY\n"
        before, began = received(host), time.monotonic()
        yield
        frames, seconds = received(host) - before, time.monotonic() - began
    finally:
        end_process(child)
    print(f"{family.name}: {frames} foreign frames in {seconds:.1f} s, {frames / seconds / 1000:.0f} kpps")
    assert frames > FLOOD_FRAMES


def received(host: Host) -> int:
    """Return how many frames eth0 has received."""
    return int(host.run(["cat", "/proc/net/dev"]).stdout.split("eth0:")[1].split()[1])


@both_families
def test_a_flood_of_foreign_frames_fails_no_check(network: Network, family: Family) -> None:
    host = active(network)
    healthy(network)
    with flood(network, host, family):
        reasons = [
            run(host, request(family.real, family.vip, port=port, timeout=2.0)).verdict.reason
            for _ in range(100)
            for port in (PORT, CLOSED_PORT)
        ]
    assert reasons == [Reason.OK, Reason.REFUSED] * 100


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for a thousand guards in this process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 4096), max(before[1], 4096)))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@both_families
@pytest.mark.parametrize("in_flight", [64, 1000])
@pytest.mark.usefixtures("many_files")
def test_many_at_once(network: Network, family: Family, in_flight: int) -> None:
    host = active(network)
    healthy(network)
    expected = {PORT: Reason.OK, CLOSED_PORT: Reason.REFUSED}
    flows: list[Flow] = []
    with Rig(host, family, ports=in_flight) as rig:
        for count in range(in_flight):
            rig.start(port=CLOSED_PORT if count % 2 else PORT, done=flows.append)
        assert rig.driver.in_flight == in_flight
        began = time.monotonic()
        rig.driver.run()
        seconds = time.monotonic() - began
    assert len(flows) == in_flight
    assert all(reason(flow) == expected[flow.endpoint.port] for flow in flows)
    assert seconds < DEADLINE, "they ran beside, not after one another's timers"
    print(f"{family.name}: {in_flight} in flight, all judged in {seconds * 1000:.0f} ms")


@both_families
def test_silent_servers_hold_up_nobody(network: Network, family: Family) -> None:
    """Checks that wait for their deadline, and checks that do not, in one driver."""
    host, real = active(network), healthy(network)
    real.nft(f"table inet t {{ chain c {{ type filter hook input priority 0; tcp dport {CLOSED_PORT} drop; }}; }}")
    order: list[int] = []
    with Rig(host, family, ports=64) as rig:
        for count in range(64):
            port = CLOSED_PORT if count % 2 == 0 else PORT
            rig.start(port=port, timeout=1.0, done=lambda flow: order.append(flow.endpoint.port))
        rig.driver.run()
    assert order == [PORT] * 32 + [CLOSED_PORT] * 32
