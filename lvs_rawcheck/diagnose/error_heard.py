# SPDX-License-Identifier: GPL-2.0-or-later
"""The ICMP error about our packets that came in, if one did: what it says, and in whose name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.icmp_errors import IcmpError, read_error
from lvs_rawcheck.diagnose.echo import name_of_error
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.recording import RecordedFrame
from lvs_rawcheck.errors import WireError
from lvs_rawcheck.link.tracer import RECEIVED
from lvs_rawcheck.wire.ethernet import parse_ethernet
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, parse_packet

if TYPE_CHECKING:
    from lvs_rawcheck.wire.ip import Packet

_ICMP = (PROTO_ICMP, PROTO_ICMPV6)
_NOTHING_THERE = {
    PROTO_ICMP: ((3, 2), (3, 3)),  # protocol, port unreachable: RFC 1122 3.2.2.1
    PROTO_ICMPV6: ((1, 4), (4, 1)),  # port unreachable, next header unknown: RFC 4443 3.1, 3.4
}
"""Type and code by which a host says that nobody takes such a packet."""


def error_heard(frames: list[RecordedFrame], protocol: int, endpoint: Endpoint) -> Answer:
    """Return what the first error said about a packet of this protocol to the endpoint; NOT_ASKED: there was none.

    REFUSED: by the VIP's holder, nothing listens; of TCP never, which says so by RST: there it is a firewall.
    """
    for frame in frames:
        heard = _error_in(frame)
        if heard is None:
            continue
        packet, error = heard
        flow = error.flow
        is_ours = flow.protocol == protocol or (flow.protocol in _ICMP and protocol in _ICMP)
        if not is_ours or flow.destination != endpoint.vip:
            continue
        if flow.destination_port not in (0, endpoint.port):
            continue
        answer = name_of_error(packet.source, endpoint.vip)
        refused = answer == Answer.REJECTED and protocol != PROTO_TCP and _says_nothing_there(packet, frame)
        return Answer.REFUSED if refused else answer
    return Answer.NOT_ASKED


def _error_in(frame: RecordedFrame) -> tuple[Packet, IcmpError] | None:
    if frame.direction != RECEIVED:
        return None
    try:
        octets = parse_ethernet(frame.octets).payload
        packet = parse_packet(octets)
        error = read_error(octets, packet) if packet.protocol in _ICMP else None
    except WireError:
        return None  # ARP, or broken
    return None if error is None else (packet, error)


def _says_nothing_there(packet: Packet, frame: RecordedFrame) -> bool:
    octets = parse_ethernet(frame.octets).payload
    kind = (octets[packet.payload_offset], octets[packet.payload_offset + 1])
    return kind in _NOTHING_THERE[packet.protocol]
