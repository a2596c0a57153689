# SPDX-License-Identifier: GPL-2.0-or-later
"""One way out for many checks: a packet socket, a pool of guarded source ports, and the driver over both.

A lane is one interface and one address of the director on it. It is opened when the first check needs it, and goes
when its interface fails; the checks that were under way on it then are nobody's fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf

from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.raw import make_steering
from lvs_rawcheck.checks.steering import Steering
from lvs_rawcheck.daemon.lateness import Lateness
from lvs_rawcheck.daemon.neighbours import Neighbours
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.packet import PacketLink

PORTS_MOST = 900
"""Of one protocol, however many descriptors there are."""


class Lane:
    """Opens its sockets; whoever makes one closes it. LinkError: they are not to be had.

    vips, real_ips: of all checks that may use it. protocols: that they speak. ports_most: of each of these.
    """

    def __init__(
        self,
        path: Path,
        neighbours: Neighbours,
        vips: Collection[bytes],
        real_ips: Iterable[bytes],
        protocols: Collection[int],
        ports_most: int = PORTS_MOST,
    ) -> None:
        self.path = path
        self.tables = neighbours
        self._steerings: dict[bytes, Steering] = {}
        self._guards = GuardPool(path.director_ip, ports_most)
        program = reply_filter(path.director_ip, vips, real_ips, (), tuple(protocols))
        try:
            self.link = PacketLink(path.interface.index, path.interface.mac, program, path.receive_index)
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
