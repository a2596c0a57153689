# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import (
    format_address,
    format_endpoint,
    format_mac,
    parse_address,
    parse_mac,
)
from tests.wire.laws import ipv4_addresses, ipv6_addresses, law, macs


def test_addresses_are_four_or_sixteen_octets() -> None:
    assert parse_address("10.0.0.42") == bytes((10, 0, 0, 42))
    assert parse_address("2001:db8::2a") == bytes.fromhex("20010db8 00000000 00000000 0000002a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.1",
        "10.0.0.256",
        "10.0.0.010",
        "0x0a.0.0.1",
        "167772161",
        " 10.0.0.1",
        "10.0.0.1 ",
        "10.0.0.1\n",
        "10.0.0.1\0",
        "10.0.0.1/32",
        "fe80::1%eth0",
        "2001:db8::1::2",
        "[2001:db8::1]",
        "12345::",
        "web1.example.com",
        "\udcff:",
    ],
)
def test_everything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert str(caught.value) == f"not an IPv4 or IPv6 address: {text!r}"


@law
@given(ipv4_addresses | ipv6_addresses)
def test_text_and_back(address: bytes) -> None:
    assert parse_address(format_address(address)) == address


@law
@given(ipv4_addresses | ipv6_addresses)
def test_the_standard_library_reads_it_the_same(address: bytes) -> None:
    assert ipaddress.ip_address(format_address(address)).packed == address


@law
@given(st.text(max_size=20))
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    try:
        octets = parse_address(text)
    except UsageError:
        return
    assert ipaddress.ip_address(text).packed == octets


def test_an_endpoint_puts_ipv6_in_brackets() -> None:
    assert format_endpoint(parse_address("10.0.0.1"), 80) == "10.0.0.1:80"
    assert format_endpoint(parse_address("2001:db8::1"), 80) == "[2001:db8::1]:80"


@law
@given(macs)
def test_macs_and_back(mac: bytes) -> None:
    assert parse_mac(format_mac(mac)) == mac
    assert parse_mac(format_mac(mac).upper()) == mac


@pytest.mark.parametrize(
    "text",
    [
        "",
        "02:00:0a:00:00",
        "02:00:0a:00:00:2a:00",
        "2:0:a:0:0:2a",
        "02-00-0a-00-00-2a",
        "0g:00:0a:00:00:2a",
        "02:00:0a:00:00: a",
        "02000a00002a",
        "02:00:0a:00:00:٣٤",
    ],
)
def test_other_macs_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a MAC address"):
        parse_mac(text)
