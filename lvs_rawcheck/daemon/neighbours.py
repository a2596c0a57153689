# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's neighbour table, kept here as the kernel tells of its changes: no question for each check.

Invariant: what `entry` returns is what the kernel has told by now, since it is asked for news first. The kernel does
not tell of STALE becoming DELAY or PROBE, which makes no difference to whoever would send by an entry.
"""

from __future__ import annotations

from lvs_rawcheck.link.monitor import Changes, Monitor
from lvs_rawcheck.link.rtnetlink import Neighbour, Netlink


class Neighbours:
    """The entries of all interfaces. monitor: the caller's to close; others may read its news through `news`."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._entries: dict[tuple[int, bytes], Neighbour] = {}
        self._paths_changed = False
        self._load()

    def entry(self, interface_index: int, address: bytes) -> Neighbour | None:
        """Return the kernel's entry for an address on an interface, None if it has none."""
        self.catch_up()
        return self._entries.get((interface_index, address))

    def owner(self, mac: bytes, but: bytes) -> bytes | None:
        """Return an address that has this MAC on any interface, not the one named; None: nobody's."""
        self.catch_up()
        for (_, address), neighbour in self._entries.items():
            if neighbour.mac == mac and address != but:
                return address
        return None

    def catch_up(self) -> None:
        """Take in what the kernel has told."""
        changes = self._monitor.changes()
        if changes is not None:
            self._take(changes)

    def paths_changed(self) -> bool:
        """Return whether a link, an address or a route changed since the last time."""
        changed, self._paths_changed = self._paths_changed, False
        return changed

    def _take(self, changes: Changes) -> None:
        self._paths_changed = self._paths_changed or changes.paths or changes.lost
        if changes.lost:
            self._load()
            return
        for key, neighbour in changes.neighbours.items():
            if neighbour is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = neighbour

    def _load(self) -> None:
        with Netlink() as netlink:
            self._entries = dict(netlink.all_neighbours())
