# SPDX-License-Identifier: GPL-2.0-or-later
"""The table: which answers mean which cause.

A host's answers follow from RFC 1122 3.2.1.3 (a packet for an address that is not its own is dropped, or passed
on where it forwards), RFC 9293 3.10.7.1 (no listener: RST), RFC 826 and RFC 4861 7.2.3 (who answers for an
address).

The first row that fits counts. Once the VIP has answered, what is wrong is the service, and whether it is so at the
real server's own address too is all that is left to ask. Before that, five answers tell all states apart but one
pair: a VIP that is missing where nothing is forwarded, and a firewall that drops everything to the VIP, look the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.wire.ip import PROTO_SCTP, PROTO_TCP, PROTO_UDP

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
SERVICE_UNHEALTHY = "service-unhealthy"
SERVICE_DIFFERS_BY_ADDRESS = "service-differs-by-address"
ANSWERS_FROM_REAL_ADDRESS = "answers-from-real-address"
ANSWERS_SOMETHING_ELSE = "answers-something-else"
UNCLEAR = "unclear"

PROTOCOLS_WITH_PORTS = (PROTO_TCP, PROTO_UDP, PROTO_SCTP)


@dataclass(frozen=True)
class Signature:
    """One row: the answers that a cause gives. None: any answer will do."""

    cause: str
    check: Collection[str]
    echo: Collection[Answer] | None = None
    vip_neighbour: Collection[Answer] | None = None
    own_service: Collection[Answer] | None = None
    own_neighbour: Collection[Answer] | None = None
    error: Collection[Answer] | None = None
    passed_over: bool | None = None
    protocol: Collection[int] | None = None
    place: Place = Place.WIRE

    def fits(self, seen: Observations) -> bool:
        """Return whether this row describes what was seen."""
        return (
            seen.place == self.place
            and seen.check in self.check
            and _fits(seen.echo, self.echo)
            and _fits(seen.vip_neighbour, self.vip_neighbour)
            and _fits(seen.own_service, self.own_service)
            and _fits(seen.own_neighbour, self.own_neighbour)
            and _fits(seen.error, self.error)
            and self.passed_over in (None, seen.passed_over)
            and (self.protocol is None or seen.protocol in self.protocol)
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
_UNSATISFIED = (  # answered in the VIP's name, from the right MAC: the data path has done its part
    Reason.TIMEOUT,
    Reason.CLOSED,
    Reason.PROTOCOL,
    Reason.TLS,
    Reason.STATUS,
    Reason.HEADER,
    Reason.BODY,
    Reason.DIGEST,
    Reason.REGEX,
    Reason.RESPONSE,
)
ANSWERED = (Reason.OK, *_UNSATISFIED)
"""After these nobody asks any more whether the VIP is there."""
_SERVES = (Answer.CONNECTED, Answer.PASSED, Answer.NOT_PASSED)
_ALIVE = (*_SERVES, Answer.REFUSED)
_VAIN = (Answer.SILENCE, Answer.UNREACHABLE)

SIGNATURES = (
    Signature(ARP_LEAK, check=(Reason.OK,), vip_neighbour=(Answer.REPLY,)),
    Signature(HEALTHY, check=(Reason.OK,)),
    # The kernel sends by its entry, and so does IPVS: while that is wrong, nothing else can be told.
    Signature(NEIGHBOUR_ENTRY_WRONG, check=_FAILURES, own_neighbour=(Answer.OTHER_MAC,)),
    Signature(ANSWERS_FROM_REAL_ADDRESS, check=(Reason.WRONG_ADDRESS,)),
    Signature(SERVICE_DIFFERS_BY_ADDRESS, check=_UNSATISFIED, own_service=(Answer.PASSED,)),
    Signature(SERVICE_UNHEALTHY, check=_UNSATISFIED),
    Signature(VIP_MISSING_FORWARDING, check=(Reason.LOOPED,)),
    Signature(VIP_MISSING_FORWARDING, check=(Reason.NO_ANSWER,), echo=(Answer.LOOPED, Answer.UNREACHABLE)),
    # Where there is no RST, this is how a host says that nothing listens (RFC 1122 4.1.3.1, RFC 4443 3.1).
    Signature(BOUND_TO_REAL_ADDRESS, check=(Reason.UNREACHABLE,), error=(Answer.REFUSED,), own_service=_SERVES),
    Signature(SERVICE_DOWN, check=(Reason.UNREACHABLE,), error=(Answer.REFUSED,)),
    Signature(REJECTED, check=(Reason.UNREACHABLE,), echo=(Answer.REPLY, Answer.REJECTED)),
    # In another name than the VIP's: a forwarder that found no way on. In the VIP's name: a firewall.
    Signature(VIP_MISSING_FORWARDING, check=(Reason.UNREACHABLE,), error=(Answer.UNREACHABLE,)),
    Signature(VIP_MISSING_FORWARDING, check=(Reason.UNREACHABLE,), echo=(Answer.LOOPED, Answer.UNREACHABLE)),
    Signature(WRONG_MACHINE, check=(Reason.WRONG_MAC,)),
    Signature(WRONG_MACHINE, check=(Reason.NO_ANSWER, Reason.UNREACHABLE), echo=(Answer.OTHER_MAC,)),
    Signature(REJECTED, check=(Reason.UNREACHABLE,)),
    Signature(BOUND_TO_REAL_ADDRESS, check=(Reason.REFUSED,), own_service=_SERVES),
    Signature(SERVICE_DOWN, check=(Reason.REFUSED,)),
    Signature(ANSWERS_SOMETHING_ELSE, check=(Reason.NO_ANSWER,), echo=(Answer.REPLY,), passed_over=True),
    Signature(
        FILTERED_PORT,
        check=(Reason.NO_ANSWER,),
        echo=(Answer.REPLY, Answer.REJECTED),
        protocol=PROTOCOLS_WITH_PORTS,
    ),
    Signature(VIP_MISSING_OR_FILTERED, check=(Reason.NO_ANSWER,), echo=(Answer.SILENCE,), own_service=_ALIVE),
    Signature(
        VIP_MISSING_OR_FILTERED,
        check=(Reason.NO_ANSWER,),
        echo=(Answer.SILENCE,),
        own_neighbour=(Answer.REPLY,),
    ),
    Signature(
        HOST_DOWN,
        check=(Reason.NO_NEIGHBOUR, Reason.NO_ANSWER),
        echo=(Answer.SILENCE, Answer.NOT_ASKED),
        own_service=_VAIN,
        own_neighbour=(Answer.SILENCE,),
    ),
    Signature(VIP_MISSING_LOCAL, place=Place.LOCAL, check=(Reason.NO_ANSWER,)),
    Signature(BOUND_TO_REAL_ADDRESS, place=Place.LOCAL, check=(Reason.REFUSED,), own_service=_SERVES),
    Signature(SERVICE_DOWN, place=Place.LOCAL, check=(Reason.REFUSED,)),
    Signature(HEALTHY, place=Place.LOCAL, check=(Reason.OK,)),
    Signature(HEALTHY, place=Place.OWN_ADDRESS, check=(Reason.OK,)),
    Signature(SERVICE_UNHEALTHY, place=Place.OWN_ADDRESS, check=(*_FAILURES, *_UNSATISFIED)),
    Signature(NOT_ON_LINK, place=Place.NOWHERE, check=(Reason.NOT_ON_LINK,)),
)


def find_cause(seen: Observations) -> str:
    """Return the cause of what was seen, UNCLEAR where no row fits; our own faults are CANNOT_JUDGE."""
    if seen.check == Reason.CANNOT_JUDGE:
        return CANNOT_JUDGE
    for signature in SIGNATURES:
        if signature.fits(seen):
            return signature.cause
    return UNCLEAR
