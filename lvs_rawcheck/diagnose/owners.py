# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that asks all of a segment who has an address, and counts the owners; touches nothing.

Reading list: RFC 826, RFC 5227 2 (an address has one owner), RFC 4861 7.2.3. Unlike the resolver it does not stop at
the first answer. It has the same five verbs, and speaks as the director's own address, never as the one asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.diagnose.asker import Asker
from lvs_rawcheck.neighbor.over_arp import OverArp
from lvs_rawcheck.neighbor.over_ndp import OverNdp
from lvs_rawcheck.wire.address import IPV4_OCTETS
from lvs_rawcheck.wire.ethernet import is_unicast_mac

OWNERS_MAX = 16  # who invents more of them proves nothing more


@dataclass(frozen=True)
class Owners:
    """The event: who answered, each MAC once, in the order of their answers."""

    macs: tuple[bytes, ...]


class OwnersProbe(Asker[Owners]):
    """Who has `address`, of all? own_ip, own_mac: the director's, of the same family. Exactly one event ends it.

    suspect: is asked by unicast, too, which nothing between filters as it may broadcasts; None: nobody is. most: so
    many owners are counted.
    """

    def __init__(
        self, address: bytes, own_ip: bytes, own_mac: bytes, suspect: bytes | None = None, most: int = OWNERS_MAX
    ) -> None:
        super().__init__()
        words: type[OverArp | OverNdp] = OverArp if len(address) == IPV4_OCTETS else OverNdp
        asked = [suspect, None] if suspect is not None else [None]
        self._asked = [words(address, own_ip, own_mac, mac) for mac in asked]
        self._own_mac = own_mac
        self._most = most
        self._macs: dict[bytes, None] = {}

    def packets_to_send(self, now: float) -> list[tuple[bytes, bytes, int]]:
        """Return the questions that are due, each as octets, destination MAC and ethertype."""
        return [words.question() for words in self._asked] if self._asks(now) else []

    def receive_packet(self, octets: bytes, source_mac: bytes, ethertype: int, now: float) -> None:
        """Look at a frame that may be an answer; anything else changes nothing."""
        # The first is the suspect's where there is one: it may leave its MAC out of an answer (RFC 4861 7.2.4).
        mac = None if self._finished else self._asked[0].answer(octets, source_mac, ethertype)
        if mac is None or mac == self._own_mac or not is_unicast_mac(mac) or len(self._macs) >= self._most:
            return
        self._macs[mac] = None

    def give_up(self) -> None:
        """Let it be over now: the event is who has answered so far."""
        if not self._finished:
            self._finish(Owners(tuple(self._macs)))
