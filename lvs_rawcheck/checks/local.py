# SPDX-License-Identifier: GPL-2.0-or-later
"""A director that is one of its own real servers: its packets never reach a wire.

IPVS hands such a packet to the local stack, so what counts is whether the kernel has a listener for VIP and
port. A connection of our own to the VIP would be scheduled by IPVS to another server: what is said beyond the
handshake is said to the server's own address.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Endpoint, Reason, Verdict
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.link.sock_diag import listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Result
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.link.rtnetlink import Netlink

_HERE = "local: this host is the real server"


def check_local(netlink: Netlink, request: Request, result: Result, started: float, deadline: float) -> None:
    """Fill in a result: whether this host would serve the endpoint; LinkError: it cannot be judged."""
    if result.endpoint is None:
        return
    result.verdict = judge_listener(netlink, result.endpoint)
    if not result.healthy or request.kind == TcpConversation.kind:
        return
    from lvs_rawcheck.checks.standard_course import run_standard

    run_standard(request, result, result.endpoint.port, None, started, deadline)
    result.verdict.detail = f"{_HERE}, asked at its own address: {result.verdict.detail}"


def judge_listener(netlink: Netlink, endpoint: Endpoint) -> Verdict:
    """Return whether the VIP is held here and something listens there; LinkError: the kernel will not say.

    It is held where packets to it are delivered here: by an address, or by a local route alone (AnyIP).
    """
    route = netlink.route(endpoint.vip)
    if route is None or route.kind != "local":
        return Verdict(Reason.NO_ANSWER, f"{_HERE}, and does not hold the VIP")
    if not listener(endpoint.vip, endpoint.port):
        return Verdict(Reason.REFUSED, f"{_HERE}, and nothing listens there")
    return Verdict(Reason.OK, f"{_HERE}, and something listens there")
