# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions over a cable: answered, unanswered, and under a flood."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.diagnose.echo import EchoProbe
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.owners import OwnersProbe
from lvs_rawcheck.diagnose.questions import Question, ask_all
from lvs_rawcheck.link.memory import MemoryLink, memory_cable
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.arp import REPLY, ArpPacket
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4
from lvs_rawcheck.wire.icmp import echo_reply, icmp_to_octets
from lvs_rawcheck.wire.ip import PROTO_ICMP, build_packet

DIRECTOR_IP, REAL_IP, VIP = (parse_address(text) for text in ("10.0.0.21", "10.0.0.42", "10.0.0.100"))
OWN_MAC, REAL_MAC, OTHER_MAC = (bytes.fromhex(text) for text in ("020000000100", "020000000200", "020000000300"))
IDENTIFIER = 7


@pytest.fixture
def cable() -> Iterator[tuple[MemoryLink, MemoryLink]]:
    own, far = memory_cable(OWN_MAC, REAL_MAC)
    yield own, far
    own.close()
    far.close()


def answer_arp(far: MemoryLink, address: bytes, mac: bytes) -> None:
    """Put an answer on the cable: it waits there for whoever listens."""
    far.send(ArpPacket(REPLY, mac, address, OWN_MAC, DIRECTOR_IP).to_octets(), OWN_MAC, ETHERTYPE_ARP)


def who_has(address: bytes, suspect: bytes | None = None) -> Question:
    return Question(OwnersProbe(address, DIRECTOR_IP, OWN_MAC, suspect))


def test_each_question_gets_its_own_answer(cable: tuple[MemoryLink, MemoryLink]) -> None:
    own, far = cable
    echo = Question(EchoProbe(VIP, DIRECTOR_IP, REAL_MAC, IDENTIFIER))
    vip, real = who_has(VIP, REAL_MAC), who_has(REAL_IP)
    reply = icmp_to_octets(echo_reply(IDENTIFIER, 1, b""))
    far.send(build_packet(VIP, DIRECTOR_IP, PROTO_ICMP, reply), OWN_MAC, ETHERTYPE_IPV4)
    for mac in (OTHER_MAC, REAL_MAC, REAL_MAC, OWN_MAC, b"\xff" * 6):
        answer_arp(far, REAL_IP, mac)

    ask_all(own, [echo, vip, real], clock.now() + 5.0)

    assert (echo.answer, vip.answer, real.answer) == (Answer.REPLY, Answer.SILENCE, Answer.REPLY)
    assert real.macs == (OTHER_MAC, REAL_MAC)
    assert real.detail == "02:00:00:00:03:00, 02:00:00:00:02:00"
    assert (vip.macs, vip.detail) == ((), "")


def test_the_deadline_ends_what_is_open(cable: tuple[MemoryLink, MemoryLink]) -> None:
    own, far = cable
    question, answered = who_has(REAL_IP), who_has(VIP)
    answer_arp(far, VIP, OTHER_MAC)
    began = clock.now()
    ask_all(own, [question, answered], began + 0.05)
    assert question.answer == Answer.SILENCE
    assert (answered.answer, answered.macs) == (Answer.REPLY, (OTHER_MAC,))
    assert clock.now() - began < 0.5  # not the 0.6 s of three requests


def test_nothing_asked_takes_no_time(cable: tuple[MemoryLink, MemoryLink]) -> None:
    began = clock.now()
    ask_all(cable[0], [], began + 60.0)
    assert clock.now() - began < 5.0


def test_a_flood_of_foreign_frames_delays_neither_answer_nor_deadline(cable: tuple[MemoryLink, MemoryLink]) -> None:
    own, far = cable
    over = threading.Event()
    given_up_at = time.monotonic() + 10.0

    def flood() -> None:
        while not over.is_set() and time.monotonic() < given_up_at:
            dropped = far.dropped
            far.send(b"foreign", OWN_MAC, ETHERTYPE_IPV4)
            if far.dropped > dropped:
                over.wait(0.0005)  # the queue is full, as it shall be: let the other thread read

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        silent = who_has(VIP)
        began = clock.now()
        ask_all(own, [silent], began + 0.5)
        took = clock.now() - began
    finally:
        over.set()
        flooding.join()
    assert silent.answer == Answer.SILENCE
    assert took < 2.0


def test_a_reply_from_another_machine_is_told_at_the_deadline(cable: tuple[MemoryLink, MemoryLink]) -> None:
    own, far = cable
    echo = Question(EchoProbe(VIP, DIRECTOR_IP, OTHER_MAC, IDENTIFIER))  # the cable's other end is REAL_MAC
    reply = icmp_to_octets(echo_reply(IDENTIFIER, 1, b""))
    far.send(build_packet(VIP, DIRECTOR_IP, PROTO_ICMP, reply), OWN_MAC, ETHERTYPE_IPV4)
    ask_all(own, [echo], clock.now() + 0.05)
    assert (echo.answer, echo.detail) == (Answer.OTHER_MAC, "02:00:00:00:02:00")
