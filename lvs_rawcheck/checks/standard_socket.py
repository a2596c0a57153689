# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said over one of the kernel's sockets, by somebody who never waits.

Whoever drives one asks `wanted` and `next_timer`, waits for either, and calls `ready` or `handle_timer`: with one
socket that is `wait_for`, with many an epoll of theirs. What is ready comes before a timer that is due: what has come
has come, even where whoever looks for it is late.
"""

from __future__ import annotations

import select
from errno import EHOSTUNREACH, ENETUNREACH

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.address import format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket

    from lvs_rawcheck.checks.base import Verdict
    from lvs_rawcheck.checks.standard_check import SocketOptions

RECEIVE_OCTETS = 65536
REASONS_OF_ANY = {
    EHOSTUNREACH: Reason.NO_NEIGHBOUR,  # also ICMP 3/1, 3/9, 3/10 and 3/13 (icmp_err_convert, net/ipv4/icmp.c)
    ENETUNREACH: Reason.NOT_ON_LINK,
}
NO_NEIGHBOUR_MEANS = "no neighbour, or unreachable by ICMP"


class StandardSocket:
    """One conversation, or one exchange, with one port of the real server. Whoever makes one closes it.

    opened: a non-blocking socket. peer: an address as text, and a port. source: the address to speak from; None: the
    kernel chooses. LinkError: what went wrong speaks of this host, not of the server.
    """

    __slots__ = ("_options", "_peer", "_socket", "_source", "began_at", "deadline", "phases", "wanted")

    def __init__(
        self, opened: _socket.socket, peer: tuple[str, int], source: bytes | None, options: SocketOptions
    ) -> None:
        try:
            options.apply(opened)
        except LinkError:
            opened.close()
            raise
        self._socket = opened
        self._peer = peer
        self._source = source
        self._options = options
        self.wanted = 0
        """What the socket is waited for to be: POLLIN, POLLOUT or both, which are EPOLLIN and EPOLLOUT too."""
        self.deadline = 0.0
        """Monotonic seconds."""
        self.began_at: float | None = None
        """When something could be said, monotonic seconds; None: never yet."""
        self.phases: list[float] = []
        """When each phase that is named was reached, monotonic seconds."""

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._socket.close()

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._socket.fileno()

    def begin(self, deadline: float, now: float) -> Verdict | None:
        """Say the first word, or have the kernel connect. Like the next two: a verdict ends it, None goes on."""
        self.deadline = deadline
        try:
            self._bind()
            return self._begin(now)
        except OSError as error:
            return self._verdict_of(error)

    def ready(self, now: float) -> Verdict | None:
        """Do what the socket is ready for; and what is due, however much there still is to be done."""
        try:
            return self._go_on(now) or self._look_at_clock(now)
        except OSError as error:
            return self._verdict_of(error)

    def handle_timer(self, now: float) -> Verdict | None:
        """Do what is due: at the deadline there is a verdict."""
        try:
            return self._look_at_clock(now)
        except OSError as error:
            return self._verdict_of(error)

    def next_timer(self) -> float:
        """Return when `handle_timer` wants to be called, monotonic seconds."""
        return self.deadline

    # For the two kinds of them --------------------------------------------------------------------------

    def _begin(self, now: float) -> Verdict | None:
        raise NotImplementedError

    def _go_on(self, now: float) -> Verdict | None:
        raise NotImplementedError

    def _look_at_clock(self, now: float) -> Verdict | None:
        raise NotImplementedError

    def _verdict_of(self, error: OSError) -> Verdict:
        """Return what a failed call says of the server; LinkError where it speaks of this host."""
        raise NotImplementedError

    def _bind(self) -> None:
        source, port = self._source, self._options.bind_port
        if source is None and not port:
            return
        try:
            self._socket.bind((format_address(source) if source is not None else "", port))
        except OSError:
            return  # it was lost meanwhile: then the kernel chooses, as it did for the check that the site had before


def wait_for(waiting: StandardSocket) -> bool:
    """Wait until a socket is ready, or its timer is due; return whether it is ready. Even when late, look once."""
    poll = select.poll()
    poll.register(waiting.fileno(), waiting.wanted)
    seconds = max(waiting.next_timer() - clock.now(), 0.0)
    return bool(poll.poll(int(seconds * 1000) + 1))
