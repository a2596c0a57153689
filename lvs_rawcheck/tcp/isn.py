# SPDX-License-Identifier: GPL-2.0-or-later
"""Initial sequence numbers: RFC 6528, a clock of 4 microseconds plus a keyed hash of the flow.

Clock-driven, because a server that closed first holds TIME_WAIT and takes a new SYN on the same four numbers
only when its sequence number is higher (RFC 9293 3.6.1): of random numbers about half are refused. So every
process of one boot must use the same key, and the key must be unknown to the network: the boot id is both.
"""

from __future__ import annotations

# hashlib brings OpenSSL along, for milliseconds; the same function is built into the interpreter.
from _blake2 import blake2s

from lvs_rawcheck.tcp.seq import Seq

TICKS_PER_SECOND = 250_000  # RFC 6528 3: one tick each 4 microseconds

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


def boot_secret() -> bytes:
    """Return the key of this boot: 36 octets that only local users can read; empty without /proc."""
    try:
        with open(_BOOT_ID, "rb") as file:
            return file.read().strip()
    except OSError:
        return b""


class FlowOffsets:
    """F of RFC 6528 3, by a secret key."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes) -> None:
        self._keyed = blake2s(key=secret[:32], digest_size=4)

    def of(self, source: bytes, destination: bytes, source_port: int, destination_port: int) -> int:
        """Return F of a flow, 0 .. 2**32 - 1; addresses as 4 or 16 octets."""
        flow = self._keyed.copy()
        flow.update(b"%b%b%d>%d" % (source, destination, source_port, destination_port))
        return int.from_bytes(flow.digest(), "big")


def initial_sequence_number(offset: int, now: float) -> Seq:
    """Return ISN = M + F; now: seconds of the monotonic clock, the same for all processes of this boot."""
    return Seq(int(now * TICKS_PER_SECOND) + offset)
