# SPDX-License-Identifier: GPL-2.0-or-later
"""One way out for many checks: a packet socket, a pool of guarded source ports, and the driver over both.

A lane is one interface and one address of the director on it. It is opened when the first check needs it, and goes
when its interface fails; the checks that were under way on it then are nobody's fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lvs_rawcheck import clock
from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.raw import OWNERS_REMEMBERED
from lvs_rawcheck.checks.steering import BELIEVED_SECONDS, Steering
from lvs_rawcheck.daemon.lateness import Lateness
from lvs_rawcheck.daemon.neighbours import Neighbours
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.nudge import nudge
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.neighbor.resolver import Resolver

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
        self._neighbours = neighbours
        self._steerings: dict[bytes, Steering] = {}
        self._owners: dict[bytes, tuple[bytes | None, float]] = {}
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
            found = self._steerings[real_ip] = self._new_steering(real_ip)
        return found

    def _new_steering(self, real_ip: bytes) -> Steering:
        interface, director_ip, neighbours = self.path.interface, self.path.director_ip, self._neighbours
        return Steering(
            lambda: neighbours.entry(interface.index, real_ip),
            lambda: nudge(real_ip, interface.name, director_ip),
            lambda: Resolver(real_ip, director_ip, interface.mac),
            self.path.hears_neighbours,
        )

    def owner_of(self, mac: bytes, real_ip: bytes) -> bytes | None:
        """Return which other address a MAC belongs to, as far as this host knows: its own, or a neighbour's.

        An answer is believed for a moment: so a storm of strangers' frames does not search the table for each.
        """
        now = clock.now()
        known = self._owners.get(mac + real_ip)
        if known is not None and now - known[1] < BELIEVED_SECONDS:
            return known[0]
        if len(self._owners) >= OWNERS_REMEMBERED:
            self._owners.clear()
        own = self.path.director_ip if mac == self.path.interface.mac else None
        owner = own or self._neighbours.owner(mac, real_ip)
        self._owners[mac + real_ip] = (owner, now)
        return owner
