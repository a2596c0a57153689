# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be asked."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.errors import UsageError
from tests.checks.site import packed, request

REAL, VIP, OTHER_VIP = "10.0.0.42", "10.0.0.100", "10.0.0.101"


def test_no_vip() -> None:
    with pytest.raises(UsageError, match="no VIP given"):
        Request("tcp", (TcpConversation,), packed(REAL), [])


@pytest.mark.parametrize(("real", "vip"), [(REAL, "2001:db8::100"), ("2001:db8::42", VIP)])
def test_families_differ(real: str, vip: str) -> None:
    with pytest.raises(UsageError, match="family"):
        request(real, vip)
    same_family = request(vip, "10.0.0.1" if ":" not in vip else "2001:db8::1")
    with pytest.raises(UsageError, match="family"):
        Request("tcp", (TcpConversation,), same_family.real_ip, [*same_family.endpoints, Endpoint(packed(real), 80)])


def test_the_real_server_is_the_vip() -> None:
    with pytest.raises(UsageError, match="the same address"):
        request(REAL, VIP, REAL)


@pytest.mark.parametrize(
    ("real", "vip", "told"),
    [
        ("::ffff:10.0.0.42", "2001:db8::100", "real server ::ffff:10.0.0.42: write this IPv4 address as IPv4"),
        ("2001:db8::42", "::ffff:10.0.0.100", "VIP ::ffff:10.0.0.100: write this IPv4 address as IPv4"),
        (REAL, "127.0.0.1", "VIP 127.0.0.1: a loopback address"),
        (REAL, "127.255.0.9", "VIP 127.255.0.9: a loopback address"),
        ("2001:db8::42", "::1", "VIP ::1: a loopback address"),
        (REAL, "169.254.3.4", "VIP 169.254.3.4: a link-local address"),
        ("2001:db8::42", "fe80::100", "VIP fe80::100: a link-local address"),
        ("169.254.0.42", VIP, "real server 169.254.0.42: a link-local address"),
        ("fe80::42", "2001:db8::100", "real server fe80::42: a link-local address"),
        ("febf::42", "2001:db8::100", "real server febf::42: a link-local address"),
    ],
)
def test_addresses_that_direct_routing_cannot_meet(real: str, vip: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        request(real, vip)


@pytest.mark.parametrize(
    ("real", "vip"),
    [
        ("127.0.0.1", VIP),
        ("::1", "2001:db8::100"),
        ("169.253.0.1", "169.255.0.1"),
        ("fec0::42", "fd00::100"),
        ("::fffe:a00:2a", "2001:db8::ffff:a00:64"),
    ],
)
def test_their_neighbours_are_met(real: str, vip: str) -> None:
    assert request(real, vip).vips == (packed(vip),)


def test_vips_are_distinct_and_in_order() -> None:
    assert request(REAL, OTHER_VIP, VIP, OTHER_VIP).vips == (packed(OTHER_VIP), packed(VIP))


def test_a_vip_of_the_registry_is_a_vip() -> None:
    wanted = request(REAL, VIP)
    assert wanted.is_vip(packed(VIP))
    assert not wanted.is_vip(packed(OTHER_VIP))
    wanted.is_registry_vip = lambda address: address == packed(OTHER_VIP)
    assert wanted.is_vip(packed(OTHER_VIP))
    assert not wanted.is_vip(packed(REAL))
