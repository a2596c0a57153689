# SPDX-License-Identifier: GPL-2.0-or-later
"""One line for each frame of a check, as the C tool's -v prints them and tcpdump nearly does.

    (MAC) 10.0.0.21:54321 > 10.0.0.100:80 (MAC) Flags [S], seq 1, ack 0
    (MAC) 10.0.0.21 ARP request who has 10.0.0.42 (ff:ff:ff:ff:ff:ff)
    (MAC) 10.0.0.21:54321 > 10.0.0.100:53 (MAC) UDP, length 17
    (MAC) 10.0.0.21 > 10.0.0.100 (MAC) ICMP echo request, id 7, seq 1, length 16

Sequence numbers are relative: each side's SYN is 1, where the C tool begins to count, so that its lines compare.
A side whose SYN was not seen keeps its absolute numbers; a segment without ACK acknowledges 0.
"""

from __future__ import annotations

from lvs_rawcheck.cli.output import complain
from lvs_rawcheck.errors import WireError
from lvs_rawcheck.link.nudge import DISCARD_PORT
from lvs_rawcheck.wire import arp, icmp, icmpv6, sctp
from lvs_rawcheck.wire import tcp as tcp_wire
from lvs_rawcheck.wire.address import format_address, format_endpoint, format_mac
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, parse_ethernet
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP, parse_packet
from lvs_rawcheck.wire.udp import parse_datagram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.path import Path
    from lvs_rawcheck.link.interface import Link
    from lvs_rawcheck.wire.ethernet import Ethernet
    from lvs_rawcheck.wire.icmp import IcmpMessage
    from lvs_rawcheck.wire.ip import Packet

CONVERSATION = 1  # -v: TCP, UDP, SCTP, echoes, and the ICMP errors about them
NEIGHBOURS = 2  # -vv: ARP and neighbour discovery too

_FLAG_LETTERS = (  # in tcpdump's order and spelling
    (tcp_wire.FIN, "F"),
    (tcp_wire.SYN, "S"),
    (tcp_wire.RST, "R"),
    (tcp_wire.PSH, "P"),
    (tcp_wire.ACK, "."),
    (tcp_wire.URG, "U"),
    (tcp_wire.ECE, "E"),
    (tcp_wire.CWR, "W"),
)
_SYN_COUNTS_AS = 1
_SEQUENCE_MASK = 0xFFFFFFFF
_ARP_WORDS = {arp.REQUEST: "request who has", arp.REPLY: "reply"}
_CHUNK_NAMES = {sctp.INIT: "INIT", sctp.INIT_ACK: "INIT ACK", sctp.ABORT: "ABORT"}
_ECHOES = {
    "ICMP": {icmp.ECHO_REQUEST: "request", icmp.ECHO_REPLY: "reply"},
    "ICMPv6": {icmpv6.ECHO_REQUEST: "request", icmpv6.ECHO_REPLY: "reply"},
}
_ICMP_HEADER = 8  # octets
_NEIGHBOUR_TYPES = (icmpv6.NEIGHBOUR_SOLICITATION, icmpv6.NEIGHBOUR_ADVERTISEMENT)


def tracing(verbosity: int) -> Callable[[Link, Path], Link]:
    """Return what wraps a link so that each of its frames is one line on stderr; verbosity: of -v, 1 or more."""

    def wrap(link: Link, path: Path) -> Link:
        """Return the link with a tracer around it; closing that one closes the link."""
        from lvs_rawcheck.link.tracer import Tracer

        lines = PacketLines()

        def show(direction: str, octets: bytes, now: float) -> None:
            level, line = lines.describe(octets)
            if level <= verbosity:
                complain(line)

        return Tracer(link, show)

    return wrap


class PacketLines:
    """Describes frames in the order in which they passed: remembers each side's SYN."""

    def __init__(self) -> None:
        self._syns: dict[tuple[str, str], int] = {}
        """Sequence number of the last SYN, by sender and receiver."""

    def describe(self, octets: bytes) -> tuple[int, str]:
        """Return the verbosity that a whole Ethernet frame is worth, and its line. Any octets have one."""
        try:
            frame = parse_ethernet(octets)
        except WireError as error:
            return NEIGHBOURS, f"frame of {len(octets)} octets: {error}"
        level, words, flags = self._words_of_any(frame)
        return level, f"({format_mac(frame.source)}) {words} ({format_mac(frame.destination)}){flags}"

    def describe_without_macs(self, octets: bytes) -> tuple[int, str]:
        """Return the same for those who tell the MACs themselves."""
        try:
            frame = parse_ethernet(octets)
        except WireError as error:
            return NEIGHBOURS, f"frame of {len(octets)} octets: {error}"
        level, words, flags = self._words_of_any(frame)
        return level, f"{words}{flags}"

    def _words_of_any(self, frame: Ethernet) -> tuple[int, str, str]:
        try:
            return self._words(frame)
        except WireError as error:
            return CONVERSATION, f"broken packet of {len(frame.payload)} octets: {error}", ""

    def _words(self, frame: Ethernet) -> tuple[int, str, str]:
        """Return the verbosity, what stands between the MACs, and what stands behind them."""
        if frame.ethertype == ETHERTYPE_ARP:
            return NEIGHBOURS, _arp_words(frame.payload), ""
        if frame.ethertype not in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
            return NEIGHBOURS, f"ethertype {frame.ethertype:#06x}, {len(frame.payload)} octets", ""
        packet = parse_packet(frame.payload)
        if packet.protocol == PROTO_TCP:
            return CONVERSATION, *self._tcp_words(frame.payload, packet)
        if packet.protocol == PROTO_UDP:
            return CONVERSATION, *_udp_words(frame.payload, packet)
        if packet.protocol == PROTO_SCTP:
            return CONVERSATION, *_sctp_words(frame.payload, packet)
        if packet.protocol in (PROTO_ICMP, PROTO_ICMPV6):
            return _icmp_words(frame.payload, packet)
        return NEIGHBOURS, f"{_between(packet)} protocol {packet.protocol}", ""

    def _tcp_words(self, octets: bytes, packet: Packet) -> tuple[str, str]:
        # Whether the checksum holds is the driver's to judge: local frames may carry an unfinished one.
        segment = tcp_wire.parse_segment(octets, packet.payload_offset, packet.end, None)
        sender = format_endpoint(packet.source, segment.source_port)
        receiver = format_endpoint(packet.destination, segment.destination_port)
        if segment.flags & tcp_wire.SYN:
            self._syns[sender, receiver] = segment.seq
        seq = self._relative(sender, receiver, segment.seq)
        ack = self._relative(receiver, sender, segment.ack) if segment.flags & tcp_wire.ACK else 0
        flags = "".join(letter for flag, letter in _FLAG_LETTERS if segment.flags & flag)
        length = f", length {len(segment.payload)}" if segment.payload else ""
        return f"{sender} > {receiver}", f" Flags [{flags}], seq {seq}, ack {ack}{length}"

    def _relative(self, sender: str, receiver: str, number: int) -> int:
        """Return a sequence number of sender's as counted from its SYN."""
        syn = self._syns.get((sender, receiver))
        return number if syn is None else (number - syn + _SYN_COUNTS_AS) & _SEQUENCE_MASK


def _between(packet: Packet) -> str:
    return f"{format_address(packet.source)} > {format_address(packet.destination)}"


def _arp_words(octets: bytes) -> str:
    packet = arp.parse_arp(octets)
    sender = format_address(packet.sender_ip)
    words = _ARP_WORDS.get(packet.operation, f"operation {packet.operation} about")
    if packet.operation == arp.REPLY:
        return f"{sender} ARP {words} {sender} is at {format_mac(packet.sender_mac)}"
    return f"{sender} ARP {words} {format_address(packet.target_ip)}"


def _udp_words(octets: bytes, packet: Packet) -> tuple[str, str]:
    datagram = parse_datagram(octets, packet, None)
    ports = datagram.source_port, datagram.destination_port
    return _between_ports(packet, *ports), f" UDP, length {len(datagram.payload)}"


def _sctp_words(octets: bytes, packet: Packet) -> tuple[str, str]:
    datagram = sctp.parse_packet(octets[packet.payload_offset : packet.end], checksum_ready=False)
    tag, chunks = sctp.tag_and_chunks(datagram.payload)
    chunk = sctp.first_chunk(chunks)
    name = _CHUNK_NAMES.get(chunk.type, f"chunk {chunk.type}")
    between = _between_ports(packet, datagram.source_port, datagram.destination_port)
    return between, f" SCTP [{name}], tag {tag}, length {len(chunks)}"


def _between_ports(packet: Packet, source_port: int, destination_port: int) -> str:
    return f"{format_endpoint(packet.source, source_port)} > {format_endpoint(packet.destination, destination_port)}"


def _icmp_words(octets: bytes, packet: Packet) -> tuple[int, str, str]:
    from lvs_rawcheck.checks.icmp_errors import read_error

    error = read_error(octets, packet)
    if error is not None:
        flow = error.flow
        sender = format_endpoint(flow.source, flow.source_port)
        receiver = format_endpoint(flow.destination, flow.destination_port)
        nudged = flow.protocol == PROTO_UDP and flow.destination_port == DISCARD_PORT
        level = NEIGHBOURS if nudged else CONVERSATION  # what was nudged is the kernel's neighbour entry
        return level, f"{_between(packet)} {error.sentence} about {sender} > {receiver}", ""
    if packet.protocol == PROTO_ICMP:
        message = icmp.parse_icmp(octets, packet.payload_offset, packet.end)
        return CONVERSATION, _between(packet), _echo_words("ICMP", message)
    pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_ICMPV6)
    message = icmpv6.parse_icmpv6(octets, packet.payload_offset, packet.end, pseudo_sum)
    if message.type in _NEIGHBOUR_TYPES:
        return NEIGHBOURS, _neighbour_words(message, packet), ""
    return CONVERSATION, _between(packet), _echo_words("ICMPv6", message)


def _echo_words(name: str, message: IcmpMessage) -> str:
    """Return what an echo says, of anything else type and code; length: as tcpdump counts, with the header."""
    direction = _ECHOES[name].get(message.type)
    if direction is None:
        return f" {name} {message.type}/{message.code}"
    identifier, sequence = icmp.echo_numbers(message)
    return f" {name} echo {direction}, id {identifier}, seq {sequence}, length {_ICMP_HEADER + len(message.body)}"


def _neighbour_words(message: IcmpMessage, packet: Packet) -> str:
    neighbour = icmpv6.parse_neighbour(message, packet)
    sender, target = format_address(packet.source), format_address(neighbour.target)
    if neighbour.type == icmpv6.NEIGHBOUR_SOLICITATION:
        return f"{sender} NDP solicitation who has {target}"
    at = f" is at {format_mac(neighbour.mac)}" if neighbour.mac is not None else ""
    return f"{sender} NDP advertisement {target}{at}"
