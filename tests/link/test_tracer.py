# SPDX-License-Identifier: GPL-2.0-or-later
"""The tracer shows whole frames, in both directions, when they pass."""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.link.memory import memory_cable
from lvs_rawcheck.link.tracer import RECEIVED, SENT, Tracer
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4

MAC_A = bytes.fromhex("020000000100")
MAC_B = bytes.fromhex("020000000200")


def test_every_frame_is_shown_whole_and_passes_unchanged() -> None:
    shown: list[tuple[str, bytes, float]] = []
    a, b = memory_cable(MAC_A, MAC_B)
    tracer = Tracer(a, lambda direction, octets, now: shown.append((direction, octets, now)))
    assert tracer.fileno() == a.fileno()
    assert tracer.own_mac == MAC_A
    before = clock.now()
    tracer.send(b"question", MAC_B, ETHERTYPE_ARP)
    question = b.receive()
    assert question is not None
    assert question.octets == b"question"
    b.send(b"answer", MAC_A, ETHERTYPE_IPV4)
    answer = tracer.receive()
    assert answer is not None
    assert answer.octets == b"answer"
    assert tracer.receive() is None
    assert [(direction, octets) for direction, octets, _ in shown] == [
        (SENT, MAC_B + MAC_A + b"\x08\x06question"),
        (RECEIVED, MAC_A + MAC_B + b"\x08\x00answer"),
    ]
    assert before <= shown[0][2] <= shown[1][2] <= clock.now()
    tracer.close()
    assert a.fileno() == -1
    b.close()
