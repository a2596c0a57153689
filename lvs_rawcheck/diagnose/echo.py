# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that asks for an echo from the VIP, and tells what came back, and from whom; touches nothing.

Reading list: RFC 792 (echo), RFC 1122 3.2.2.6 (every host answers), RFC 4443 4.1, 4.2. It has the five verbs
of the resolver of ARP and neighbour discovery.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvs_rawcheck.checks.icmp_errors import IcmpError, read_error
from lvs_rawcheck.diagnose.asker import Asker
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire import icmp, icmpv6
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_mac
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmp import IcmpMessage, echo_numbers
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, TTL_DEFAULT, build_packet, parse_packet

if TYPE_CHECKING:
    from lvs_rawcheck.wire.ip import Packet

DATA = b"lvs-rawcheck echo to a VIP at the real server's MAC"
_OWN_MESSAGES = (icmp.ECHO_REQUEST, icmpv6.ECHO_REQUEST)
_REPLIES = (icmp.ECHO_REPLY, icmpv6.ECHO_REPLY)
_HEADER_OCTETS = {4: 28, 16: 48}  # IP without options, then ICMP's eight octets; by the length of an address


def data_to_fill(mtu: int, address: bytes) -> bytes:
    """Return the data of an echo to this address that makes an IP packet of mtu octets."""
    octets = mtu - _HEADER_OCTETS[len(address)]
    return (DATA * (octets // len(DATA) + 1))[:octets]


@dataclass(frozen=True)
class Echoed:
    """The event: what came of it, and a few words more where there are any."""

    answer: Answer
    detail: str = ""


class EchoProbe(Asker[Echoed]):
    """Echo requests from director_ip to the VIP, all to one MAC.

    identifier: 0..65535, tells our replies from those to others. data: comes back with the reply. Exactly one event
    ends it.
    """

    def __init__(self, vip: bytes, director_ip: bytes, mac: bytes, identifier: int, data: bytes = DATA) -> None:
        super().__init__()
        self._vip = vip
        self._director_ip = director_ip
        self._mac = mac
        self._identifier = identifier
        self._data = data
        self._ipv4 = len(vip) == IPV4_OCTETS
        self._stray: Echoed | None = None

    def packets_to_send(self, now: float) -> list[tuple[bytes, bytes, int]]:
        """Return the request that is due, if one is: octets, destination MAC and ethertype."""
        if not self._asks(now):
            return []
        return [(self._request(), self._mac, ETHERTYPE_IPV4 if self._ipv4 else ETHERTYPE_IPV6)]

    def receive_packet(self, octets: bytes, source_mac: bytes, ethertype: int, now: float) -> None:
        """Look at a frame that may be an answer; anything else changes nothing."""
        if self._finished or ethertype not in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
            return
        try:
            echoed = self._read(octets, source_mac)
        except WireError:
            return
        if echoed is None:
            return
        if echoed.answer == Answer.OTHER_MAC:
            self._stray = echoed  # the right machine may still answer
        else:
            self._finish(echoed)

    def give_up(self) -> None:
        """Let it be over now: silence, or somebody else's reply."""
        if not self._finished:
            self._finish(self._stray or Echoed(Answer.SILENCE))

    def _request(self) -> bytes:
        source, vip = self._director_ip, self._vip
        if self._ipv4:
            payload = icmp.icmp_to_octets(icmp.echo_request(self._identifier, self._sent, self._data))
            return build_packet(source, vip, PROTO_ICMP, payload)
        message = icmpv6.echo_request(self._identifier, self._sent, self._data)
        return build_packet(source, vip, PROTO_ICMPV6, icmpv6.icmpv6_to_octets(message, source, vip))

    def _read(self, octets: bytes, source_mac: bytes) -> Echoed | None:
        packet = parse_packet(octets)
        if packet.protocol not in (PROTO_ICMP, PROTO_ICMPV6):
            return None
        error = read_error(octets, packet)
        if error is not None:
            return self._read_error(error, packet)
        message = _parse_message(octets, packet)
        if message.type not in (*_OWN_MESSAGES, *_REPLIES) or echo_numbers(message)[0] != self._identifier:
            return None
        if packet.source == self._director_ip and message.type in _OWN_MESSAGES:
            # The same TTL, or another sender: a mirror port, which shows our own frames as they were.
            forwarded = packet.ttl < TTL_DEFAULT and source_mac == self._mac
            return Echoed(Answer.LOOPED, f"our own, TTL {packet.ttl}") if forwarded else None
        if packet.source != self._vip or message.type not in _REPLIES:
            return None
        if source_mac != self._mac:
            return Echoed(Answer.OTHER_MAC, format_mac(source_mac))
        return Echoed(Answer.REPLY)

    def _read_error(self, error: IcmpError, packet: Packet) -> Echoed | None:
        flow = error.flow
        # A solicitation for the VIP, asked at the same time, may be what is quoted: it means the same.
        if flow.destination != self._vip or flow.protocol not in (PROTO_ICMP, PROTO_ICMPV6):
            return None
        return Echoed(name_of_error(packet.source, self._vip), error.sentence)


def _parse_message(octets: bytes, packet: Packet) -> IcmpMessage:
    if packet.protocol == PROTO_ICMP:
        return icmp.parse_icmp(octets, packet.payload_offset, packet.end)
    pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_ICMPV6)
    return icmpv6.parse_icmpv6(octets, packet.payload_offset, packet.end, pseudo_sum)


def name_of_error(sender: bytes, vip: bytes) -> Answer:
    """Return what an ICMP error about a packet to the VIP means: its holder speaks in its name, a forwarder in its own.

    RFC 1122 3.2.2 (an error's source is the address that the packet was for), RFC 1812 4.3.2.4, RFC 4443 2.2.
    """
    return Answer.REJECTED if sender == vip else Answer.UNREACHABLE
