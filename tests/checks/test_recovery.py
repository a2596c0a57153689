# SPDX-License-Identifier: GPL-2.0-or-later
"""The server's MAC changes and nobody is told: checks once a second are right again within 15 s.

Raw frames do not make the kernel look again, so without asking on the wire the entry would stay wrong for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.checks.rig import Rig, reason
from tests.checks.site import Family, active, both_families, healthy, neighbour, request, run
from tests.netns.topology import Host, Network, wait_until

pytestmark = pytest.mark.netns

NEW_MAC = "02:00:00:00:aa:bb"
RECOVERED_WITHIN = 15.0  # seconds
INTERVAL = 1.0  # seconds between checks
SHORT_DEADLINE = 0.15  # seconds: over before a second SYN is due
RIGHT_AFTERWARDS = 3  # checks


def _seconds() -> Iterator[float]:
    """Yield the time since the beginning, once an interval, until it is too late."""
    began = time.monotonic()
    for count in range(int(RECOVERED_WITHIN / INTERVAL) + 1):
        wait_until(lambda due=began + count * INTERVAL: time.monotonic() >= due, "the next check is due")  # type: ignore[misc]
        yield time.monotonic() - began


def _moment_of_recovery(check: Callable[[], bool]) -> float:
    """Return when the first check that was right began, seconds; checks are made once an interval."""
    for moment in _seconds():
        if check():
            return moment
    raise AssertionError(f"not right within {RECOVERED_WITHIN} s")


def _change_mac(host: Host, real: Host, family: Family, state: str) -> None:
    host.run(["ping", "-c1", "-W1", "-I", family.director, family.real])  # not from the VIP
    host.ip("neigh", "replace", family.real, "lladdr", real.mac, "dev", "eth0", "nud", state)
    real.set_mac(NEW_MAC)
    entry = neighbour(host, family.real)
    assert entry is not None
    assert entry.mac != real.mac_octets, "the director must not have been told"


@both_families
@pytest.mark.parametrize("state", ["reachable", "stale", "delay"])
def test_one_shots(network: Network, family: Family, state: str) -> None:
    host, real = active(network), healthy(network)
    assert run(host, request(family.real, family.vip)).healthy
    _change_mac(host, real, family, state)
    moment = _moment_of_recovery(lambda: run(host, request(family.real, family.vip, timeout=INTERVAL)).healthy)
    print(f"one-shots, {family.name}, {state}: right again by the check that began {moment:.2f} s afterwards")
    entry = neighbour(host, family.real)
    assert entry is not None
    assert entry.mac == real.mac_octets, "the kernel, and so IPVS, is right too"
    for _ in range(RIGHT_AFTERWARDS):
        assert run(host, request(family.real, family.vip, timeout=INTERVAL)).healthy


@both_families
def test_one_shots_of_a_short_deadline(network: Network, family: Family) -> None:
    """Half of it is left to ask on the wire, and to try the new MAC."""
    host, real = active(network), healthy(network)
    assert run(host, request(family.real, family.vip)).healthy
    _change_mac(host, real, family, "stale")
    _moment_of_recovery(lambda: run(host, request(family.real, family.vip, timeout=SHORT_DEADLINE)).healthy)


@both_families
@pytest.mark.parametrize("state", ["reachable", "stale"])
def test_one_process(network: Network, family: Family, state: str) -> None:
    host, real = active(network), healthy(network)
    with Rig(host, family, ports=4) as rig:

        def check() -> str:
            flow = rig.start(timeout=INTERVAL)
            rig.driver.run()
            return reason(flow)

        assert check() == "ok"
        _change_mac(host, real, family, state)
        moment = _moment_of_recovery(lambda: check() == "ok")
        print(f"one process, {family.name}, {state}: right again by the check that began {moment:.2f} s afterwards")
        assert [check() for _ in range(RIGHT_AFTERWARDS)] == ["ok"] * RIGHT_AFTERWARDS


@both_families
def test_within_one_check_that_has_the_time(network: Network, family: Family) -> None:
    """IPv4's kernel takes no answer in the second after an update; it is asked again when it does."""
    host, real = active(network), healthy(network)
    _change_mac(host, real, family, "stale")
    result = run(host, request(family.real, family.vip, timeout=3.0))
    assert result.healthy, result.verdict.detail
    print(f"within one check, {family.name}: after {result.elapsed_ms / 1000:.2f} s")


@both_families
def test_a_host_that_comes_up_is_found_by_the_next_check(network: Network, family: Family) -> None:
    host, real = active(network), healthy(network)
    real.sysctl("net.ipv6.conf.eth0.keep_addr_on_down", 1)
    real.ip("link", "set", "eth0", "down")
    with Rig(host, family, ports=4) as rig:

        def check(timeout: float) -> str:
            flow = rig.start(timeout=timeout)
            rig.driver.run()
            return reason(flow)

        assert check(0.3) == "no-neighbour"
        real.ip("link", "set", "eth0", "up")
        wait_until(lambda: real.is_running("eth0"), "the server's link is up")
        assert check(2.0) == "ok"
