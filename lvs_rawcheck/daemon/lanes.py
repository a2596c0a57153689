# SPDX-License-Identifier: GPL-2.0-or-later
"""The lanes of all checks: each opened when it is first needed, closed when its interface fails."""

from __future__ import annotations

import resource
import select
from collections.abc import Callable, Iterable

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Verdict
from lvs_rawcheck.checks.path import LocalServer, Path
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.daemon.expected import Expected
from lvs_rawcheck.daemon.kernel_lane import DESCRIPTORS_MOST
from lvs_rawcheck.daemon.lane import PORTS_MOST, Lane
from lvs_rawcheck.daemon.neighbours import Neighbours
from lvs_rawcheck.daemon.paths import Paths
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.filter_room import FilterRoom

_DESCRIPTORS_OF_OTHERS = 150  # files, clients, metrics
_LANES_EXPECTED = 2  # one of each family
_PORTS_LEAST = 16
_Key = tuple[int, bytes, int]
Poller = select.epoll


class Traffic:
    """Frames, since the daemon started. lost: of ours, by a full queue; foreign: of no check of ours."""

    __slots__ = ("foreign", "lost", "received", "sent")

    def __init__(self) -> None:
        self.sent = self.received = self.lost = self.foreign = 0

    def add(self, other: Traffic) -> None:
        """Count what another one counted."""
        self._add(other.sent, other.received, other.lost, other.foreign)

    def add_lane(self, lane: Lane) -> None:
        """Count what has passed a lane."""
        self._add(lane.link.sent, lane.link.received, lane.link.dropped, lane.driver.foreign)

    def _add(self, sent: int, received: int, lost: int, foreign: int) -> None:
        self.sent += sent
        self.received += received
        self.lost += lost
        self.foreign += foreign


class Lanes:
    """Opens lanes on demand. failed: called with a lane that is gone, and why."""

    def __init__(self, neighbours: Neighbours, poller: Poller, failed: Callable[[Lane, LinkError], None]) -> None:
        self._neighbours = neighbours
        self._poller = poller
        self._failed = failed
        self._lanes: dict[_Key, Lane] = {}
        self._by_descriptor: dict[int, Lane] = {}
        self._expected = Expected()
        self._room = FilterRoom()
        self._past = Traffic()
        self.paths = Paths()

    def expect(self, requests: Iterable[Request]) -> None:
        """Take note of all checks that there are: what their answers look like is in the lanes' filters.

        Lanes whose filter would have to let more pass are closed, to be opened anew.
        """
        self.paths.forget()
        if self._expected.add(requests):
            for lane in list(self._lanes.values()):
                self.close_lane(lane, LinkError("the registry has changed"))

    def lane_for(self, request: Request) -> Lane | LocalServer | Verdict:
        """Return the lane of a check, or why it needs none; LinkError: it cannot be had."""
        path = self.paths.way(request)
        return self._lane(path) if isinstance(path, Path) else path

    def _lane(self, path: Path) -> Lane:
        key = (path.interface.index, path.director_ip, path.receive_index)
        found = self._lanes.get(key)
        if found is not None and _looks(found.path) != _looks(path):
            self.close_lane(found, LinkError("it has another name, address or MTU"))
            found = None
        if found is None:
            ports = self._ports_of_a_lane()
            found = self._lanes[key] = Lane(path, self._neighbours, self._expected, self._room, ports)
            self._by_descriptor[found.link.fileno()] = found
            self._poller.register(found.link.fileno(), select.EPOLLIN)
        return found

    def _ports_of_a_lane(self) -> int:
        """Return how many ports of each protocol a lane may guard: descriptors are for others, too.

        Whoever has no descriptor left can write no verdict either.
        """
        spare = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - DESCRIPTORS_MOST - _DESCRIPTORS_OF_OTHERS
        shares = max(len(self._expected.protocols), 1) * max(len(self._lanes) + 1, _LANES_EXPECTED)
        return max(min(spare // shares, PORTS_MOST), _PORTS_LEAST)

    def all(self) -> list[Lane]:
        """Return those that are open."""
        return list(self._lanes.values())

    def traffic(self) -> Traffic:
        """Return what has passed all lanes that there were."""
        total = Traffic()
        total.add(self._past)
        for lane in self._lanes.values():
            total.add_lane(lane)
        return total

    def by_descriptor(self, descriptor: int) -> Lane | None:
        """Return the lane that hears by a descriptor."""
        return self._by_descriptor.get(descriptor)

    def work(self, lane: Lane) -> None:
        """Let a lane take in what has come and what is due; a lane that fails is closed."""
        try:
            lane.driver.work()
        except LinkError as error:
            self.close_lane(lane, error)
        else:
            now = clock.now()
            lane.note_losses(now)
            lane.note_backlog(now)

    def next_timer(self) -> float | None:
        """Return when a lane has something to do at the latest."""
        timers = [timer for lane in self._lanes.values() if (timer := lane.driver.next_timer()) is not None]
        return min(timers, default=None)

    def work_due(self, now: float) -> None:
        """Let the lanes do what is due."""
        for lane in self.all():
            timer = lane.driver.next_timer()
            if timer is not None and timer <= now:
                self.work(lane)

    def close_lane(self, lane: Lane, error: LinkError) -> None:
        """Close a lane; what was under way on it is told to whoever made the lanes."""
        for key, each in list(self._lanes.items()):
            if each is lane:
                del self._lanes[key]
        descriptor = lane.link.fileno()
        if self._by_descriptor.pop(descriptor, None) is not None:
            self._poller.unregister(descriptor)
        self._past.add_lane(lane)
        self.paths.forget()  # the kernel tells of it, too, but not before the next check
        lane.driver.abandon()
        lane.close()
        self._failed(lane, error)

    def close(self) -> None:
        """Close all; nothing is told."""
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()
        self._by_descriptor.clear()
        self.paths.close()


def _looks(path: Path) -> tuple[str, bytes, int]:
    """Return what of an interface's may change while it stays the same."""
    return path.interface.name, path.interface.mac, path.interface.mtu
