# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's neighbour table, kept here as the kernel tells of its changes: no question for each check.

Invariant: what `neighbour` returns is what the kernel has told by now, since it is asked for news first. The kernel
does not tell of STALE becoming DELAY or PROBE, which makes no difference to whoever would send by an entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lvs_rawcheck.link.monitor import Changes, Monitor
from lvs_rawcheck.link.rtnetlink import Interface, Neighbour, Netlink

_Key = tuple[int, bytes]


class Neighbours:
    """The entries of all interfaces, as `link.tables` has them. monitor: the caller's to close.

    They are thousands, and each check may ask about them: no question looks through all.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._entries: dict[_Key, Neighbour] = {}
        """By interface index and address."""
        self._of_mac: dict[bytes, dict[_Key, None]] = {}
        self._of_address: dict[bytes, dict[_Key, None]] = {}
        self._interfaces: list[Interface] | None = None
        """None: not asked for since a link, an address or a route changed."""
        self._paths_changed = False
        self._load()

    def neighbour(self, interface_index: int, address: bytes) -> Neighbour | None:
        """Return the kernel's entry for an address on an interface, None if it has none."""
        self.catch_up()
        return self._entries.get((interface_index, address))

    def addresses_of(self, mac: bytes) -> Iterator[bytes]:
        """Return the addresses that have this MAC on any interface, to be looked at now."""
        self.catch_up()
        return (address for _, address in self._of_mac.get(mac, ()))

    def known(self, addresses: Iterable[bytes]) -> set[bytes]:
        """Return which of these addresses the kernel has a usable entry for on any interface."""
        self.catch_up()
        entries = self._entries
        return {each for each in addresses if any(entries[key].usable for key in self._of_address.get(each, ()))}

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
                self._remove(key)
            else:
                self._put(key, neighbour)

    def _load(self) -> None:
        with Netlink() as netlink:
            found = netlink.all_neighbours()
        self._entries.clear()
        self._of_mac.clear()
        self._of_address.clear()
        for key, neighbour in found:
            self._put(key, neighbour)

    def _put(self, key: _Key, neighbour: Neighbour) -> None:
        self._remove(key)
        self._entries[key] = neighbour
        self._of_address.setdefault(neighbour.address, {})[key] = None
        if neighbour.mac is not None:
            self._of_mac.setdefault(neighbour.mac, {})[key] = None

    def _remove(self, key: _Key) -> None:
        neighbour = self._entries.pop(key, None)
        if neighbour is not None:
            _take_out(self._of_address, neighbour.address, key)
            if neighbour.mac is not None:
                _take_out(self._of_mac, neighbour.mac, key)


def _take_out(index: dict[bytes, dict[_Key, None]], name: bytes, key: _Key) -> None:
    keys = index[name]
    del keys[key]
    if not keys:
        del index[name]
