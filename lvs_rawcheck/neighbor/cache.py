# SPDX-License-Identifier: GPL-2.0-or-later
"""Who had which address a moment ago, and whether it may be asked again.

Reading list: RFC 1122 2.3.2.1 (entries must expire; requests for one destination must not flood, and one a
second is the recommended limit).

Time comes in as `now`, monotonic seconds. Addresses are those that a configuration names, so the cache is
as large as that at most.
"""

from __future__ import annotations


class NeighbourCache:
    """Address to MAC with an expiry, and a limit to the rate of requests for one address.

    expiry: seconds for which an answer is believed, > 0. min_interval: seconds from one request for an
    address to the next, >= 0.
    """

    __slots__ = ("_answers", "_expiry", "_min_interval", "_requests")

    def __init__(self, expiry: float, min_interval: float) -> None:
        self._expiry = expiry
        self._min_interval = min_interval
        self._answers: dict[bytes, tuple[bytes, float]] = {}
        self._requests: dict[bytes, float] = {}

    def remember(self, address: bytes, mac: bytes, now: float) -> None:
        """Believe from now on, for `expiry` seconds, that `mac` has `address`."""
        self._answers[address] = (mac, now + self._expiry)

    def lookup(self, address: bytes, now: float) -> bytes | None:
        """Return the MAC that has `address`, or None when that is not known, or no longer believed."""
        answer = self._answers.get(address)
        if answer is None:
            return None
        mac, expires = answer
        if now >= expires:
            del self._answers[address]
            return None
        return mac

    def forget(self, address: bytes) -> None:
        """Believe nothing about `address`, for example since its MAC did not answer."""
        self._answers.pop(address, None)

    def may_ask(self, address: bytes, now: float) -> bool:
        """Return whether the last request for `address` is at least `min_interval` ago."""
        asked = self._requests.get(address)
        return asked is None or now - asked >= self._min_interval

    def note_request(self, address: bytes, now: float) -> None:
        """Count a request that is sent now."""
        self._requests[address] = now
