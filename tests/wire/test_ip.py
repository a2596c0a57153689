# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.ip import build_packet, parse_packet
from lvs_rawcheck.wire.ipv4 import Ipv4Packet
from lvs_rawcheck.wire.ipv6 import Ipv6Packet
from tests.wire.laws import address_pairs, any_octets, gives_value_or_wire_error, law, payloads, ttls


@law
@given(address_pairs, st.sampled_from([1, 6, 17, 58, 253]), payloads, ttls)
def test_a_packet_of_either_family_comes_back(
    addresses: tuple[bytes, bytes], protocol: int, payload: bytes, ttl: int
) -> None:
    source, destination = addresses
    octets = build_packet(source, destination, protocol, payload, ttl)
    packet = parse_packet(octets + b"padding")
    assert isinstance(packet, Ipv4Packet if len(source) == 4 else Ipv6Packet)
    assert (packet.source, packet.destination) == (source, destination)
    assert (packet.protocol, packet.ttl) == (protocol, ttl)
    assert octets[packet.payload_offset : packet.end] == payload


def test_no_octets_are_truncated() -> None:
    with pytest.raises(Truncated):
        parse_packet(b"")


@pytest.mark.parametrize("version", [0, 3, 5, 7, 15])
def test_other_versions_are_refused(version: int) -> None:
    with pytest.raises(WireError, match=f"version {version}"):
        parse_packet(bytes((version << 4,)) + bytes(60))


@law
@given(any_octets)
def test_any_octets(octets: bytes) -> None:
    gives_value_or_wire_error(parse_packet, octets)
