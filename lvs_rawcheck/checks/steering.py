# SPDX-License-Identifier: GPL-2.0-or-later
"""Which MAC a frame to one real server gets: the one that IPVS would write, so the kernel's neighbour entry.

A fresher MAC than the kernel's would let a check pass while clients die. But raw frames do not make the
kernel revalidate an entry, and a server out of the pool gets no other traffic, so a wrong entry would stay
for ever. So when a server does not answer we ask once on the wire; the kernel hears the answer too, and its
entry is read again. Where there is no entry, one datagram through the kernel makes one, and our own requests,
sent more often than the kernel's, help it to an answer in time.
"""

from __future__ import annotations

from lvs_rawcheck.link.rtnetlink import NUD_NOARP, NUD_PERMANENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from lvs_rawcheck.neighbor.resolver import Resolver

    class KernelEntry(Protocol):
        """What the kernel holds for an address."""

        mac: bytes | None
        state: int

        @property
        def usable(self) -> bool:
            """Return whether IPVS would send by it."""


BELIEVED_SECONDS = 1.0  # how long an entry is believed without asking the kernel again, while checks pass
REREAD_SECONDS = 0.05  # how often the kernel's entry is read again while it is awaited
SETTLE_SECONDS = 0.01  # from hearing an answer to reading what the kernel made of it
ASK_INTERVAL = 1.1  # seconds; arp(7), locktime: for 1 s after an update the kernel ignores another answer
NUD_FIXED = NUD_PERMANENT | NUD_NOARP  # the administrator's own word


class Steering:
    """The MAC of one real server on one link.

    real_ip: its address. lookup: reads the kernel's entry. nudge: sends one datagram through the kernel.
    new_resolver: makes the machine that asks on the wire. hears_answers: whether what it is answered reaches us;
    else only the kernel's entry tells.
    """

    __slots__ = (
        "_ask_again_at",
        "_asked",
        "_believed_until",
        "_fixed",
        "_heard",
        "_hears_answers",
        "_lookup",
        "_new_resolver",
        "_nudge",
        "_reread_at",
        "_resolver",
        "mac",
        "real_ip",
    )

    def __init__(
        self,
        real_ip: bytes,
        lookup: Callable[[], KernelEntry | None],
        nudge: Callable[[], None],
        new_resolver: Callable[[], Resolver],
        hears_answers: bool = True,
    ) -> None:
        self.real_ip = real_ip
        self.mac: bytes | None = None
        """Where frames go now, None while nobody knows."""
        self._lookup = lookup
        self._nudge = nudge
        self._new_resolver = new_resolver
        self._hears_answers = hears_answers
        self._resolver: Resolver | None = None
        self._fixed = False
        self._asked = False
        self._heard: bytes | None = None
        self._ask_again_at = 0.0
        self._believed_until = 0.0
        self._reread_at: float | None = None

    @property
    def asking(self) -> bool:
        """Return whether an answer on the wire is awaited."""
        return self._resolver is not None

    @property
    def silent(self) -> bool:
        """Return whether the real server was asked for on the wire and has not answered."""
        return self._asked and self._hears_answers and self._heard is None

    def begin(self, now: float) -> None:
        """A check begins: make sure that the MAC is the kernel's, or on its way."""
        if self.mac is None or now >= self._believed_until:
            self._read(now)
        if self.mac is None:
            self._ask(now)
            self._reread_at = self._reread_at or now + REREAD_SECONDS  # also where it was asked a moment ago

    def doubt(self, now: float) -> None:
        """A check got no answer: read the entry again, ask on the wire unless an administrator fixed it."""
        self._read(now)
        if not self._fixed:
            self._ask(now)

    def trust(self) -> None:
        """The server answered: what was asked needs no answer."""
        self.rest()
        self._asked = False

    def rest(self) -> None:
        """Nobody waits any more. A silence is remembered: the next check may be over before it may ask again."""
        self._resolver = None
        self._reread_at = None

    def receive_packet(self, octets: bytes, source_mac: bytes, ethertype: int, now: float) -> None:
        """Look at a frame that may be the answer."""
        if self._resolver is not None:
            self._resolver.receive_packet(octets, source_mac, ethertype, now)
            self._take_event(now)

    def packets_to_send(self, now: float) -> list[tuple[bytes, bytes, int]]:
        """Return the requests that are due: octets, destination MAC, ethertype."""
        return self._resolver.packets_to_send(now) if self._resolver is not None else []

    def next_timer(self) -> float | None:
        """Return when `handle_timer` wants to be called."""
        asking = self._resolver.next_timer() if self._resolver is not None else None
        if asking is None or self._reread_at is None:
            return asking or self._reread_at
        return min(asking, self._reread_at)

    def handle_timer(self, now: float) -> None:
        """Ask again, or read the kernel's entry again."""
        if self._resolver is not None:
            self._resolver.handle_timer(now)
            self._take_event(now)
        if self._reread_at is not None and now >= self._reread_at:
            self._read(now)
            self._reread_at = None
            if self.mac is None:
                self._ask(now)
            if self.mac is None or self._resolver is not None:
                self._reread_at = now + REREAD_SECONDS

    def _read(self, now: float) -> None:
        entry = self._lookup()
        if entry is None:
            self.mac = self._heard  # the kernel makes no entry of an answer that it did not ask for
        else:
            self.mac = entry.mac if entry.usable else None
        self._fixed = entry is not None and bool(entry.state & NUD_FIXED)
        self._believed_until = now + BELIEVED_SECONDS

    def _ask(self, now: float) -> None:
        if self._resolver is not None or now < self._ask_again_at:
            return
        if self.mac is None:
            self._nudge()
        self._asked = True
        self._heard = None
        self._resolver = self._new_resolver()
        self._ask_again_at = now + ASK_INTERVAL
        self._reread_at = now + REREAD_SECONDS

    def _take_event(self, now: float) -> None:
        from lvs_rawcheck.neighbor.resolver import Resolved  # loaded by now: something was asked

        event = self._resolver.next_event() if self._resolver is not None else None
        if event is None:
            return
        self._resolver = None
        if isinstance(event, Resolved):
            self._heard = event.mac
            self._reread_at = now + SETTLE_SECONDS
            self._read(now)
