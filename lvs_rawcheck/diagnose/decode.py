# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames as scapy reads them, a line each: the one module that imports scapy.

Import it when the frames have passed: loading scapy takes longer than many a check. Decoding by another hand than the
one that built the frames is the point: what is shown is what is on the wire.
"""

from __future__ import annotations

import logging

# Set before scapy is loaded, which says at once what it thinks of this host's routes.
logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers import dns, inet, inet6, l2, sctp  # noqa: E402 - see above
from scapy.packet import Packet, Raw  # noqa: E402

_ARP_REQUEST = 1
_ARP_REPLY = 2
_PADDING = ("NOP", "EOL")
_SEQUENCE_MASK = 0xFFFFFFFF


class Decoder:
    """Tells frames in the order in which they passed: sequence numbers count from each side's SYN, which is 0."""

    def __init__(self) -> None:
        self._syns: dict[tuple[str, str], int] = {}

    def describe(self, octets: bytes) -> str:
        """Return what a whole Ethernet frame says, without its MACs. Any octets have a description."""
        frame = l2.Ether(octets)
        if l2.ARP in frame:
            return _arp_words(frame[l2.ARP])
        network = frame.getlayer(inet.IP) or frame.getlayer(inet6.IPv6)
        if network is None:
            return str(frame.summary())
        if network.haslayer(inet.TCP) and not _is_quotation(network):
            return self._tcp_words(network, network[inet.TCP])
        if network.haslayer(inet.UDP) and not _is_quotation(network):
            return _udp_words(network, network[inet.UDP])
        if network.haslayer(sctp.SCTP) and not _is_quotation(network):
            return _sctp_words(network, network[sctp.SCTP])
        return f"{network.src} > {network.dst} {_other_words(network)}{_hops(network)}"

    def _tcp_words(self, network: Packet, segment: Packet) -> str:
        sender, receiver = _endpoint(network.src, segment.sport), _endpoint(network.dst, segment.dport)
        if segment.flags.S:
            self._syns[sender, receiver] = segment.seq
        seq = self._relative(sender, receiver, segment.seq)
        words = [f"{sender} > {receiver} TCP {segment.flags} seq {seq}"]
        if segment.flags.A:
            words.append(f"ack {self._relative(receiver, sender, segment.ack)}")
        words.append(f"win {segment.window}")
        octets = len(segment[Raw].load) if Raw in segment else 0
        if octets:
            words.append(f"{octets} octets")
        told = [_option(*option) for option in segment.options if option[0] not in _PADDING]
        if told:
            words.append(f"<{','.join(told)}>")
        return " ".join(words) + _hops(network)

    def _relative(self, sender: str, receiver: str, number: int) -> int:
        syn = self._syns.get((sender, receiver))
        return number if syn is None else (number - syn) & _SEQUENCE_MASK


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _between_ports(network: Packet, carrier: Packet) -> str:
    return f"{_endpoint(network.src, carrier.sport)} > {_endpoint(network.dst, carrier.dport)}"


def _udp_words(network: Packet, datagram: Packet) -> str:
    length = f"{len(datagram.payload)} octets"
    message = f" {_dns_words(datagram[dns.DNS])}" if dns.DNS in datagram else ""
    return f"{_between_ports(network, datagram)} UDP {length}{message}{_hops(network)}"


def _dns_words(message: Packet) -> str:
    question = message.getlayer(dns.DNSQR)
    asked = f" {question.sprintf('%DNSQR.qtype%')} {_name(question.qname)}" if question is not None else ""
    if not message.qr:
        return f"DNS query {message.id}{asked}"
    return f"DNS response {message.id} {message.sprintf('%DNS.rcode%')}{asked} {message.ancount} answers"


def _name(qname: object) -> str:
    return qname.decode("ascii", "backslashreplace") if isinstance(qname, bytes) else str(qname)


def _sctp_words(network: Packet, packet: Packet) -> str:
    name = packet.payload.name.removeprefix("SCTPChunk")
    return f"{_between_ports(network, packet)} SCTP {name} tag {packet.tag}{_hops(network)}"


def _hops(network: Packet) -> str:
    return f" hlim {network.hlim}" if isinstance(network, inet6.IPv6) else f" ttl {network.ttl}"


def _option(name: str | int, value: object) -> str:
    return f"{name}={value}" if value not in (None, b"", "") else str(name)


def _arp_words(packet: Packet) -> str:
    if packet.op == _ARP_REQUEST:
        return f"ARP who-has {packet.pdst} tell {packet.psrc}"
    word = "reply" if packet.op == _ARP_REPLY else f"operation {packet.op}"
    return f"ARP {word} {packet.psrc} is-at {packet.hwsrc} to {packet.pdst}"


def _is_quotation(network: Packet) -> bool:
    """Return whether the TCP header in a packet is only quoted, by an ICMP error."""
    return bool(network.haslayer(inet.ICMP) or network.haslayer(inet6._ICMPv6))


def _other_words(network: Packet) -> str:
    """Return what an ICMP, ICMPv6 or any other packet says, in scapy's own words."""
    if network.haslayer(inet.ICMP):
        message = network[inet.ICMP]
        names = [message.sprintf("%ICMP.type%"), message.sprintf("%ICMP.code%")]
        named = " ".join(name for name in names if not name.isdecimal())  # a number where scapy knows no name
        return f"ICMP {message.type}/{message.code} {named}{_about(message, inet.IPerror)}"
    layer = network.payload
    while not isinstance(layer, inet6._ICMPv6) and layer.payload:
        layer = layer.payload
    if not isinstance(layer, inet6._ICMPv6):
        return str(network.payload.summary())
    target = f" {layer.tgt}" if hasattr(layer, "tgt") else ""
    name = layer.name.removeprefix("ICMPv6 ").removeprefix("Neighbor Discovery - ")
    return f"ICMPv6 {layer.type}/{layer.code} {name}{target}{_about(layer, inet6.IPerror6)}"


def _about(error: Packet, quotation: type) -> str:
    """Return whose packet an error quotes, "" for what is no error."""
    quoted = error.getlayer(quotation)
    if quoted is None:
        return ""
    sender, receiver = quoted.src, quoted.dst
    ports = quoted.payload
    if hasattr(ports, "sport"):
        sender, receiver = _endpoint(sender, ports.sport), _endpoint(receiver, ports.dport)
    return f" about {sender} > {receiver}"
