# SPDX-License-Identifier: GPL-2.0-or-later
"""When to send again: RFC 6298, shortened to the time scale of a health check on one Ethernet segment."""

from __future__ import annotations

SYN_INTERVAL = 0.2
"""Seconds between SYNs, fixed. RFC 6298 5.5 doubles; at 20 % loss each way within 5 s doubling loses about
one healthy server in 150, the fixed pace none, and there is no path between to congest."""

INITIAL_RTO = 0.2  # seconds, used until a round trip was measured (RFC 6298 2.1 says 1 s)
MIN_RTO = 0.2  # seconds (2.4 says 1 s)
MAX_RTO = 1.0  # seconds (2.5 allows a cap, of 60 s at least): a check's whole deadline is a few seconds
_DOUBLED_MOST = 64  # any of them makes MIN_RTO longer than MAX_RTO
TIME_WAIT_SECONDS = 2.0  # RFC 9293 3.4.2, 2 MSL, with an MSL of one segment's lifetime on one Ethernet


def retransmit_timeout(srtt: float, rttvar: float) -> float:
    """Return the retransmission timeout in seconds, MIN_RTO .. MAX_RTO.

    srtt, rttvar: smoothed round-trip time and its variation, seconds. RFC 6298 2.3, K = 4.
    """
    return min(max(srtt + 4 * rttvar, MIN_RTO), MAX_RTO)


class RoundTrip:
    """The estimate of one connection's round-trip time, and the timeout that follows from it."""

    __slots__ = ("_doubled", "rttvar", "srtt")

    def __init__(self) -> None:
        self.srtt = 0.0
        """Smoothed round-trip time in seconds; 0.0 until one was measured."""
        self.rttvar = 0.0
        """Its variation, seconds."""
        self._doubled = 1
        """How many times as long to wait as the estimate says."""

    @property
    def rto(self) -> float:
        """Return what to wait for an acknowledgement, seconds."""
        estimate = retransmit_timeout(self.srtt, self.rttvar) if self.srtt else INITIAL_RTO
        return min(estimate * self._doubled, MAX_RTO)

    def measure(self, rtt: float) -> None:
        """Take in one round trip, in seconds, of a segment sent only once (Karn: RFC 6298 3)."""
        if self.srtt == 0.0:
            self.srtt = rtt
            self.rttvar = rtt / 2
        else:
            self.rttvar = 0.75 * self.rttvar + 0.25 * abs(self.srtt - rtt)
            self.srtt = 0.875 * self.srtt + 0.125 * rtt
        self._doubled = 1

    def back_off(self) -> None:
        """Wait twice as long for the next acknowledgement, at most MAX_RTO (RFC 6298 5.5)."""
        self._doubled = min(self._doubled * 2, _DOUBLED_MOST)
