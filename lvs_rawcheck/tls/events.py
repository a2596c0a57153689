# SPDX-License-Identifier: GPL-2.0-or-later
"""What a session tells its owner, in the order in which it happened."""

from __future__ import annotations


class Event:
    """The root of a session's events."""

    __slots__ = ()

    def __repr__(self) -> str:
        return type(self).__name__


class Secured(Event):
    """The handshake is complete, and the server is all that the settings demand."""

    __slots__ = ()


class DataReceived(Event):
    """Octets of the plaintext, in order, each exactly once; at most one record's, 16384."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def __repr__(self) -> str:
        return f"DataReceived {len(self.octets)}"


class PeerClosed(Event):
    """No more plaintext will come. clean: it was said by close_notify (RFC 8446 6.1), not just cut off."""

    __slots__ = ("clean",)

    def __init__(self, clean: bool) -> None:
        self.clean = clean

    def __repr__(self) -> str:
        return "PeerClosed" if self.clean else "PeerClosed abruptly"


class Failed(Event):
    """TLS is over: the server broke it, refused it, or is not what the settings demand; `sentence` says which."""

    __slots__ = ("sentence",)

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __repr__(self) -> str:
        return f"Failed {self.sentence}"
