# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that finds out who has an address: asks, asks again, gives up.

Reading list: RFC 826 (ARP), RFC 4861 7.2 (neighbour discovery). RFC 4861 10 repeats after 1 s; a check must
be over by then, and lives on one Ethernet segment, so the interval is shorter.

Five verbs, none of which touches a socket or a clock. The first call of `packets_to_send` asks the first
time; exactly one event ends it. Frames that are no answer, hostile ones among them, change nothing.
"""

from __future__ import annotations

from lvs_rawcheck.neighbor.over_arp import OverArp
from lvs_rawcheck.neighbor.over_ndp import OverNdp
from lvs_rawcheck.wire.address import IPV4_OCTETS
from lvs_rawcheck.wire.ethernet import is_unicast_mac
from lvs_rawcheck.wire.value import Value

REQUEST_INTERVAL = 0.2  # seconds
REQUESTS_MAX = 3  # RFC 4861 section 10, MAX_MULTICAST_SOLICIT


class Resolved(Value):
    """The event: `mac` has the address."""

    __slots__ = ("mac",)

    def __init__(self, mac: bytes) -> None:
        self.mac = mac


class Unresolved(Value):
    """The event: nobody answered, not even to the last request."""

    __slots__ = ()


class Resolver:
    """Who has `target_ip`?

    own_ip: the director's own address of the same family, never a VIP. ask_mac: ask only this station,
    None: everybody who may have the address. interval: seconds between requests, > 0; attempts: >= 1.
    """

    __slots__ = (
        "_attempts",
        "_event",
        "_finished",
        "_interval",
        "_own_mac",
        "_question",
        "_requests_sent",
        "_timer",
        "_words",
    )

    def __init__(
        self,
        target_ip: bytes,
        own_ip: bytes,
        own_mac: bytes,
        ask_mac: bytes | None = None,
        interval: float = REQUEST_INTERVAL,
        attempts: int = REQUESTS_MAX,
    ) -> None:
        self._words: OverArp | OverNdp
        if len(target_ip) == IPV4_OCTETS:
            self._words = OverArp(target_ip, own_ip, own_mac, ask_mac)
        else:
            self._words = OverNdp(target_ip, own_ip, own_mac, ask_mac)
        self._question = self._words.question()
        self._own_mac = own_mac
        self._interval = interval
        self._attempts = attempts
        self._requests_sent = 0
        self._timer: float | None = None  # when to ask again, or to give up; None before and after
        self._event: Resolved | Unresolved | None = None
        self._finished = False

    def receive_packet(self, octets: bytes, source_mac: bytes, ethertype: int, now: float) -> None:
        """Look at a frame's payload: an answer to our question makes the event Resolved."""
        if self._finished:
            return
        mac = self._words.answer(octets, source_mac, ethertype)
        if mac is None or mac == self._own_mac or not is_unicast_mac(mac):
            return
        self._finish(Resolved(mac))

    def packets_to_send(self, now: float) -> list[tuple[bytes, bytes, int]]:
        """Return the packets due, each as octets, destination MAC and ethertype."""
        asked_and_waiting = self._timer is not None
        if self._finished or asked_and_waiting:
            return []
        self._requests_sent += 1
        self._timer = now + self._interval
        return [self._question]

    def next_event(self) -> Resolved | Unresolved | None:
        """Return what happened, once; None when nothing did since."""
        event, self._event = self._event, None
        return event

    def next_timer(self) -> float | None:
        """Return when `handle_timer` wants to be called, None when it does not."""
        return self._timer

    def handle_timer(self, now: float) -> None:
        """Let the time pass: another request falls due, or after the last one the event Unresolved."""
        if self._timer is None or now < self._timer:
            return
        self._timer = None
        if self._requests_sent >= self._attempts:
            self._finish(Unresolved())

    def _finish(self, event: Resolved | Unresolved) -> None:
        self._event = event
        self._finished = True
        self._timer = None
