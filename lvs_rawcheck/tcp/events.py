# SPDX-License-Identifier: GPL-2.0-or-later
"""What a connection tells its owner, in the order in which it happened."""

from __future__ import annotations


class Event:
    """The root of a connection's events."""

    __slots__ = ()

    def __repr__(self) -> str:
        return type(self).__name__


class Connected(Event):
    """The handshake is complete: a SYN/ACK that acknowledges our SYN (RFC 9293 3.10.7.3)."""

    __slots__ = ()


class Refused(Event):
    """An acceptable RST answered our SYN: the address is there, the port is not."""

    __slots__ = ()


class DataReceived(Event):
    """Octets of the stream, in order, each exactly once."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def __repr__(self) -> str:
        return f"DataReceived {len(self.octets)}"


class PeerClosed(Event):
    """The peer's FIN was reached: no more octets will come from it."""

    __slots__ = ()


class Reset(Event):
    """An acceptable RST ended an established connection."""

    __slots__ = ()


class Closed(Event):
    """Both directions were closed by FIN and acknowledged."""

    __slots__ = ()
