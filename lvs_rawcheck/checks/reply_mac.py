# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose answers count, besides those from the MAC that the frames went to.

A server that lost the VIP but forwards hands a standby director's frame on to the active one, which gives it
to a healthy server: that answers, as the VIP, from its own MAC. Only the MAC shows it.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.request import MAC_ANY, MAC_KNOWN
from lvs_rawcheck.wire.address import format_address, format_mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class ReplyMac:
    """The rule for other MACs: none counts, one given, all but known ones, or any.

    owner: the address that the kernel knows to belong to a MAC, None if none; never the real server's. settled:
    whether what the kernel does not know may be taken for unknown already.
    """

    __slots__ = ("_owner", "_rule", "_settled")

    def __init__(
        self, rule: str | bytes, owner: Callable[[bytes], bytes | None], settled: Callable[[], bool] = lambda: True
    ) -> None:
        self._rule = rule
        self._owner = owner
        self._settled = settled

    def allows(self, mac: bytes) -> bool:
        """Return whether an answer from this MAC, not the one asked, counts."""
        if self._rule == MAC_ANY:
            return True
        if self._rule == MAC_KNOWN:
            return self._settled() and self._owner(mac) is None
        return mac == self._rule

    def verdict(self, mac: bytes) -> Verdict:
        """Return the verdict about a server in whose place this MAC answered."""
        owner = self._owner(mac)
        whose = f", which belongs to {format_address(owner)}" if owner is not None else ""
        return Verdict(Reason.WRONG_MAC, f"the VIP answered from {format_mac(mac)}{whose}, not from the real server")
