# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop that joins flows to a link: send, wait for a frame or a timer, feed. The only part that waits.

One driver serves one interface and one address of the director. Each flow has a source port (or another number by which
answers find it) that is its own among the flows to the same VIP and port, and a guard that owns it; frames find their
flow by these. Frames that are broken, foreign or late change nothing.
"""

from __future__ import annotations

import select
from struct import Struct

from lvs_rawcheck import clock
from lvs_rawcheck.checks.agenda import Agenda
from lvs_rawcheck.checks.flow import TCP_KEYS, Flow
from lvs_rawcheck.checks.steered import flow_key
from lvs_rawcheck.errors import LinkError, NoFreePort, WireError
from lvs_rawcheck.tcp.isn import FlowOffsets, boot_secret
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, parse_packet
from lvs_rawcheck.wire.tcp import parse_segment
from lvs_rawcheck.wire.template import AddressPair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lvs_rawcheck.checks.base import Conversation, Endpoint, Exchange
    from lvs_rawcheck.checks.datagram_flow import DatagramFlow
    from lvs_rawcheck.checks.path import Path
    from lvs_rawcheck.checks.reply_mac import ReplyMac
    from lvs_rawcheck.checks.steered import SteeredFlow
    from lvs_rawcheck.checks.steering import Steering
    from lvs_rawcheck.link.guard import AnyGuard, GuardPool
    from lvs_rawcheck.link.interface import Link
    from lvs_rawcheck.link.packet import Frame
    from lvs_rawcheck.wire.ipv4 import Ipv4Packet
    from lvs_rawcheck.wire.ipv6 import Ipv6Packet

FRAMES_PER_TURN = 256  # before timers are looked at again
TURN_SECONDS = 0.02
"""So long frames that wait are taken in before timers are looked at: they came before what is due, but a deadline does
not wait for a server's words that take long to read."""

_unpack_ports = Struct("!HH").unpack_from
_PORTS_OCTETS = 4
_PEER_SHIFT = 24  # above protocol and port, in the key of a flow


class _Peer:
    """A VIP and port that flows over TCP go to. number: its own here, from 1; datagrams go by 0."""

    __slots__ = ("addresses", "keys", "number")

    def __init__(self, addresses: AddressPair, number: int) -> None:
        self.addresses = addresses
        self.number = number
        self.keys = TCP_KEYS + (number << _PEER_SHIFT)


class _Running:
    """A flow under way, with what it holds and who wants to know."""

    __slots__ = ("companion", "done", "flow", "guard", "key", "peer", "steering", "timer", "wakes_at")

    def __init__(
        self, flow: SteeredFlow, guard: AnyGuard, peer: int, steering: Steering, done: Callable[[Any], None]
    ) -> None:
        self.flow = flow
        self.guard = guard
        self.peer = peer
        self.key = flow.key + (peer << _PEER_SHIFT)
        self.steering = steering
        self.done = done
        """Called with the flow, whose class is the one that whoever started it knows."""
        self.companion: _Running | None = None
        """What runs for this one's sake, and ends with it."""
        self.wakes_at = 0.0
        self.timer = 0
        """The serial number of its timer: any other of its key is out of date."""


class Driver:
    """Runs flows over one link until their verdicts.

    Link and guards are the caller's to close. Raises LinkError when the link fails while a flow has no
    verdict: then nobody's server is at fault. A flow that has one needs the link no more, and has finished.
    """

    def __init__(self, link: Link, path: Path, guards: GuardPool) -> None:
        self._link = link
        self._path = path
        self._mss = path.mss
        self._guards = guards
        self.behind = False
        """Whether the last turn left frames unread."""
        self.foreign = 0
        """TCP segments that no check of ours could have caused."""
        self._offsets = FlowOffsets(boot_secret())
        self._peers: dict[tuple[bytes, int], _Peer] = {}
        self._running: dict[int, _Running] = {}
        self._steered: dict[bytes, dict[int, _Running]] = {}
        """What is under way, by the real server that it goes to."""
        self._timers = Agenda()
        """Of serial number and key: not the flow itself, which a finished check would keep until then."""
        self._serial = 0
        self._poll = select.poll()
        self._poll.register(link.fileno(), select.POLLIN)
        self._ethertype = ETHERTYPE_IPV4 if len(path.director_ip) == 4 else ETHERTYPE_IPV6

    @property
    def in_flight(self) -> int:
        """Return how many flows have not finished."""
        return len(self._running)

    def start(
        self,
        endpoint: Endpoint,
        steering: Steering,
        conversation: Conversation,
        reply_mac: ReplyMac,
        deadline: float,
        done: Callable[[Flow], None],
    ) -> Flow:
        """Begin one flow; `done` is called once, when verdict and farewell are over.

        LinkError: no port is free.
        """
        peer = self._peer(endpoint)
        guard = self._take_guard(PROTO_TCP, peer.number)
        now = clock.now()
        offset = self._offsets.of(self._path.director_ip, endpoint.vip, guard.port, endpoint.port)
        flow = Flow(endpoint, peer.addresses, guard.port, conversation, reply_mac, offset, self._mss, now, deadline)
        self._begin(_Running(flow, guard, peer.number, steering, done), now)
        return flow

    def _peer(self, endpoint: Endpoint) -> _Peer:
        found = self._peers.get((endpoint.vip, endpoint.port))
        if found is None:
            addresses = AddressPair(self._path.director_ip, endpoint.vip)
            found = self._peers[(endpoint.vip, endpoint.port)] = _Peer(addresses, len(self._peers) + 1)
        return found

    def start_exchange(
        self,
        endpoint: Endpoint,
        steering: Steering,
        exchange: Exchange,
        reply_mac: ReplyMac,
        deadline: float,
        done: Callable[[DatagramFlow], None],
    ) -> DatagramFlow:
        """Begin one flow of datagrams, and that of the exchange's companion; else as `start`."""
        from lvs_rawcheck.checks.carriers import carrier_of  # no check over TCP loads them
        from lvs_rawcheck.checks.datagram_flow import DatagramFlow

        guard = self._take_guard(exchange.protocol, 0)
        asked_too = exchange.companion()
        companion = None
        if asked_too is not None:
            companion = self.start_exchange(endpoint, steering, asked_too, reply_mac, deadline, _unheeded)
        now = clock.now()
        carrier = carrier_of(exchange.protocol, self._path.director_ip, endpoint, guard.port)
        flow = DatagramFlow(endpoint, carrier, exchange, reply_mac, now, deadline, companion)
        running = _Running(flow, guard, 0, steering, done)
        running.companion = self._running[companion.key] if companion is not None else None
        self._begin(running, now)
        return flow

    def _take_guard(self, protocol: int, peer: int) -> AnyGuard:
        guard = self._guards.take(protocol, peer)
        if guard is None:
            raise NoFreePort("no source port is free")
        return guard

    def _begin(self, running: _Running, now: float) -> None:
        key = running.key
        self._running[key] = running
        self._steered.setdefault(running.steering.real_ip, {})[key] = running
        running.steering.begin(now)
        self._attend(running, now)

    def next_timer(self) -> float | None:
        """Return when `work` has something to do at the latest, None while nothing is under way."""
        return self._timers.soonest()

    def work(self) -> None:
        """Take in what has arrived and what is due, and wait for nothing. LinkError: see above."""
        self._receive_waiting()
        self._handle_timers()

    def abandon(self) -> list[SteeredFlow]:
        """Give up all flows, and return those that have no verdict: the link is lost, and `done` is not called."""
        running, self._running = list(self._running.values()), {}
        self._steered.clear()
        self._timers.clear()
        return [each.flow for each in running if each.flow.verdict is None]

    def run(self) -> None:
        """Go on until every flow has finished; flows that `done` starts included."""
        while self._running:
            self.turn()
        self._timers.clear()  # of flows that have finished

    def turn(self) -> None:
        """Take in what has arrived and what is due; wait if there is neither."""
        try:
            if not self._receive_waiting():
                self._wait()
                self._receive_waiting()
            self._handle_timers()
        except LinkError:
            self._finish_judged()
            if self._running:
                raise

    # Waiting -------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        soonest = self._timers.soonest()
        seconds = 0.0 if soonest is None else soonest - clock.now()
        if seconds > 0:
            # Up to the next millisecond: too early would be a turn for nothing.
            self._poll.poll(int(seconds * 1000) + 1)

    def _handle_timers(self) -> None:
        now = clock.now()
        for serial, key in self._timers.take_due(now):
            running = self._running.get(key)
            if running is None or running.timer != serial:
                continue  # it has finished, or was moved to an earlier time
            running.wakes_at = 0.0
            running.steering.handle_timer(now)
            running.flow.handle_timer(now)
            self._attend(running, now)

    def _schedule(self, running: _Running) -> None:
        when = running.flow.next_timer()
        if running.flow.connected_at is None:
            asking = running.steering.next_timer()
            if asking is not None and asking < when:
                when = asking
        if running.wakes_at == 0.0 or when < running.wakes_at:
            running.wakes_at = when
            self._serial = running.timer = self._serial + 1
            self._timers.add(when, (running.timer, running.key))

    # Frames --------------------------------------------------------------------------------------------

    def _receive_waiting(self) -> bool:
        """Take in the frames that wait; return whether there were any."""
        latest = 0.0
        self.behind = False
        for count in range(FRAMES_PER_TURN):
            frame = self._link.receive()
            if frame is None:
                return count > 0
            now = clock.now()
            latest = latest or now + TURN_SECONDS
            try:
                self._take_frame(frame, now)
            except WireError:
                continue  # broken or hostile: it changes nothing
            if now > latest:
                break
        self.behind = True
        return True

    def _take_frame(self, frame: Frame, now: float) -> None:
        if frame.ethertype == ETHERTYPE_ARP:
            self._take_neighbour_answer(frame, now)
            return
        packet = parse_packet(frame.octets)
        if packet.protocol == PROTO_TCP:
            self._take_tcp(frame, packet, now)
        elif packet.protocol in (PROTO_ICMP, PROTO_ICMPV6):
            self._take_icmp(frame, packet, now)
        else:
            self._take_datagram(frame, packet, now)

    def _take_tcp(self, frame: Frame, packet: Ipv4Packet | Ipv6Packet, now: float) -> None:
        if packet.end - packet.payload_offset < _PORTS_OCTETS:
            return
        first, second = _unpack_ports(frame.octets, packet.payload_offset)
        answers = packet.destination == self._path.director_ip
        peer = self._peers.get((packet.source, first) if answers else (packet.destination, second))
        if peer is None or not (answers or packet.source == self._path.director_ip):
            self.foreign += 1
            return
        running = self._running.get(peer.keys + (second if answers else first))
        if running is None:
            return
        flow = running.flow
        assert isinstance(flow, Flow)  # so its key says
        # The sum of the addresses is the same in both directions.
        pseudo_sum = peer.addresses.pseudo_sum if frame.checksum_ready else None
        segment = parse_segment(frame.octets, packet.payload_offset, packet.end, pseudo_sum)
        if answers:
            flow.receive_segment(segment, frame.source_mac, now)
        else:
            flow.receive_own(segment, frame.source_mac, packet.ttl)
        self._attend(running, now)

    def _take_icmp(self, frame: Frame, packet: Ipv4Packet | Ipv6Packet, now: float) -> None:
        # Errors are rare: a passing check does not load it.
        from lvs_rawcheck.checks.icmp_errors import read_error

        if packet.protocol == PROTO_ICMPV6:
            self._take_neighbour_answer(frame, now)
        error = read_error(frame.octets, packet)
        if error is None:
            self._take_datagram(frame, packet, now)
            return
        quoted = error.flow
        peer = self._peers.get((quoted.destination, quoted.destination_port)) if quoted.protocol == PROTO_TCP else None
        keys = peer.keys if peer is not None else flow_key(quoted.protocol, 0)
        running = self._running.get(keys + quoted.source_port)
        if running is None or quoted.source != self._path.director_ip:
            return
        flow = running.flow
        if quoted.destination == flow.endpoint.vip and quoted.destination_port == flow.peer_port:
            flow.receive_icmp_error(error.sentence, quoted.seq, frame.source_mac)
            self._attend(running, now)

    def _take_datagram(self, frame: Frame, packet: Ipv4Packet | Ipv6Packet, now: float) -> None:
        from lvs_rawcheck.checks.carriers import own_number
        from lvs_rawcheck.checks.datagram_flow import DatagramFlow

        number = own_number(frame.octets, packet, self._path.director_ip)
        running = self._running.get(flow_key(packet.protocol, number)) if number is not None else None
        if running is None or not isinstance(running.flow, DatagramFlow):
            return
        running.flow.receive_packet(frame.octets, packet, frame.checksum_ready, frame.source_mac, now)
        self._attend(running, now)

    def _take_neighbour_answer(self, frame: Frame, now: float) -> None:
        from lvs_rawcheck.neighbor.subject import subject  # a passing check asks nobody

        # One of thousands may be meant, and thousands may be asked at once: each frame goes to no other.
        about = subject(frame.octets, frame.ethertype)
        steered = self._steered.get(about, {}) if about is not None else {}
        asking = {running.steering for running in steered.values() if running.steering.asking}
        for steering in asking:
            steering.receive_packet(frame.octets, frame.source_mac, frame.ethertype, now)
        # What nobody asked for wakes nobody: hundreds of checks may be under way to a server that announces itself.
        for running in list(steered.values()) if asking else ():
            if running.steering in asking and not running.steering.asking:
                self._attend(running, now)

    # One flow ------------------------------------------------------------------------------------------

    def _attend(self, running: _Running, now: float) -> None:
        """Send what is due, keep flow and steering informed of each other, end what has finished."""
        flow = running.flow
        if flow.connected_at is None and flow.verdict is None:
            self._steer(running, now)
        mac = flow.mac
        if mac is not None:
            send, ethertype = self._link.send, self._ethertype
            for packet in flow.packets_to_send(now):
                send(packet, mac, ethertype)
        if flow.finished:
            self._finish(running)
        else:
            self._schedule(running)

    def _steer(self, running: _Running, now: float) -> None:
        flow, steering = running.flow, running.steering
        if flow.doubtful:
            flow.doubtful = False
            steering.doubt(now)
        for packet, mac, ethertype in steering.packets_to_send(now):
            self._link.send(packet, mac, ethertype)
        flow.silent_neighbour = steering.silent
        if steering.mac is not None and steering.mac != flow.mac:
            flow.steer(steering.mac, now)

    def _finish_judged(self) -> None:
        """Let those go that have a verdict: what they still had to send was a farewell."""
        for key, running in list(self._running.items()):
            if running.flow.verdict is not None and key in self._running:
                self._finish(running)

    def _finish(self, running: _Running) -> None:
        flow = running.flow
        del self._running[running.key]
        self._guards.give(running.guard, running.peer)
        steered = self._steered[running.steering.real_ip]
        del steered[running.key]
        if not steered:
            del self._steered[running.steering.real_ip]
        if flow.was_answered:
            running.steering.trust()
        elif not steered:
            running.steering.rest()
        companion = running.companion
        if companion is not None and self._running.get(companion.key) is companion:
            self._finish(companion)
        running.done(flow)


def _unheeded(flow: DatagramFlow) -> None:
    """Take no note of a flow: another one does."""
