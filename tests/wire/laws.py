# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every parser of the wire, and where the random octets come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.address import format_address

Parser = Callable[[bytes], object]

# The first example pays for scapy's import, so no deadline; the count keeps all of tests/wire within seconds.
law = settings(deadline=None, max_examples=100)

any_octets = st.binary(max_size=200)
ports = st.integers(1, 0xFFFF)
words = st.integers(0, 0xFFFF)
long_words = st.integers(0, 0xFFFFFFFF)
ttls = st.integers(1, 255)
macs = st.binary(min_size=6, max_size=6)
ipv4_addresses = st.binary(min_size=4, max_size=4)
ipv6_addresses = st.binary(min_size=16, max_size=16)
address_pairs = st.tuples(ipv4_addresses, ipv4_addresses) | st.tuples(ipv6_addresses, ipv6_addresses)
payloads = st.binary(max_size=64)


def texts(addresses: tuple[bytes, bytes]) -> dict[str, str]:
    """Return source and destination as scapy's IP and IPv6 want them."""
    source, destination = addresses
    return {"src": format_address(source), "dst": format_address(destination)}


def gives_value_or_wire_error(parse: Parser, octets: bytes) -> None:
    try:
        value = parse(octets)
    except WireError:
        return
    assert value is not None


def survives_cuts(parse: Parser, octets: bytes) -> None:
    """Every beginning of a packet gives a value or WireError."""
    for length in range(len(octets)):
        gives_value_or_wire_error(parse, octets[:length])


def refuses_cuts(parse: Parser, octets: bytes) -> None:
    """No beginning of a packet passes for a packet: its own length field or its checksum tells."""
    for length in range(len(octets)):
        with pytest.raises(WireError):
            parse(octets[:length])


def single_bit_flips(octets: bytes) -> Iterator[bytes]:
    for bit in range(len(octets) * 8):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        yield bytes(flipped)
