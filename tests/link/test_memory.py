# SPDX-License-Identifier: GPL-2.0-or-later
"""The cable: what one end sends, the other receives, as from a packet socket."""

from __future__ import annotations

import select

import pytest

from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.memory import memory_cable
from lvs_rawcheck.link.packet import PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST
from lvs_rawcheck.wire.ethernet import BROADCAST, ETHERTYPE_ARP, ETHERTYPE_IPV4

MAC_A = bytes.fromhex("020000000100")
MAC_B = bytes.fromhex("020000000200")


def _readable(link: Link) -> bool:
    return bool(select.select([link], [], [], 0)[0])


@pytest.mark.parametrize(
    ("destination", "packet_type"),
    [
        (MAC_B, PACKET_HOST),
        (BROADCAST, PACKET_BROADCAST),
        (bytes.fromhex("333300000001"), PACKET_MULTICAST),
        (MAC_A, PACKET_OTHERHOST),
    ],
)
def test_a_frame_arrives_with_its_sender_type_and_addressee(destination: bytes, packet_type: int) -> None:
    a, b = memory_cable(MAC_A, MAC_B)
    a.send(b"octets", destination, ETHERTYPE_ARP)
    frame = b.receive()
    assert frame is not None
    assert (frame.octets, frame.source_mac, frame.ethertype) == (b"octets", MAC_A, ETHERTYPE_ARP)
    assert (frame.packet_type, frame.checksum_ready) == (packet_type, True)
    a.close()
    b.close()


def test_both_ends_keep_order_and_can_be_polled() -> None:
    a, b = memory_cable(MAC_A, MAC_B)
    assert not _readable(a)
    assert a.receive() is None
    for octets in (b"", b"1", b"x" * 65536):
        b.send(octets, MAC_A, ETHERTYPE_IPV4)
    assert _readable(a)
    received = []
    while (frame := a.receive()) is not None:
        received.append(frame.octets)
    assert received == [b"", b"1", b"x" * 65536]
    a.close()
    b.close()


def test_a_full_queue_and_a_pulled_plug_lose_frames() -> None:
    a, b = memory_cable(MAC_A, MAC_B)
    sent = 0
    while not a.dropped:
        a.send(bytes(1000), MAC_B, ETHERTYPE_IPV4)
        sent += 1
        assert sent < 100_000
    b.close()
    a.send(b"x", MAC_B, ETHERTYPE_IPV4)
    assert a.dropped == 2
    assert a.receive() is None
    a.close()
    a.close()
