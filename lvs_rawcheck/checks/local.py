# SPDX-License-Identifier: GPL-2.0-or-later
"""A director that is one of its own real servers: its packets never reach a wire.

IPVS hands such a packet to the local stack, so what counts is whether the kernel has a listener for VIP and
port. A connection of our own to the VIP would be scheduled by IPVS to another server: what is said beyond the
handshake is said to the server's own address.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Exchange, Reason, Verdict
from lvs_rawcheck.checks.standard_course import StandardCourse
from lvs_rawcheck.checks.steps import make_talks
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.link.sock_diag import listener
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from lvs_rawcheck.checks.base import Conversation, Endpoint, Result
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.link.rtnetlink import Netlink

_HERE = "local: this host is the real server"
_LISTENED_TO = (PROTO_TCP, PROTO_UDP)  # of which the kernel can be asked for a listener


class LocalCheck:
    """Whether this host would serve an endpoint. To make one opens what may need privileges; whoever does closes it."""

    __slots__ = ("_course", "_protocols", "_result")

    def __init__(self, request: Request, result: Result) -> None:
        """Raise LinkError where a socket is not to be had."""
        self._result = result
        self._course: StandardCourse | None = None
        talks = make_talks(request.steps, result.endpoint)
        self._protocols = {_protocol_of(talk) for talk in talks}
        if result.endpoint is not None and any(map(_says_more, talks)):
            self._course = StandardCourse(request, result.endpoint, result.endpoint.port, None)

    def close(self) -> None:
        """Close what was opened; twice is harmless."""
        if self._course is not None:
            self._course.close()

    def run(self, netlink: Netlink, started: float, deadline: float) -> None:
        """Fill in the result; LinkError: it cannot be judged."""
        course = self.begin(netlink)
        if course is not None:
            course.run(self._result, started, deadline)
            self.end()

    def begin(self, netlink: Netlink) -> StandardCourse | None:
        """Fill in what the kernel says; return what is to be run besides, and ended, None for nothing. LinkError."""
        if self._result.endpoint is None:
            return None
        verdict = judge_listeners(netlink, self._result.endpoint, self._protocols)
        if verdict.healthy and self._course is not None:
            return self._course
        self._result.verdict = verdict
        return None

    def end(self) -> None:
        """Say of the result of what was run besides where it was asked."""
        verdict = self._result.verdict
        verdict.detail = f"{_HERE}, asked at its own address: {verdict.detail}"


def judge_listeners(netlink: Netlink, endpoint: Endpoint, protocols: Iterable[int]) -> Verdict:
    """Return whether the VIP is held here and something listens there; LinkError: the kernel will not say.

    It is held where packets to it are delivered here: by an address, or by a local route alone (AnyIP).
    """
    route = netlink.route(endpoint.vip)
    if route is None or route.kind != "local":
        return Verdict(Reason.NO_ANSWER, f"{_HERE}, and does not hold the VIP")
    wanted = [protocol for protocol in protocols if protocol in _LISTENED_TO]
    if not all(listener(endpoint.vip, endpoint.port, protocol) for protocol in wanted):
        return Verdict(Reason.REFUSED, f"{_HERE}, and nothing listens there")
    return Verdict(Reason.OK, f"{_HERE}, and {'something listens there' if wanted else 'holds the VIP'}")


def _protocol_of(talk: Conversation | Exchange) -> int:
    return talk.protocol if isinstance(talk, Exchange) else PROTO_TCP


def _says_more(talk: Conversation | Exchange) -> bool:
    """Return whether a check asks for more than that the kernel would take a connection, or answer an echo."""
    return talk.kind != TcpConversation.kind and _protocol_of(talk) not in (PROTO_ICMP, PROTO_ICMPV6)
