# SPDX-License-Identifier: GPL-2.0-or-later
"""What was asked of one real server, and what came of it: the left side of the table of signatures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lvs_rawcheck.wire.ip import PROTO_TCP


class Answer(StrEnum):
    """What one probe brought."""

    NOT_ASKED = "not asked"
    SILENCE = "silence"
    REPLY = "reply"
    CONNECTED = "connected"
    PASSED = "passed"
    NOT_PASSED = "answered, but did not pass"
    REFUSED = "refused"
    LOOPED = "looped"
    """Our own packet came back, one hop older."""
    OTHER_MAC = "reply from another MAC"
    REJECTED = "rejected"
    """An ICMP error in the name of the address asked: its holder will not have it."""
    UNREACHABLE = "unreachable"
    """An ICMP error in another name, or the kernel's own word: who was asked passes it on in vain."""
    FAILED = "could not be asked"
    """The fault is ours."""


class Place(StrEnum):
    """Where the check took place."""

    WIRE = "wire"
    LOCAL = "local"
    """The real server is this host, and its kernel was asked."""
    OWN_ADDRESS = "own address"
    """The real server is this host, its kernel would serve the VIP, and the service was asked at its own address."""
    NOWHERE = "nowhere"
    """It never came so far as to send a frame."""


@dataclass(frozen=True)
class Observations:
    """The answers that tell the states of a real server apart."""

    place: Place
    check: str
    """A Reason: what came of the check itself."""
    echo: Answer = Answer.NOT_ASKED
    """ICMP or ICMPv6 echo to the VIP at the real server's MAC."""
    vip_neighbour: Answer = Answer.NOT_ASKED
    """ARP or neighbour discovery for the VIP: whether the real server's MAC answers."""
    own_service: Answer = Answer.NOT_ASKED
    """The same port of the real server's own address, by the kernel's sockets: a connection, or the whole check."""
    own_neighbour: Answer = Answer.NOT_ASKED
    """ARP or neighbour discovery for the real server's own address: OTHER_MAC where it is not who gets our frames."""
    error: Answer = Answer.NOT_ASKED
    """What an ICMP error about our packets said, and in whose name: REFUSED, REJECTED or UNREACHABLE."""
    full_echo: Answer = Answer.NOT_ASKED
    """The same echo, as long as a frame may be."""
    answerer_echo: Answer = Answer.NOT_ASKED
    """Echo to the VIP at the MAC that answered for the real server's own address, where that is another one."""
    others: Answer = Answer.NOT_ASKED
    """ARP or neighbour discovery for the VIP, asked of all: OTHER_MAC, it has an owner who ought not to be one."""
    announced: Answer = Answer.NOT_ASKED
    """REPLY: the real server was heard asking in the VIP's name."""
    again: Answer = Answer.NOT_ASKED
    """Further connections after one that passed: PASSED all, or what became of one."""
    passed_over: bool = False
    """Something came where the answer was awaited, and was no answer to what was asked."""
    protocol: int = PROTO_TCP
    """What carried the check: an IP protocol number."""
