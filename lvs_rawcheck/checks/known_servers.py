# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking for a service's real servers before a MAC is taken for nobody's.

By MAC_KNOWN an answer counts unless its MAC belongs to another known address. A director that was started a moment
ago, or a standby that forwards nothing, knows none: a healthy server that answers in the place of one that lost its
VIP would be a stranger, and pass. So a stranger has to wait: the kernel is made to ask for each real server that it
does not know, and the check's own retransmission brings the answer again. Likewise for whoever holds a VIP that is not
held here: the active director answers an echo to it itself.
"""

from __future__ import annotations

from lvs_rawcheck import clock
from lvs_rawcheck.link.nudge import nudge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.path import Path
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.link.rtnetlink import Netlink
    from lvs_rawcheck.link.tables import KernelTables

ANSWER_SECONDS = 0.15  # a neighbour answers within; less than the 0.2 s after which a SYN is sent again
_MOST = 256  # addresses asked for by one check


class KnownServers:
    """The other real servers of a request, and the holders of its VIPs, on its path.

    tables: who is known already; netlink: which VIPs are held here.
    """

    __slots__ = ("_addresses", "_netlink", "_path", "_settled_at", "_tables", "_vips")

    def __init__(self, tables: KernelTables, netlink: Netlink, path: Path, request: Request) -> None:
        self._tables = tables
        self._netlink = netlink
        self._path = path
        self._addresses = [address for address in request.known_servers if address != request.real_ip][:_MOST]
        self._vips = request.vips[:_MOST]
        self._settled_at: float | None = None

    def settled(self) -> bool:
        """Return whether each has had its time to answer; the first call asks for those that the kernel lacks."""
        if self._settled_at is None:
            self._settled_at = clock.now() + (ANSWER_SECONDS if self._ask() else 0.0)
        return clock.now() >= self._settled_at

    def _ask(self) -> bool:
        """Return whether any had to be asked for."""
        wanted = [*self._addresses, *(vip for vip in self._vips if not self._is_here(vip))]
        known = self._tables.known(wanted)
        missing = [address for address in wanted if address not in known]
        for address in missing:
            nudge(address, self._path.interface.name, self._path.director_ip)
        return bool(missing)

    def _is_here(self, vip: bytes) -> bool:
        route = self._netlink.route(vip)
        return route is not None and route.kind == "local"
