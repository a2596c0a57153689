# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner of a connection, in its simplest form: says one stream, hears one, and closes when it is told to."""

from __future__ import annotations

from collections.abc import Callable

from lvs_rawcheck.tcp.connection import Connection
from lvs_rawcheck.tcp.events import Connected, DataReceived, PeerClosed
from lvs_rawcheck.tcp.states import SENDING


class Owner:
    """says: sent as soon as connected. closes_when: asked after every event; from the first yes on it closes."""

    def __init__(self, connection: Connection, says: bytes, closes_when: Callable[[Owner], bool]) -> None:
        self.connection = connection
        self.heard = bytearray()
        self.told: list[type] = []
        """What happened, but for octets."""
        self._says = says
        self._closes_when = closes_when

    def hear(self) -> None:
        """Take all events, and act on them."""
        while (event := self.connection.next_event()) is not None:
            if isinstance(event, DataReceived):
                self.heard += event.octets
            else:
                self.told.append(type(event))
            if isinstance(event, Connected):
                self.connection.send(self._says)
            if self.connection.state in SENDING and self._closes_when(self):
                self.connection.close()


def at_once(_owner: Owner) -> bool:
    """Close first, without waiting for the peer."""
    return True


def after_the_peer(owner: Owner) -> bool:
    """Close last."""
    return PeerClosed in owner.told
