# SPDX-License-Identifier: GPL-2.0-or-later
"""The table: which answers mean which cause.

A host's answers follow from RFC 1122 3.2.1.3 (a packet for an address that is not its own is dropped, or passed
on where it forwards), RFC 9293 3.10.7.1 (no listener: RST), RFC 826 and RFC 4861 7.2.3 (who answers for an
address).

Of SIGNATURES the first row that fits says why the check failed. Once the VIP has answered, what is wrong is the
service, and whether it is so at the real server's own address too is all that is left to ask. Before that, five answers
tell all states apart but one pair: a VIP that is missing where nothing is forwarded, and a firewall that drops
everything to the VIP, look the same.

Of BESIDE every row that fits tells of a fault, whatever became of the check. Of all that fits, what a packet meets
first is the cause (PATH_ORDER); the others are mentioned.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.diagnose.observations import Answer, Observations, Place
from lvs_rawcheck.wire.ip import PROTO_SCTP, PROTO_TCP, PROTO_UDP

HEALTHY = "healthy"
ARP_LEAK = "arp-leak"
ARP_ANNOUNCE = "arp-announce"
CANNOT_JUDGE = "cannot-judge"
NOT_ON_LINK = "not-on-link"
HOST_DOWN = "host-down"
NEIGHBOUR_ENTRY_WRONG = "neighbour-entry-wrong"
WRONG_MACHINE = "wrong-machine"
VIP_MISSING_FORWARDING = "vip-missing-forwarding"
VIP_MISSING_OR_FILTERED = "vip-missing-or-filtered"
VIP_MISSING_LOCAL = "vip-missing-local"
DIRECTOR_CIRCLE = "director-circle"
FILTERED_PORT = "filtered-port"
REJECTED = "rejected"
PATH_MTU = "path-mtu"
BOUND_TO_REAL_ADDRESS = "bound-to-real-address"
SERVICE_DOWN = "service-down"
SERVICE_UNHEALTHY = "service-unhealthy"
SERVICE_DIFFERS_BY_ADDRESS = "service-differs-by-address"
ANSWERS_FROM_REAL_ADDRESS = "answers-from-real-address"
ANSWERS_SOMETHING_ELSE = "answers-something-else"
VIP_DUPLICATE = "vip-duplicate"
PORT_TRANSLATION = "port-translation"
CERTIFICATE_DIFFERS = "certificate-differs"
UNCLEAR = "unclear"

PATH_ORDER = (
    CANNOT_JUDGE,
    NOT_ON_LINK,
    PORT_TRANSLATION,
    HOST_DOWN,
    NEIGHBOUR_ENTRY_WRONG,
    VIP_MISSING_LOCAL,
    WRONG_MACHINE,
    VIP_MISSING_FORWARDING,
    VIP_MISSING_OR_FILTERED,
    DIRECTOR_CIRCLE,
    REJECTED,
    FILTERED_PORT,
    PATH_MTU,
    BOUND_TO_REAL_ADDRESS,
    SERVICE_DOWN,
    ANSWERS_FROM_REAL_ADDRESS,
    ANSWERS_SOMETHING_ELSE,
    SERVICE_DIFFERS_BY_ADDRESS,
    SERVICE_UNHEALTHY,
    CERTIFICATE_DIFFERS,
    UNCLEAR,
    VIP_DUPLICATE,
    ARP_LEAK,
    ARP_ANNOUNCE,
    HEALTHY,
)
"""This director, the link, the server's address, its firewall, its service, its answers; then what is said unasked."""

FROM_CONFIGURATION = (PORT_TRANSLATION,)
"""No answer tells: a configuration does."""
OF_SEVERAL_SERVERS = (CERTIFICATE_DIFFERS,)
"""No answer of one server tells: its comparison with the others does."""

PROTOCOLS_WITH_PORTS = (PROTO_TCP, PROTO_UDP, PROTO_SCTP)


ANSWER_NAMES = tuple(field.name for field in fields(Observations) if isinstance(field.default, Answer))
"""Of the `Observations`, those that a probe brought."""


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
    full_echo: Collection[Answer] | None = None
    answerer_echo: Collection[Answer] | None = None
    others: Collection[Answer] | None = None
    announced: Collection[Answer] | None = None
    again: Collection[Answer] | None = None
    passed_over: bool | None = None
    protocol: Collection[int] | None = None
    place: Place = Place.WIRE

    def fits(self, seen: Observations) -> bool:
        """Return whether this row describes what was seen."""
        return (
            seen.place == self.place
            and seen.check in self.check
            and all(_fits(getattr(seen, name), getattr(self, name)) for name in ANSWER_NAMES)
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

_PASSED_ON = (Answer.LOOPED, Answer.OTHER_MAC)

SIGNATURES = (
    Signature(HEALTHY, check=(Reason.OK,)),
    # The kernel sends by its entry, and so does IPVS: while that is wrong, nothing else can be told.
    Signature(NEIGHBOUR_ENTRY_WRONG, check=_FAILURES, own_neighbour=(Answer.OTHER_MAC,)),
    Signature(ANSWERS_FROM_REAL_ADDRESS, check=(Reason.WRONG_ADDRESS,)),
    Signature(SERVICE_DIFFERS_BY_ADDRESS, check=_UNSATISFIED, own_service=(Answer.PASSED,)),
    Signature(SERVICE_UNHEALTHY, check=_UNSATISFIED),
    # It has the VIP, but not for this port: only IPVS, or a rule, passes on what is for an address of its own.
    Signature(DIRECTOR_CIRCLE, check=(Reason.LOOPED, Reason.WRONG_MAC), echo=(Answer.REPLY,)),
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
    # Nobody has answered for the address, before and again: no packet of the kernel's finds a way, and none was sent.
    Signature(
        HOST_DOWN, check=(Reason.NO_NEIGHBOUR,), own_service=(Answer.NOT_ASKED,), own_neighbour=(Answer.SILENCE,)
    ),
    Signature(VIP_MISSING_LOCAL, place=Place.LOCAL, check=(Reason.NO_ANSWER,)),
    Signature(BOUND_TO_REAL_ADDRESS, place=Place.LOCAL, check=(Reason.REFUSED,), own_service=_SERVES),
    Signature(SERVICE_DOWN, place=Place.LOCAL, check=(Reason.REFUSED,)),
    Signature(HEALTHY, place=Place.LOCAL, check=(Reason.OK,)),
    Signature(HEALTHY, place=Place.OWN_ADDRESS, check=(Reason.OK,)),
    Signature(SERVICE_UNHEALTHY, place=Place.OWN_ADDRESS, check=(*_FAILURES, *_UNSATISFIED)),
    Signature(NOT_ON_LINK, place=Place.NOWHERE, check=(Reason.NOT_ON_LINK,)),
)

_BEFORE_THE_SERVICE = (Reason.NO_ANSWER, Reason.LOOPED, Reason.UNREACHABLE, Reason.WRONG_MAC)

BESIDE = (
    # It passed all the same: who gets our frames is another real server, or any machine answers for the VIP.
    Signature(NEIGHBOUR_ENTRY_WRONG, check=ANSWERED, own_neighbour=(Answer.OTHER_MAC,)),
    Signature(
        VIP_MISSING_OR_FILTERED, check=_FAILURES, own_neighbour=(Answer.OTHER_MAC,), answerer_echo=(Answer.SILENCE,)
    ),
    Signature(DIRECTOR_CIRCLE, check=(Reason.OK,), again=_PASSED_ON),
    Signature(
        FILTERED_PORT,
        check=_BEFORE_THE_SERVICE,
        own_service=(Answer.SILENCE,),
        own_neighbour=(Answer.REPLY,),
        protocol=PROTOCOLS_WITH_PORTS,
    ),
    Signature(
        PATH_MTU,
        check=(*ANSWERED, *_FAILURES),
        echo=(Answer.REPLY,),
        full_echo=(*_VAIN, Answer.REJECTED),
    ),
    Signature(SERVICE_DOWN, check=_BEFORE_THE_SERVICE, own_service=(Answer.REFUSED,), passed_over=False),
    Signature(VIP_DUPLICATE, check=(*ANSWERED, *_FAILURES, Reason.WRONG_ADDRESS), others=(Answer.OTHER_MAC,)),
    Signature(ARP_LEAK, check=(*ANSWERED, *_FAILURES, Reason.WRONG_ADDRESS), vip_neighbour=(Answer.REPLY,)),
    Signature(ARP_ANNOUNCE, check=(*ANSWERED, *_FAILURES, Reason.WRONG_ADDRESS), announced=(Answer.REPLY,)),
)


def find_causes(seen: Observations) -> list[str]:
    """Return all causes of what was seen, in path order, at least one.

    HEALTHY where nothing is wrong, UNCLEAR where the check failed and no row says why; our own faults are CANNOT_JUDGE,
    alone.
    """
    if seen.check == Reason.CANNOT_JUDGE:
        return [CANNOT_JUDGE]
    of_check = next((row.cause for row in SIGNATURES if row.fits(seen)), UNCLEAR)
    found = {of_check, *(row.cause for row in BESIDE if row.fits(seen))}
    return [cause for cause in PATH_ORDER if cause in found and (cause != HEALTHY or len(found) == 1)]
