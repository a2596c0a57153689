# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames that mean harm, to a driver with exchanges under way: nothing but the right answer ends them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Endpoint, Exchange, Reason
from lvs_rawcheck.checks.datagram_flow import DatagramFlow
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.udp import Datagram
from tests.checks.cable_site import OTHER_MAC, REAL_MAC, CableSite
from tests.checks.datagram.stage import Asks
from tests.checks.site import BOTH, PORT, Family

pytestmark = pytest.mark.netns  # a guard of SCTP is a raw socket

PROTOCOLS = (PROTO_ICMP, PROTO_TCP, PROTO_UDP, PROTO_ICMPV6, PROTO_SCTP, 47)


class Carried(Asks):
    """The same question, carried by another protocol; it takes nothing for an answer but what begins with `a`."""

    def __init__(self, protocol: int) -> None:
        super().__init__()
        self.protocol = protocol


class Victims:
    """A site with an exchange of each protocol under way."""

    def __init__(self, site: CableSite, family: Family) -> None:
        self.site = site
        site.learn(REAL_MAC)
        echo = PROTO_ICMP if len(site.vip) == 4 else PROTO_ICMPV6
        self.flows = [self._start(Carried(protocol)) for protocol in (PROTO_UDP, echo, PROTO_SCTP)]
        self.numbers = [flow.key & 0xFFFF for flow in self.flows]

    def _start(self, exchange: Exchange) -> DatagramFlow:
        site = self.site
        endpoint = Endpoint(site.vip, PORT)
        reply_mac = ReplyMac("real-server", lambda mac: None)
        return site.driver.start_exchange(
            endpoint, site.steering, exchange, reply_mac, clock.now() + 600.0, lambda flow: None
        )

    def take(self, octets: bytes, mac: bytes) -> None:
        """Let a packet arrive, and be taken in."""
        self.site.send(octets, mac, self.site.ethertype)
        self.site.driver.turn()


@pytest.fixture(scope="module", params=BOTH, ids=[family.name for family in BOTH])
def victims(request: pytest.FixtureRequest) -> Iterator[Victims]:
    with CableSite(request.param) as site:
        yield Victims(site, request.param)


@given(data=st.data())
def test_what_is_not_the_answer_ends_nothing(victims: Victims, data: st.DataObject) -> None:
    site = victims.site
    number = data.draw(st.sampled_from(victims.numbers)).to_bytes(2, "big")
    port = PORT.to_bytes(2, "big")
    head = data.draw(st.sampled_from([port + number, number + port, bytes(4) + number, b"\0\0\0\0", b""]))
    payload = head + data.draw(st.binary(max_size=80).filter(lambda octets: b"a" not in octets))
    addresses = [site.vip, site.director_ip, site.real_ip]
    source, destination = data.draw(st.sampled_from(addresses)), data.draw(st.sampled_from(addresses))
    protocol = data.draw(st.sampled_from(PROTOCOLS))
    octets = build_packet(source, destination, protocol, payload)
    cut = data.draw(st.integers(0, len(octets)))
    victims.take(
        octets[:cut] if data.draw(st.booleans()) else octets, data.draw(st.sampled_from([REAL_MAC, OTHER_MAC]))
    )
    assert [flow.verdict for flow in victims.flows] == [None] * 3


def test_a_broken_checksum_is_no_answer(victims: Victims) -> None:
    site, number = victims.site, victims.numbers[0]
    pseudo_sum = pseudo_header_sum(site.vip, site.director_ip, PROTO_UDP)
    octets = Datagram(PORT, number, b"answer").to_octets(pseudo_sum)
    victims.take(build_packet(site.vip, site.director_ip, PROTO_UDP, octets[:-1] + b"R"), REAL_MAC)
    assert victims.flows[0].verdict is None
    victims.take(build_packet(site.vip, site.director_ip, PROTO_UDP, octets), REAL_MAC)
    verdict = victims.flows[0].verdict
    assert verdict is not None
    assert verdict.reason == Reason.OK
