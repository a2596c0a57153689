# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `ping`: an echo from the VIP (RFC 792, RFC 4443 4), as keepalived's PING_CHECK (check_ping.c) has it."""

from __future__ import annotations

import os

from lvs_rawcheck.checks.base import Exchange, Reason, Verdict
from lvs_rawcheck.checks.kind import Kind
from lvs_rawcheck.checks.narration import lines_of
from lvs_rawcheck.wire.address import IPV4_OCTETS
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.parameters import Values

_WORDS = b"lvs-rawcheck: is the VIP there? "
_TOKEN_OCTETS = 16


class EchoExchange(Exchange):
    """Asks for an echo. token: random octets, by which we know our own again."""

    __slots__ = ("_data", "protocol")

    kind = "ping"
    interval = 0.2

    def __init__(self, token: bytes) -> None:
        self.protocol = PROTO_ICMP
        self._data = _WORDS + token

    def note_endpoint(self, endpoint: Endpoint) -> None:
        """Speak the ICMP of the VIP's family."""
        self.protocol = PROTO_ICMP if len(endpoint.vip) == IPV4_OCTETS else PROTO_ICMPV6

    def datagram_to_send(self) -> bytes:
        """Return the data of the request."""
        return self._data

    def datagram_received(self, octets: bytes) -> Verdict | None:
        """Return the verdict if a reply has our data."""
        return Verdict(Reason.OK, "echo reply") if octets == self._data else None

    def describe(self, octets: bytes) -> list[str]:
        """Return that it is our echo, or the octets of another one."""
        return [f"echo, {len(octets)} octets of data"] if octets == self._data else lines_of(octets)


def new_echo() -> EchoExchange:
    """Return an exchange whose data nobody can know before."""
    return EchoExchange(os.urandom(_TOKEN_OCTETS))


def _prepare(values: Values) -> Step:
    return new_echo


KINDS = (Kind("ping", "the VIP answers an echo request", (), _prepare, speaks_to_port=False),)
