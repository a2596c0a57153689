# SPDX-License-Identifier: GPL-2.0-or-later
"""Several questions at once over one link, until each has its answer or the time is over."""

from __future__ import annotations

import select

from lvs_rawcheck import clock
from lvs_rawcheck.diagnose.echo import Echoed, EchoProbe
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.owners import OwnersProbe
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.wire.address import format_mac

FRAMES_PER_TURN = 256  # before timers are looked at again: a flood holds nobody up


class Question:
    """A machine that asks, and what came of it."""

    def __init__(self, machine: EchoProbe | OwnersProbe) -> None:
        self.machine = machine
        self.answer = Answer.NOT_ASKED
        """NOT_ASKED until it is over."""
        self.detail = ""
        self.macs: tuple[bytes, ...] = ()
        """Who answered for the address, where that was asked."""

    def take_event(self) -> None:
        """Note the answer, if the machine has it."""
        event = self.machine.next_event()
        if event is None:
            return
        if isinstance(event, Echoed):
            self.answer, self.detail = event.answer, event.detail
        else:
            self.macs = event.macs
            self.answer = Answer.REPLY if event.macs else Answer.SILENCE
            self.detail = ", ".join(format_mac(mac) for mac in event.macs)

    def give_up(self) -> None:
        """Take what is known by now: silence, or who has answered so far; after the answer there is nothing more."""
        self.machine.give_up()
        self.take_event()


def ask_all(link: Link, questions: list[Question], deadline: float) -> None:
    """Ask until every question has its answer, or until the deadline: those still open are given up then.

    deadline: monotonic seconds. Waits; LinkError where the link fails.
    """
    poll = select.poll()
    poll.register(link.fileno(), select.POLLIN)
    while open_ones := [question for question in questions if question.answer == Answer.NOT_ASKED]:
        now = clock.now()
        if now >= deadline:
            break
        wakes_at = min(deadline, *(_send_due(link, question, now, deadline) for question in open_ones))
        poll.poll(max(0, int((wakes_at - now) * 1000) + 1))
        _receive_waiting(link, open_ones)
        for question in open_ones:
            question.machine.handle_timer(clock.now())
            question.take_event()
    for question in questions:
        question.give_up()


def _send_due(link: Link, question: Question, now: float, deadline: float) -> float:
    """Send what a question has to send; return when it wants to be looked at again."""
    for octets, mac, ethertype in question.machine.packets_to_send(now):
        link.send(octets, mac, ethertype)
    timer = question.machine.next_timer()
    return deadline if timer is None else timer


def _receive_waiting(link: Link, questions: list[Question]) -> None:
    for _ in range(FRAMES_PER_TURN):
        frame = link.receive()
        if frame is None:
            return
        for question in questions:
            question.machine.receive_packet(frame.octets, frame.source_mac, frame.ethertype, clock.now())
