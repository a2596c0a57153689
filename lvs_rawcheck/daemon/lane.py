# SPDX-License-Identifier: GPL-2.0-or-later
"""One way out for many checks: a packet socket, a pool of guarded source ports, and the driver over both.

A lane is one interface and one address of the director on it. It is opened when the first check needs it, and goes
when its interface fails; the checks that were under way on it then are nobody's fault.
"""

from __future__ import annotations

from math import inf

from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.raw import make_steering
from lvs_rawcheck.checks.steering import Steering
from lvs_rawcheck.daemon.expected import Expected
from lvs_rawcheck.daemon.lateness import Lateness
from lvs_rawcheck.daemon.neighbours import Neighbours
from lvs_rawcheck.link.filter_room import FilterRoom
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.wire.ip import PROTO_UDP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.link.bpf import Program

PORTS_MOST = 900
"""Of one protocol, however many descriptors there are."""


class Lane:
    """Opens its sockets; whoever makes one closes it. LinkError: they are not to be had.

    expected: of all checks that may use it. room: for its filter. ports_most: of each protocol.
    """

    def __init__(
        self, path: Path, neighbours: Neighbours, expected: Expected, room: FilterRoom, ports_most: int = PORTS_MOST
    ) -> None:
        self.path = path
        self.tables = neighbours
        self._steerings: dict[bytes, Steering] = {}
        self._guards = GuardPool(path.director_ip, ports_most)
        try:
            self.link = self._open(expected, room, ports_most)
        except BaseException:
            self._guards.close()
            raise
        self.driver = Driver(self.link, path, self._guards)
        self.closed = False
        self.lateness = Lateness()
        """How long frames waited to be read."""
        self.well_at = -inf
        """When its interface was last found well, monotonic seconds."""
        self._behind_since: float | None = None
        self._losses = 0
        self._lost_at = 0.0

    def _open(self, expected: Expected, room: FilterRoom, ports_most: int) -> PacketLink:
        """Return the packet socket. Its filter knows the ports for UDP, so these are all made before it."""
        path = self.path
        wanted = min(expected.udp_ports, ports_most)
        udp_ports = self._guards.reserve_all(PROTO_UDP, wanted) if wanted else []

        def link(program: Program) -> PacketLink:
            return PacketLink(path.interface.index, path.interface.mac, program, path.receive_index)

        return room.open(link, lambda octets: expected.filter(path.director_ip, udp_ports, octets))

    def close(self) -> None:
        """Give back sockets and ports."""
        self.closed = True
        self.link.close()
        self._guards.close()

    def note_losses(self, now: float) -> None:
        """Look whether frames of ours were lost in a full queue since the last time."""
        if self.link.dropped != self._losses:
            self._losses = self.link.dropped
            self._lost_at = now

    def note_backlog(self, now: float) -> None:
        """Look whether frames are left unread, and since when."""
        if self._behind_since is not None:
            self.lateness.note(now - self._behind_since, now)
        if not self.driver.behind:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now

    def lost_since(self, when: float) -> bool:
        """Return whether frames of ours were lost since then."""
        return self._lost_at >= when

    def steering(self, real_ip: bytes) -> Steering:
        """Return the steering of one real server, the same for all of its checks."""
        found = self._steerings.get(real_ip)
        if found is None:
            found = self._steerings[real_ip] = make_steering(self.tables, self.path, real_ip)
        return found
