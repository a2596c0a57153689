# SPDX-License-Identifier: GPL-2.0-or-later
"""A standby director, which does not hold the VIP: its kernel knows nothing of our connections, and keeps quiet."""

from __future__ import annotations

import pytest

from tests.checks.site import V4, Family, active, both_families, healthy, packed, request, run, standby
from tests.netns.services import Captured, capture, is_tcp_reset
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

RST, RST_ACK = 0x04, 0x14
CHECKS = 10


def resets_sent(frames: list[Captured]) -> list[bytes]:
    return [frame.octets for frame in frames if frame.outgoing and is_tcp_reset(frame.octets)]


def flags(octets: bytes) -> int:
    return octets[14 + (20 if octets[12:14] == b"\x08\x00" else 40) + 13]


@both_families
@pytest.mark.parametrize("habit", ["hold", "banner", "close"])
def test_it_sends_no_reset_but_our_own(network: Network, family: Family, habit: str) -> None:
    active(network)
    host, real = standby(network), healthy(network, habit=habit)
    with capture(host) as seen:
        for _ in range(CHECKS):
            assert run(host, request(family.real, family.vip)).healthy
        resets = resets_sent(seen.frames())
    assert len(resets) == CHECKS, "one for each check: the quick close"
    for octets in resets:
        assert octets[:6] == real.mac_octets, "the kernel's would go to the active director, who answers for the VIP"
        assert flags(octets) == RST_ACK
        assert packed(family.vip) in octets


@both_families
@pytest.mark.parametrize("habit", ["hold", "banner", "close"])
def test_a_clean_close_sends_none_at_all(network: Network, family: Family, habit: str) -> None:
    active(network)
    host = standby(network)
    healthy(network, habit=habit)
    with capture(host) as seen:
        for _ in range(CHECKS):
            assert run(host, request(family.real, family.vip, clean_close=True)).healthy
        frames = seen.frames()
    assert resets_sent(frames) == []
    assert any(frame.outgoing and flags(frame.octets) & 0x01 for frame in frames if is_tcp(frame, family)), "a FIN"


def is_tcp(frame: Captured, family: Family) -> bool:
    protocol = frame.octets[23] if family is V4 else frame.octets[20]
    return frame.octets[12:14] == (b"\x08\x00" if family is V4 else b"\x86\xdd") and protocol == 6
