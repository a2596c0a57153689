# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks side by side: who waits for whom, and what it means when this host was too slow to listen."""

from __future__ import annotations

import select
from collections.abc import Callable

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint, Reason
from lvs_rawcheck.diagnose.audit.loop import run_together
from lvs_rawcheck.diagnose.audit.probing import Outcome, Probing, new_outcome
from lvs_rawcheck.diagnose.audit.wanted import Asked, Wanted
from lvs_rawcheck.diagnose.audit.ways import open_ways
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.address import parse_address
from tests.diagnose.site import IPV4, PORT
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

SECONDS = 0.5


def _probe(host: Host, kind: str, ports: list[int], progress: Callable[[int], None]) -> list[Outcome]:
    """Return what came of one server's ports, all asked at once."""
    wanted = Wanted(SECONDS, {}, lambda: None)
    for port in ports:
        endpoint = Endpoint(parse_address(IPV4.vip), port)
        wanted.ask(IPV4.real_ip, endpoint, "tcp", Asked((CheckText(kind),), seconds=SECONDS), "here")
    wanted.finish()
    outcomes = [new_outcome(target) for target in wanted.targets]
    with host.entered(), Netlink() as netlink:
        ways = open_ways(outcomes, netlink)
        try:
            assert run_together([Probing(outcomes, 100_000.0, progress)], clock.now() + 20.0, lambda: False)
        finally:
            ways.close()
    return outcomes


@pytest.fixture
def hosts(network: Network) -> tuple[Host, Host]:
    """A director and a healthy real server, on which nothing listens yet."""
    on_link = IPV4.on_link
    return (
        director(network, "lb1", on_link(IPV4.director_ip), [IPV4.vip]),
        real_server(network, "rs1", on_link(IPV4.real_ip), [IPV4.vip]),
    )


def test_many_ports_of_one_server_wait_for_one_another_and_all_are_asked(hosts: tuple[Host, Host]) -> None:
    told: list[int] = []
    outcomes = _probe(hosts[0], "tcp", list(range(1000, 1200)), told.append)
    assert {outcome.reason for outcome in outcomes} == {Reason.REFUSED}
    assert all(outcome.asked for outcome in outcomes)
    assert told == list(range(1, 201))


def test_what_was_not_heard_while_this_host_stood_still_is_asked_once_more(hosts: tuple[Host, Host]) -> None:
    tcp_server(hosts[1], IPV4.vip, PORT, "banner")  # and says no more

    def stand_still(over: int) -> None:
        if over == 1:
            select.select((), (), (), 3 * SECONDS)

    speaks, closed = _probe(hosts[0], "smtp", [PORT, PORT + 1], stand_still)
    assert (closed.reason, closed.again) == (Reason.REFUSED, False)
    assert (speaks.reason, speaks.again) == (Reason.TIMEOUT, True)


def test_a_server_that_is_silent_is_not_asked_twice(hosts: tuple[Host, Host]) -> None:
    hosts[1].nft("table ip f {\n chain i {\n type filter hook input priority 0\n tcp dport 80 drop\n }\n }")
    began = clock.now()
    (outcome,) = _probe(hosts[0], "tcp", [PORT], lambda over: None)
    assert outcome.reason == Reason.NO_ANSWER
    assert not outcome.again or clock.now() - began > 2 * SECONDS  # where this machine itself stood still
