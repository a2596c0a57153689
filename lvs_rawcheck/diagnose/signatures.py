# SPDX-License-Identifier: GPL-2.0-or-later
"""The table: which answers mean which cause.

A host's answers follow from RFC 1122 3.2.1.3 (a packet for an address that is not its own is dropped, or passed
on where it forwards), RFC 9293 3.10.7.1 (no listener: RST), RFC 826 and RFC 4861 7.2.3 (who answers for an
address).

The first row that fits counts. Five answers tell all states apart but one pair: a VIP that is missing where
nothing is forwarded, and a firewall that drops everything to the VIP, look the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place

HEALTHY = "healthy"
ARP_LEAK = "arp-leak"
CANNOT_JUDGE = "cannot-judge"
NOT_ON_LINK = "not-on-link"
HOST_DOWN = "host-down"
NEIGHBOUR_ENTRY_WRONG = "neighbour-entry-wrong"
WRONG_MACHINE = "wrong-machine"
VIP_MISSING_FORWARDING = "vip-missing-forwarding"
VIP_MISSING_OR_FILTERED = "vip-missing-or-filtered"
VIP_MISSING_LOCAL = "vip-missing-local"
FILTERED_PORT = "filtered-port"
REJECTED = "rejected"
BOUND_TO_REAL_ADDRESS = "bound-to-real-address"
SERVICE_DOWN = "service-down"
UNCLEAR = "unclear"


@dataclass(frozen=True)
class Signature:
    """One row: the answers that a cause gives. None: any answer will do."""

    cause: str
    tcp: Collection[str]
    echo: Collection[Answer] | None = None
    vip_neighbour: Collection[Answer] | None = None
    own_tcp: Collection[Answer] | None = None
    own_neighbour: Collection[Answer] | None = None
    syn_error: Collection[Answer] | None = None
    place: Place = Place.WIRE

    def fits(self, seen: Observations) -> bool:
        """Return whether this row describes what was seen."""
        return (
            seen.place == self.place
            and seen.tcp in self.tcp
            and _fits(seen.echo, self.echo)
            and _fits(seen.vip_neighbour, self.vip_neighbour)
            and _fits(seen.own_tcp, self.own_tcp)
            and _fits(seen.own_neighbour, self.own_neighbour)
            and _fits(seen.syn_error, self.syn_error)
        )


def _fits(answer: Answer, wanted: Collection[Answer] | None) -> bool:
    return wanted is None or answer in wanted


_FAILURES = (
    Reason.NO_NEIGHBOUR,
    Reason.NO_ANSWER,
    Reason.LOOPED,
    Reason.UNREACHABLE,
    Reason.WRONG_MAC,
    Reason.REFUSED,
)
_ALIVE = (Answer.CONNECTED, Answer.REFUSED)
_VAIN = (Answer.SILENCE, Answer.UNREACHABLE)

SIGNATURES = (
    Signature(ARP_LEAK, tcp=(Reason.OK,), vip_neighbour=(Answer.REPLY,)),
    Signature(HEALTHY, tcp=(Reason.OK,)),
    # The kernel sends by its entry, and so does IPVS: while that is wrong, nothing else can be told.
    Signature(NEIGHBOUR_ENTRY_WRONG, tcp=_FAILURES, own_neighbour=(Answer.OTHER_MAC,)),
    Signature(VIP_MISSING_FORWARDING, tcp=(Reason.LOOPED,)),
    Signature(VIP_MISSING_FORWARDING, tcp=(Reason.NO_ANSWER,), echo=(Answer.LOOPED, Answer.UNREACHABLE)),
    Signature(REJECTED, tcp=(Reason.UNREACHABLE,), echo=(Answer.REPLY, Answer.REJECTED)),
    # In another name than the VIP's: a forwarder that found no way on. In the VIP's name: a firewall.
    Signature(VIP_MISSING_FORWARDING, tcp=(Reason.UNREACHABLE,), syn_error=(Answer.UNREACHABLE,)),
    Signature(VIP_MISSING_FORWARDING, tcp=(Reason.UNREACHABLE,), echo=(Answer.LOOPED, Answer.UNREACHABLE)),
    Signature(WRONG_MACHINE, tcp=(Reason.WRONG_MAC,)),
    Signature(WRONG_MACHINE, tcp=(Reason.NO_ANSWER, Reason.UNREACHABLE), echo=(Answer.OTHER_MAC,)),
    Signature(REJECTED, tcp=(Reason.UNREACHABLE,)),
    Signature(BOUND_TO_REAL_ADDRESS, tcp=(Reason.REFUSED,), own_tcp=(Answer.CONNECTED,)),
    Signature(SERVICE_DOWN, tcp=(Reason.REFUSED,)),
    Signature(FILTERED_PORT, tcp=(Reason.NO_ANSWER,), echo=(Answer.REPLY, Answer.REJECTED)),
    Signature(VIP_MISSING_OR_FILTERED, tcp=(Reason.NO_ANSWER,), echo=(Answer.SILENCE,), own_tcp=_ALIVE),
    Signature(
        VIP_MISSING_OR_FILTERED,
        tcp=(Reason.NO_ANSWER,),
        echo=(Answer.SILENCE,),
        own_neighbour=(Answer.REPLY,),
    ),
    Signature(
        HOST_DOWN,
        tcp=(Reason.NO_NEIGHBOUR, Reason.NO_ANSWER),
        echo=(Answer.SILENCE, Answer.NOT_ASKED),
        own_tcp=_VAIN,
        own_neighbour=(Answer.SILENCE,),
    ),
    Signature(VIP_MISSING_LOCAL, place=Place.LOCAL, tcp=(Reason.NO_ANSWER,)),
    Signature(BOUND_TO_REAL_ADDRESS, place=Place.LOCAL, tcp=(Reason.REFUSED,), own_tcp=(Answer.CONNECTED,)),
    Signature(SERVICE_DOWN, place=Place.LOCAL, tcp=(Reason.REFUSED,)),
    Signature(HEALTHY, place=Place.LOCAL, tcp=(Reason.OK,)),
    Signature(NOT_ON_LINK, place=Place.NOWHERE, tcp=(Reason.NOT_ON_LINK,)),
)


def find_cause(seen: Observations) -> str:
    """Return the cause of what was seen, UNCLEAR where no row fits; our own faults are CANNOT_JUDGE."""
    if seen.tcp == Reason.CANNOT_JUDGE:
        return CANNOT_JUDGE
    for signature in SIGNATURES:
        if signature.fits(seen):
            return signature.cause
    return UNCLEAR
