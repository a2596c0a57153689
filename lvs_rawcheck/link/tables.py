# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's tables by which checks steer and judge, whoever holds them: asked for each time, or kept up to date.

Only type checkers read this module, so it may import `typing`, which a passing check must not load.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from lvs_rawcheck.link.rtnetlink import Interface, Neighbour


class KernelTables(Protocol):
    """Neighbours and interfaces of this host."""

    def neighbour(self, interface_index: int, address: bytes) -> Neighbour | None:
        """Return the kernel's entry for an address on an interface, None if it has none."""

    def addresses_of(self, mac: bytes) -> Iterable[bytes]:
        """Return the addresses that have this MAC on any interface, to be looked at now."""

    def known(self, addresses: Iterable[bytes]) -> set[bytes]:
        """Return which of these addresses the kernel has a usable entry for on any interface."""

    def interfaces(self) -> Iterable[Interface]:
        """Return all interfaces."""
