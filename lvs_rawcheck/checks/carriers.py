# SPDX-License-Identifier: GPL-2.0-or-later
"""How the payloads of an exchange travel between the director and a VIP: in UDP, in echo messages, in SCTP packets.

Each carrier puts a payload into a whole IP packet, and finds the payload in one; who sent it and whether that counts
is the flow's to judge. Broken packets raise WireError, foreign ones are None.
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire import icmp, icmpv6
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.icmp import IcmpMessage, echo_numbers
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.udp import Datagram, parse_datagram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.wire.ip import Packet

_unpack_ports = Struct("!HH").unpack_from
_PORTS_OCTETS = 4
_ECHO_OCTETS = 8
_ECHO_REQUESTS = {PROTO_ICMP: icmp.ECHO_REQUEST, PROTO_ICMPV6: icmpv6.ECHO_REQUEST}
_ECHO_REPLIES = {PROTO_ICMP: icmp.ECHO_REPLY, PROTO_ICMPV6: icmpv6.ECHO_REPLY}


def own_number(octets: bytes, packet: Packet, director_ip: bytes) -> int | None:
    """Return the number in a packet by which a carrier of ours may be found, None where there is none.

    It is the port at the director's end, or the identifier of an echo message; nothing is verified yet.
    """
    present = packet.end - packet.payload_offset
    if packet.protocol in _ECHO_REPLIES:
        if present < _ECHO_OCTETS:
            return None
        return int(_unpack_ports(octets, packet.payload_offset + _PORTS_OCTETS)[0])
    if present < _PORTS_OCTETS:
        return None
    first, second = _unpack_ports(octets, packet.payload_offset)
    return int(second if packet.destination == director_ip else first)


class Carrier:
    """One flow's way. number: ours, by which answers find it; peer_port: the other end's, 0 where there is none."""

    __slots__ = ("director_ip", "number", "peer_port", "vip")

    protocol = 0

    def __init__(self, director_ip: bytes, endpoint: Endpoint, number: int) -> None:
        self.director_ip = director_ip
        self.vip = endpoint.vip
        self.number = number
        self.peer_port = endpoint.port

    def packet(self, payload: bytes) -> bytes:
        """Return the IP packet that takes a payload to the VIP."""
        return build_packet(self.director_ip, self.vip, self.protocol, self._to_octets(payload))

    def answer_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return the payload of a packet to us, whatever its source address."""
        raise NotImplementedError

    def own_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return the payload of a packet of ours that came back."""
        raise NotImplementedError

    def _to_octets(self, payload: bytes) -> bytes:
        raise NotImplementedError


class UdpCarrier(Carrier):
    """UDP between two ports."""

    __slots__ = ()

    protocol = PROTO_UDP

    def answer_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return the payload of a datagram from the endpoint's port to ours."""
        datagram = self._read(octets, packet, checksum_ready)
        from_peer = (datagram.source_port, datagram.destination_port) == (self.peer_port, self.number)
        return datagram.payload if from_peer else None

    def own_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return the payload of a datagram from our port to the endpoint's."""
        datagram = self._read(octets, packet, checksum_ready)
        to_peer = (datagram.destination_port, datagram.source_port) == (self.peer_port, self.number)
        return datagram.payload if to_peer else None

    def _read(self, octets: bytes, packet: Packet, checksum_ready: bool) -> Datagram:
        pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_UDP) if checksum_ready else None
        return parse_datagram(octets, packet, pseudo_sum)

    def _to_octets(self, payload: bytes) -> bytes:
        pseudo_sum = pseudo_header_sum(self.director_ip, self.vip, PROTO_UDP)
        return Datagram(self.number, self.peer_port, payload).to_octets(pseudo_sum)


class EchoCarrier(Carrier):
    """Echo requests and replies of ICMP or ICMPv6: their sequence numbers count what was sent.

    number: the identifier. The payload comes back in the reply (RFC 792, RFC 4443 4.2).
    """

    __slots__ = ("_sent", "protocol")

    def __init__(self, director_ip: bytes, endpoint: Endpoint, number: int, protocol: int) -> None:
        super().__init__(director_ip, endpoint, number)
        self.protocol = protocol
        self.peer_port = 0
        self._sent = 0

    def answer_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return the data of a reply with our identifier."""
        return self._data_of(octets, packet, _ECHO_REPLIES[self.protocol])

    def own_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return the data of a request with our identifier."""
        return self._data_of(octets, packet, _ECHO_REQUESTS[self.protocol])

    def _data_of(self, octets: bytes, packet: Packet, wanted_type: int) -> bytes | None:
        message = self._read(octets, packet)
        ours = message.type == wanted_type and message.code == 0 and echo_numbers(message)[0] == self.number
        return message.body if ours else None

    def _read(self, octets: bytes, packet: Packet) -> IcmpMessage:
        if self.protocol == PROTO_ICMP:
            return icmp.parse_icmp(octets, packet.payload_offset, packet.end)
        pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_ICMPV6)
        return icmpv6.parse_icmpv6(octets, packet.payload_offset, packet.end, pseudo_sum)

    def _to_octets(self, payload: bytes) -> bytes:
        self._sent += 1
        sequence = self._sent & 0xFFFF
        if self.protocol == PROTO_ICMP:
            return icmp.icmp_to_octets(icmp.echo_request(self.number, sequence, payload))
        message = icmpv6.echo_request(self.number, sequence, payload)
        return icmpv6.icmpv6_to_octets(message, self.director_ip, self.vip)


class SctpCarrier(Carrier):
    """SCTP between two ports. A payload is a verification tag (4 octets) and the chunks that follow it."""

    __slots__ = ()

    protocol = PROTO_SCTP

    def answer_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return tag and chunks of a packet from the endpoint's port to ours."""
        return self._between(octets, packet, (self.peer_port, self.number), checksum_ready)

    def own_in(self, octets: bytes, packet: Packet, checksum_ready: bool) -> bytes | None:
        """Return tag and chunks of a packet from our port to the endpoint's."""
        return self._between(octets, packet, (self.number, self.peer_port), checksum_ready)

    def _between(self, octets: bytes, packet: Packet, ports: tuple[int, int], checksum_ready: bool) -> bytes | None:
        from lvs_rawcheck.wire import sctp

        parsed = sctp.parse_packet(octets[packet.payload_offset : packet.end], checksum_ready)
        return parsed.payload if (parsed.source_port, parsed.destination_port) == ports else None

    def _to_octets(self, payload: bytes) -> bytes:
        from lvs_rawcheck.wire import sctp

        return sctp.packet_to_octets(self.number, self.peer_port, payload)


def carrier_of(protocol: int, director_ip: bytes, endpoint: Endpoint, number: int) -> Carrier:
    """Return the carrier of that IP protocol between the director's address, with our number, and an endpoint."""
    if protocol == PROTO_UDP:
        return UdpCarrier(director_ip, endpoint, number)
    if protocol in _ECHO_REPLIES:
        return EchoCarrier(director_ip, endpoint, number, protocol)
    if protocol == PROTO_SCTP:
        return SctpCarrier(director_ip, endpoint, number)
    raise LinkError(f"no exchange is carried by IP protocol {protocol}")
