# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.wire.arp import REPLY, ArpPacket
from lvs_rawcheck.wire.ethernet import Ethernet
from lvs_rawcheck.wire.tcp import ACK, Segment


def test_values_are_equal_when_all_slots_are() -> None:
    segment = Segment(80, 40000, 1, 2, ACK, 64240)
    assert segment == Segment(80, 40000, 1, 2, ACK, 64240)
    assert segment != Segment(80, 40000, 1, 3, ACK, 64240)
    assert segment != "a segment"


def test_values_of_two_classes_are_never_equal() -> None:
    arp = ArpPacket(REPLY, b"a", b"b", b"c", b"d")
    assert arp != Ethernet(b"a", b"b", 1, b"c")


def test_a_value_shows_its_slots() -> None:
    assert repr(Ethernet(b"a", b"b", 2048, b"")) == (
        "Ethernet(destination=b'a', ethertype=2048, payload=b'', source=b'b')"
    )


def test_a_value_is_no_key() -> None:
    with pytest.raises(TypeError):
        hash(Segment(80, 40000, 1, 2, ACK, 64240))
