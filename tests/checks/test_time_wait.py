# SPDX-License-Identifier: GPL-2.0-or-later
"""The server closes first and keeps TIME_WAIT, and the source port comes round: its next SYN must be taken."""

from __future__ import annotations

import time

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.tcp.connection import Connection
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.ip import parse_packet
from lvs_rawcheck.wire.tcp import ACK, SYN, Segment, parse_segment
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.checks.rig import Rig, UntilClosed, reason
from tests.checks.site import PORT, V4, V6, Family, active, healthy, packed
from tests.netns.services import capture, is_tcp_reset
from tests.netns.topology import Network, wait_until

pytestmark = pytest.mark.netns

INTERVAL = 0.2  # seconds
DEADLINE = 1.0  # seconds: a check that has to repeat its SYN is still in time, one that is refused is not


@pytest.mark.parametrize(("family", "checks"), [(V4, 500), (V6, 50)], ids=["ipv4", "ipv6"])
def test_the_only_source_port_comes_round(network: Network, family: Family, checks: int) -> None:
    host = active(network)
    real = healthy(network, habit="close")
    failed, slowest = [], 0.0
    with capture(host, "eth0", is_tcp_reset) as resets, Rig(host, family, ports=1) as rig:
        began = time.monotonic()
        for count in range(checks):
            wait_until(lambda due=began + count * INTERVAL: time.monotonic() >= due, "the check is due")  # type: ignore[misc]
            flow = rig.start(timeout=DEADLINE, conversation=UntilClosed)
            flow.close_cleanly()
            rig.driver.run()
            if reason(flow) != Reason.OK:
                failed.append((count, reason(flow)))
            elif flow.connected_at is not None:
                slowest = max(slowest, flow.connected_at - flow.started_at)
        assert resets.frames() == [], "no SYN met a challenge: each was taken at once"
        assert "TIME-WAIT" in real.run(["ss", "-Htan"]).stdout, "it must be the server that remembers"
        answer = answer_to_syn(rig, family, flow, -1_000_000)
        assert answer.flags == ACK, "an older sequence number draws a challenge: so the order is what counts"
        assert answer.ack != flow_iss(flow) - 1_000_000 + 1
        assert answer_to_syn(rig, family, flow, 1_000_000).flags == SYN | ACK
    print(f"{family.name}: {checks} checks at {INTERVAL} s, {len(failed)} failed, slowest {slowest * 1000:.1f} ms")
    assert failed == []


def flow_iss(flow: Flow) -> int:
    assert flow.connection is not None
    return flow.connection.iss


def answer_to_syn(rig: Rig, family: Family, flow: Flow, distance: int) -> Segment:
    """Send a SYN on the flow's four numbers, so far from its sequence number; return what comes back."""
    assert flow.mac is not None
    guard_port = flow.source_port
    director_ip, vip = rig.path.director_ip, packed(family.vip)
    template = SegmentTemplate(AddressPair(director_ip, vip), guard_port, PORT)
    connection = Connection(guard_port, PORT, flow_iss(flow) + distance)
    connection.open(clock.now())
    while rig.link.receive() is not None:
        pass
    ethertype = ETHERTYPE_IPV4 if family is V4 else ETHERTYPE_IPV6
    for segment in connection.segments_to_send(clock.now()):
        rig.link.send(template.packet(segment), flow.mac, ethertype)
    found: list[Segment] = []

    def answered() -> bool:
        frame = rig.link.receive()
        if frame is not None and frame.ethertype == ethertype:
            packet = parse_packet(frame.octets)
            found.append(parse_segment(frame.octets, packet.payload_offset, packet.end, None))
        return bool(found)

    wait_until(answered, "an answer to the SYN")
    return found[0]
