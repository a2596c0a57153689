# SPDX-License-Identifier: GPL-2.0-or-later
"""Who speaks in a VIP's name on a segment, unasked: heard, not provoked.

A real server whose arp_announce is 0 asks for its next hop with the source address of the packet that waits, the VIP
(net/ipv4/arp.c, arp_solicit), and whoever hears that takes it for the VIP's owner (RFC 826, merge). It does so only
when it has no entry for that hop, so silence proves nothing. Gratuitous ARP (RFC 5227 3) and unsolicited advertisements
(RFC 4861 7.2.6) say the same aloud. The active director may; nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.link.bpf import (
    ACCEPT_OCTETS,
    FRAME_PROTOCOL,
    JUMP_EQUAL,
    LOAD_OCTET,
    LOAD_WORD,
    RETURN,
    Assembler,
    drop_other_vlans,
)
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.packet import Frame, PacketLink
from lvs_rawcheck.link.rtnetlink import Interface
from lvs_rawcheck.wire.address import format_address, format_mac
from lvs_rawcheck.wire.arp import REPLY, REQUEST, parse_arp
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmpv6 import NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, parse_icmpv6, parse_neighbour
from lvs_rawcheck.wire.ip import PROTO_ICMPV6
from lvs_rawcheck.wire.ipv6 import parse_ipv6

if TYPE_CHECKING:
    from lvs_rawcheck.link.bpf import Program

HEARD_MAX = 256  # speakers: more are invented
FRAMES_MAX = 4096  # read in one go; the rest waits, or is lost
BUFFER_OCTETS = 256 * 1024

_IPV6_NEXT_HEADER, _ICMPV6_TYPE = 6, 40  # offsets, octets
_MULTICAST6 = 0xFF


@dataclass(frozen=True)
class Announcement:
    """One who spoke in a VIP's name. words: what it said, for a person."""

    vip: bytes
    mac: bytes
    words: str


def announcement_filter() -> Program:
    """Return the program that passes ARP, neighbour solicitations and advertisements of this link's own VLAN."""
    program = Assembler()
    drop_other_vlans(program)
    program.add(LOAD_WORD, FRAME_PROTOCOL)
    program.jump_if(JUMP_EQUAL, ETHERTYPE_ARP, "accept")
    program.skip_unless_equal(ETHERTYPE_IPV6, "drop")
    program.add(LOAD_OCTET, _IPV6_NEXT_HEADER)
    program.skip_unless_equal(PROTO_ICMPV6, "drop")
    program.add(LOAD_OCTET, _ICMPV6_TYPE)
    program.jump_if(JUMP_EQUAL, NEIGHBOUR_SOLICITATION, "accept")
    program.jump_if(JUMP_EQUAL, NEIGHBOUR_ADVERTISEMENT, "accept")
    program.label("drop")
    program.add(RETURN, 0)
    program.label("accept")
    program.add(RETURN, ACCEPT_OCTETS)
    return program.program()


def listen_on(interface: Interface, vips: Collection[bytes]) -> Listener:
    """Return a listener on an interface; needs CAP_NET_RAW, and is the caller's to close."""
    link = PacketLink(interface.index, interface.mac, announcement_filter(), receive_buffer_octets=BUFFER_OCTETS)
    return Listener(link, vips)


class Listener:
    """Hears from the moment it is made; what was heard waits in the link until it is taken."""

    def __init__(self, link: Link, vips: Collection[bytes]) -> None:
        self._link = link
        self._vips = frozenset(vips)
        self._heard: dict[tuple[bytes, bytes], Announcement] = {}

    def heard(self) -> list[Announcement]:
        """Return who has spoken in a VIP's name so far, each MAC once for each VIP; this host's own are not heard."""
        for _ in range(FRAMES_MAX):
            frame = self._link.receive()
            if frame is None:
                break
            for told in self._read(frame):
                if len(self._heard) < HEARD_MAX:
                    self._heard.setdefault((told.vip, told.mac), told)
        return list(self._heard.values())

    def close(self) -> None:
        """Close the link; twice is harmless."""
        self._link.close()

    def _read(self, frame: Frame) -> Iterator[Announcement]:
        try:
            spoken = _spoken_arp(frame) if frame.ethertype == ETHERTYPE_ARP else _spoken_ndp(frame)
        except WireError:
            return
        if spoken is not None and spoken.vip in self._vips and spoken.mac != self._link.own_mac:
            yield spoken


def _spoken_arp(frame: Frame) -> Announcement | None:
    packet = parse_arp(frame.octets)
    gratuitous = packet.sender_ip == packet.target_ip
    if packet.operation != REQUEST and not (packet.operation == REPLY and gratuitous):
        return None  # an answer to somebody: the leak, which is asked for
    vip = format_address(packet.sender_ip)
    words = f"ARP: {vip} is at" if gratuitous else f"ARP who-has {format_address(packet.target_ip)} tell {vip}, from"
    return Announcement(packet.sender_ip, packet.sender_mac, f"{words} {format_mac(packet.sender_mac)}")


def _spoken_ndp(frame: Frame) -> Announcement | None:
    packet = parse_ipv6(frame.octets)
    pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_ICMPV6)
    message = parse_neighbour(parse_icmpv6(frame.octets, packet.payload_offset, packet.end, pseudo_sum), packet)
    mac = message.mac or frame.source_mac
    target = format_address(message.target)
    if message.type == NEIGHBOUR_SOLICITATION:
        words = f"neighbour solicitation for {target} from {format_address(packet.source)}, {format_mac(mac)}"
        return Announcement(packet.source, mac, words)
    if packet.destination[0] != _MULTICAST6:
        return None  # an answer to somebody
    return Announcement(message.target, mac, f"neighbour advertisement: {target} is at {format_mac(mac)}")
