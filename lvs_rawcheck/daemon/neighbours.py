# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's neighbour table, kept here as the kernel tells of its changes: no question for each check.

Invariant: what `neighbour` returns is what the kernel has told by now, since it is asked for news first. The kernel
does not tell of STALE becoming DELAY or PROBE, which makes no difference to whoever would send by an entry.
"""

from __future__ import annotations

from lvs_rawcheck.link.monitor import Changes, Monitor
from lvs_rawcheck.link.rtnetlink import Interface, Neighbour, Netlink


class Neighbours:
    """The entries of all interfaces, as `link.tables` has them. monitor: the caller's to close."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._entries: dict[tuple[int, bytes], Neighbour] = {}
        self._interfaces: list[Interface] | None = None
        """None: not asked for since a link, an address or a route changed."""
        self._paths_changed = False
        self._load()

    def neighbour(self, interface_index: int, address: bytes) -> Neighbour | None:
        """Return the kernel's entry for an address on an interface, None if it has none."""
        self.catch_up()
        return self._entries.get((interface_index, address))

    def neighbours(self) -> list[Neighbour]:
        """Return all entries of all interfaces, both families."""
        self.catch_up()
        return list(self._entries.values())

    def interfaces(self) -> list[Interface]:
        """Return all interfaces; the kernel is asked again where it has told of a change.

        Where servers answer from another MAC than their own, each of their checks asks.
        """
        self.catch_up()
        if self._interfaces is None:
            with Netlink() as netlink:
                self._interfaces = netlink.interfaces()
        return self._interfaces

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
        if changes.paths or changes.lost:
            self._paths_changed = True
            self._interfaces = None
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
