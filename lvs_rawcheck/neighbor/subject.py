# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose MAC an answer tells, so that of thousands who are asked about only one has to look at it.

Reading list: RFC 826, RFC 4861 4.4. Whether it is an answer, and one to us, is for the resolver to say.
"""

from __future__ import annotations

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.address import IPV6_OCTETS
from lvs_rawcheck.wire.arp import parse_arp
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP
from lvs_rawcheck.wire.ip import PROTO_ICMPV6
from lvs_rawcheck.wire.ipv6 import parse_ipv6

_TARGET_OFFSET = 8  # octets of an advertisement before its target: type, code, checksum, flags and reserved


def subject(octets: bytes, ethertype: int) -> bytes | None:
    """Return the address that a reply by ARP is sent by, or that an advertisement is about; None: it is neither."""
    try:
        if ethertype == ETHERTYPE_ARP:
            return parse_arp(octets).sender_ip
        packet = parse_ipv6(octets)
    except WireError:
        return None
    target = packet.payload_offset + _TARGET_OFFSET
    if packet.protocol != PROTO_ICMPV6 or target + IPV6_OCTETS > packet.end:
        return None
    return octets[target : target + IPV6_OCTETS]
