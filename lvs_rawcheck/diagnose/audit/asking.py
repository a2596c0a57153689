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
from lvs_rawcheck.diagnose.echo import EchoProbe
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.diagnose.questions import FRAMES_PER_TURN, Question
from lvs_rawcheck.errors import LinkError, WireError
from lvs_rawcheck.link.packet import Frame
from lvs_rawcheck.neighbor.over_arp import OverArp
from lvs_rawcheck.neighbor.over_ndp import OverNdp
from lvs_rawcheck.neighbor.resolver import REQUEST_INTERVAL, REQUESTS_MAX, Resolver
from lvs_rawcheck.wire.address import IPV4_OCTETS
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, is_unicast_mac
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, parse_packet

_OWNERS_MOST = 1024  # of one VIP: more are invented
_IDENTIFIERS = 0x10000
_ECHO_NUMBERS_AT = 4  # identifier, in an echo's message: RFC 792, RFC 4443 4.1
_ECHO_TYPES = (0, 8, 128, 129)


class Owners:
    """A machine that asks everybody who has an address, and keeps all who answer. Five verbs, as a resolver has."""

    def __init__(self, address: bytes, own_ip: bytes, own_mac: bytes) -> None:
        self._words: OverArp | OverNdp
        if len(address) == IPV4_OCTETS:
            self._words = OverArp(address, own_ip, own_mac, None)
        else:
            self._words = OverNdp(address, own_ip, own_mac, None)
        self._own_mac = own_mac
        self._sent = 0
        self._timer: float | None = None
        self._finished = False
        self.macs: dict[bytes, None] = {}
        """Who answered, in order."""

    def packets_to_send(self, now: float) -> list[tuple[bytes, bytes, int]]:
        """Return the question, if it is due."""
        if self._finished or self._timer is not None:
            return []
        self._sent += 1
        self._timer = now + REQUEST_INTERVAL
        return [self._words.question()]

    def receive_packet(self, octets: bytes, source_mac: bytes, ethertype: int, now: float) -> None:
        """Look at a frame that may be an answer."""
        mac = self._words.answer(octets, source_mac, ethertype)
        if mac is not None and mac != self._own_mac and is_unicast_mac(mac) and len(self.macs) < _OWNERS_MOST:
            self.macs[mac] = None

    def next_event(self) -> None:
        """Return nothing: it ends by its timer."""
        return

    def next_timer(self) -> float | None:
        """Return when to ask again, or to be done; None when it is."""
        return self._timer

    def handle_timer(self, now: float) -> None:
        """Let the time pass."""
        if self._timer is not None and now >= self._timer:
            self._timer = None
            self._finished = self._sent >= REQUESTS_MAX


class _Open:
    """A question under way; `question` is None for `Owners`, which answer for themselves."""

    def __init__(self, machine: EchoProbe | Resolver | Owners, question: Question | None) -> None:
        self.machine = machine
        self.question = question

    def take_event(self) -> None:
        if self.question is not None:
            self.question.take_event()

    @property
    def over(self) -> bool:
        if self.question is not None:
            return self.question.answer != Answer.NOT_ASKED
        return self.machine.next_timer() is None


class Asking:
    """Part of an audit (loop.Part): the questions of one segment. rate: begun a second, > 0."""

    def __init__(self, segment: Segment, rate: float) -> None:
        self._segment = segment
        self._pace = Pace(rate)
        self._queue: deque[_Open] = deque()
        self._timers: list[tuple[float, int, _Open]] = []
        self._serial = 0
        self._echoes: dict[int, _Open] = {}
        """By identifier."""
        self._of_address: dict[bytes, list[_Open]] = {}
        """The questions who has an address."""
        self._known: dict[tuple[str, bytes, bytes], Question] = {}
        self._owners: dict[bytes, Owners] = {}
        self.failed: LinkError | None = None

    # What is to be asked -------------------------------------------------------------------------------

    def echo(self, vip: bytes, mac: bytes) -> Question | None:
        """Return the echo to a VIP at a MAC, asked once; None: too many."""
        known = self._known.get(("echo", vip, mac))
        if known is None and len(self._echoes) < _IDENTIFIERS:
            identifier = len(self._echoes)
            machine = EchoProbe(vip, self._segment.path.director_ip, mac, identifier)
            known = self._known["echo", vip, mac] = Question(machine)
            self._echoes[identifier] = self._put(machine, known)
        return known

    def neighbour(self, address: bytes, expected_mac: bytes | None) -> Question | None:
        """Return the question who has a real server's address, asked once; None: answers are not heard here."""
        path = self._segment.path
        if not path.hears_neighbours:
            return None
        known = self._known.get(("neighbour", address, b""))
        if known is None:
            machine = Resolver(address, path.director_ip, path.interface.mac)
            known = self._known["neighbour", address, b""] = Question(machine, expected_mac)
            self._of_address.setdefault(address, []).append(self._put(machine, known))
        return known

    def owners(self, vip: bytes) -> None:
        """Ask who has a VIP, once."""
        path = self._segment.path
        if path.hears_neighbours and vip not in self._owners:
            machine = self._owners[vip] = Owners(vip, path.director_ip, path.interface.mac)
            self._of_address.setdefault(vip, []).append(self._put(machine, None))

    def owners_of(self, vip: bytes) -> list[bytes] | None:
        """Return the MACs that answered for a VIP; None: nobody was asked."""
        found = self._owners.get(vip)
        return None if found is None or self.failed is not None else list(found.macs)

    def _put(self, machine: EchoProbe | Resolver | Owners, question: Question | None) -> _Open:
        opened = _Open(machine, question)
        self._queue.append(opened)
        return opened

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
            opened = heappop(self._timers)[2]
            opened.machine.handle_timer(now)
            opened.take_event()
            self._send_due(opened, now)

    def _send_due(self, opened: _Open, now: float) -> None:
        for octets, mac, ethertype in opened.machine.packets_to_send(now):
            self._segment.link.send(octets, mac, ethertype)
        timer = opened.machine.next_timer()
        if timer is not None:
            self._serial += 1
            heappush(self._timers, (timer, self._serial, opened))

    def _fail(self, error: LinkError) -> None:
        self.failed = error
        self._queue.clear()
        self._timers.clear()
        for question in self._known.values():
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
            for opened in concerned:
                opened.machine.receive_packet(frame.octets, frame.source_mac, frame.ethertype, 0.0)
                opened.take_event()

    def _concerned(self, frame: Frame) -> Iterator[_Open]:
        """Yield the questions that a frame may answer."""
        octets = frame.octets
        if frame.ethertype == ETHERTYPE_ARP:
            yield from self._of_address.get(octets[14:18], ())  # the sender's address: RFC 826
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
            yield from self._of_address.get(octets[at + 8 : at + 24], ())  # the target: RFC 4861 4.4

    def _echo_of(self, identifier: int) -> tuple[_Open, ...]:
        found = self._echoes.get(identifier)
        return () if found is None else (found,)
