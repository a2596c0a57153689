# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked on the wire besides the checks: echoes to VIPs, who has a real server's address, who has a VIP.

The same questions as those of one explanation (diagnose/probes.py), but of many servers at once, so each frame finds
its question by what is in it. Who has a VIP is asked of all at once (RFC 826, RFC 4861 7.2.2): whoever answers, and is
not the one that is meant to, can draw clients to itself. The sender is the director's own address, never the VIP.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf

from lvs_rawcheck.checks.icmp_errors import read_error
from lvs_rawcheck.diagnose.audit.loop import Pace
from lvs_rawcheck.diagnose.audit.segment import Segment
from lvs_rawcheck.diagnose.echo import DATA, EchoProbe, data_to_fill
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.owners import OwnersProbe
from lvs_rawcheck.diagnose.questions import FRAMES_PER_TURN, Question
from lvs_rawcheck.errors import LinkError, WireError
from lvs_rawcheck.link.packet import Frame
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, parse_packet

_OWNERS_MOST = 1024  # of one VIP: more are invented
_IDENTIFIERS = 0x10000
_ECHO_NUMBERS_AT = 4  # identifier, in an echo's message: RFC 792, RFC 4443 4.1
_ECHO_TYPES = (0, 8, 128, 129)


class Asking:
    """Part of an audit (loop.Part): the questions of one segment. rate: begun a second, > 0."""

    def __init__(self, segment: Segment, rate: float) -> None:
        self._segment = segment
        self._pace = Pace(rate)
        self._queue: deque[Question] = deque()
        self._timers: list[tuple[float, int, Question]] = []
        self._serial = 0
        self._echoes: dict[int, Question] = {}
        """By identifier."""
        self._known: dict[tuple[bytes, bytes, int], Question] = {}
        """The same by VIP, MAC and length."""
        self._owners: dict[bytes, Question] = {}
        """By the address that is asked for."""
        self.failed: LinkError | None = None

    @property
    def waiting(self) -> int:
        """Return how many questions are put and not asked yet."""
        return len(self._queue)

    # What is to be asked -------------------------------------------------------------------------------

    def echo(self, vip: bytes, mac: bytes) -> Question | None:
        """Return the echo to a VIP at a MAC, asked once; None: too many."""
        return self._echo(vip, mac, DATA)

    def full_echo(self, vip: bytes, mac: bytes) -> Question | None:
        """Return the same, in a frame of full length."""
        return self._echo(vip, mac, data_to_fill(self._segment.path.interface.mtu, vip))

    def _echo(self, vip: bytes, mac: bytes, data: bytes) -> Question | None:
        known = self._known.get((vip, mac, len(data)))
        if known is None and len(self._echoes) < _IDENTIFIERS:
            identifier = len(self._echoes)
            known = self._put(EchoProbe(vip, self._segment.path.director_ip, mac, identifier, data))
            self._known[vip, mac, len(data)] = self._echoes[identifier] = known
        return known

    def owners(self, address: bytes, suspect: bytes | None = None) -> Question | None:
        """Return the question who has an address, asked once; None: answers are not heard here.

        suspect: is asked by unicast, too.
        """
        path = self._segment.path
        if not path.hears_neighbours:
            return None
        known = self._owners.get(address)
        if known is None:
            machine = OwnersProbe(address, path.director_ip, path.interface.mac, suspect, _OWNERS_MOST)
            known = self._owners[address] = self._put(machine)
        return known

    def _put(self, machine: EchoProbe | OwnersProbe) -> Question:
        question = Question(machine)
        self._queue.append(question)
        return question

    # The part ------------------------------------------------------------------------------------------

    def begin(self, epoll: select.epoll) -> None:
        """Register the link."""
        epoll.register(self._segment.link.fileno(), select.EPOLLIN)

    def ready(self, descriptor: int) -> None:
        """Take in frames."""
        if self.failed is None and descriptor == self._segment.link.fileno():
            try:
                self._receive()
            except LinkError as error:
                self._fail(error)

    def work(self, now: float) -> float | None:
        """Ask what is due."""
        if self.failed is None:
            try:
                self._ask_due(now)
            except LinkError as error:
                self._fail(error)
        wakes_at = self._timers[0][0] if self._timers else inf
        if self._queue:
            wakes_at = min(wakes_at, self._pace.next_at)
        return None if wakes_at == inf else wakes_at

    def _ask_due(self, now: float) -> None:
        count = min(self._pace.due(now), len(self._queue)) if self._queue else 0
        for _ in range(count):
            self._send_due(self._queue.popleft(), now)
        self._pace.took(count)
        while self._timers and self._timers[0][0] <= now:
            question = heappop(self._timers)[2]
            question.machine.handle_timer(now)
            question.take_event()
            self._send_due(question, now)

    def _send_due(self, question: Question, now: float) -> None:
        for octets, mac, ethertype in question.machine.packets_to_send(now):
            self._segment.link.send(octets, mac, ethertype)
        timer = question.machine.next_timer()
        if timer is not None:
            self._serial += 1
            heappush(self._timers, (timer, self._serial, question))

    def _fail(self, error: LinkError) -> None:
        self.failed = error
        self._queue.clear()
        self._timers.clear()
        for question in (*self._known.values(), *self._owners.values()):
            if question.answer == Answer.NOT_ASKED:
                question.answer, question.detail = Answer.FAILED, str(error)

    def _receive(self) -> None:
        for _ in range(FRAMES_PER_TURN):
            frame = self._segment.link.receive()
            if frame is None:
                return
            try:
                concerned = list(self._concerned(frame))
            except WireError:
                continue
            for question in concerned:
                question.machine.receive_packet(frame.octets, frame.source_mac, frame.ethertype, 0.0)
                question.take_event()

    def _concerned(self, frame: Frame) -> Iterator[Question]:
        """Yield the questions that a frame may answer."""
        octets = frame.octets
        if frame.ethertype == ETHERTYPE_ARP:
            yield from self._owners_of(octets[14:18])  # the sender's address: RFC 826
            return
        packet = parse_packet(octets)
        if packet.protocol not in (PROTO_ICMP, PROTO_ICMPV6):
            return
        at = packet.payload_offset
        if len(octets) > at and octets[at] in _ECHO_TYPES:
            yield from self._echo_of(int.from_bytes(octets[at + _ECHO_NUMBERS_AT : at + _ECHO_NUMBERS_AT + 2], "big"))
            return
        error = read_error(octets, packet)
        if error is not None:
            yield from self._echo_of(error.flow.source_port)  # of an echo that is its identifier
        elif packet.protocol == PROTO_ICMPV6:
            yield from self._owners_of(octets[at + 8 : at + 24])  # the target: RFC 4861 4.4

    def _echo_of(self, identifier: int) -> tuple[Question, ...]:
        found = self._echoes.get(identifier)
        return () if found is None else (found,)

    def _owners_of(self, address: bytes) -> tuple[Question, ...]:
        found = self._owners.get(address)
        return () if found is None else (found,)
