# SPDX-License-Identifier: GPL-2.0-or-later
"""A director that is one of its own real servers: its packets never reach a wire.

IPVS hands such a packet to the local stack, so what counts is whether the kernel has a listener for VIP and
port. A connection of our own to the VIP would be scheduled by IPVS to another server.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Endpoint, Reason, Verdict
from lvs_rawcheck.link.sock_diag import listener

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.link.rtnetlink import Netlink


def check_local(netlink: Netlink, endpoint: Endpoint) -> Verdict:
    """Return whether this host would serve the endpoint; LinkError: the kernel will not say.

    It holds the VIP where packets to it are delivered here: by an address, or by a local route alone (AnyIP).
    """
    route = netlink.route(endpoint.vip)
    if route is None or route.kind != "local":
        return Verdict(Reason.NO_ANSWER, "local: this host is the real server, and does not hold the VIP")
    if not listener(endpoint.vip, endpoint.port):
        return Verdict(Reason.REFUSED, "local: this host is the real server, and nothing listens there")
    return Verdict(Reason.OK, "local: this host is the real server, and something listens there")
