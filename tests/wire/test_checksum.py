# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scapy.utils import checksum as scapy_checksum

from lvs_rawcheck.wire.checksum import internet_checksum, is_intact, ones_sum, pseudo_header_sum
from tests.wire.laws import address_pairs, any_octets, law


def test_the_example_of_rfc_1071() -> None:
    # RFC 1071 section 3: the sum of these words is ddf2.
    octets = bytes.fromhex("0001 f203 f4f5 f6f7")
    assert ones_sum(octets) == 0xDDF2
    assert internet_checksum(octets) == 0x220D


def test_zero_has_two_forms_and_each_its_place() -> None:
    assert ones_sum(b"") == 0
    assert ones_sum(bytes(20)) == 0
    assert ones_sum(b"\xff\xff") == 0xFFFF
    assert ones_sum(b"\xff\xfe\x00\x01") == 0xFFFF
    assert internet_checksum(bytes(4)) == 0xFFFF
    assert internet_checksum(b"\xff\xff") == 0


def test_octets_that_are_all_zero_are_not_intact() -> None:
    assert not is_intact(bytes(8))
    assert is_intact(b"\xff\xff")


def test_an_odd_octet_counts_as_the_upper_half_of_a_word() -> None:
    assert ones_sum(b"\x12\x34\x56") == ones_sum(b"\x12\x34\x56\x00") == 0x6834


@law
@given(any_octets)
def test_scapy_agrees(octets: bytes) -> None:
    assert internet_checksum(octets) == scapy_checksum(octets)


@law
@given(any_octets, st.integers(0, 1 << 20))
def test_a_checksum_put_in_its_place_comes_out_right(octets: bytes, initial: int) -> None:
    even = octets + bytes(len(octets) % 2)
    whole = even + internet_checksum(even, initial).to_bytes(2, "big")
    assert is_intact(whole, initial)


@law
@given(any_octets.filter(lambda octets: len(octets) % 2 == 0), any_octets)
def test_sums_add_up_in_any_grouping(left: bytes, right: bytes) -> None:
    assert (ones_sum(left) + ones_sum(right)) % 0xFFFF == ones_sum(left + right) % 0xFFFF


@law
@given(address_pairs, st.integers(0, 255))
def test_a_pseudo_header_is_the_sum_of_its_words(addresses: tuple[bytes, bytes], protocol: int) -> None:
    source, destination = addresses
    words = source + destination + bytes((0, protocol))
    assert pseudo_header_sum(source, destination, protocol) % 0xFFFF == ones_sum(words) % 0xFFFF
