# SPDX-License-Identifier: GPL-2.0-or-later
"""The ordinary check: the same conversation over the kernel's TCP, to the real server's own address.

For a backup director, and for the day on which a raw check cannot judge: what the site had before.
"""

from __future__ import annotations

import _socket
import os
import select
from errno import EACCES, ECONNREFUSED, EHOSTUNREACH, EINPROGRESS, ENETUNREACH, ETIMEDOUT

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import GOODBYE_SECONDS, Reason, Verdict, timed_out
from lvs_rawcheck.checks.standard_check import NO_OPTIONS
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.address import format_address, socket_family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Conversation
    from lvs_rawcheck.checks.standard_check import SocketOptions

_REASONS = {
    ECONNREFUSED: Reason.REFUSED,
    EHOSTUNREACH: Reason.NO_NEIGHBOUR,  # also ICMP 3/1, 3/9, 3/10 and 3/13 (icmp_err_convert, net/ipv4/icmp.c)
    ENETUNREACH: Reason.NOT_ON_LINK,
    EACCES: Reason.UNREACHABLE,  # ICMPv6 1/1, administratively prohibited (tab_unreach, net/ipv6/icmp.c)
    ETIMEDOUT: Reason.NO_ANSWER,  # net.ipv4.tcp_syn_retries were used up
}
_ADDITIONS = {EHOSTUNREACH: ": no neighbour, or unreachable by ICMP"}
_RECEIVE_OCTETS = 65536


class StandardFlow:
    """One conversation with one port of the real server. Use as a context manager: it closes its socket.

    source: the address to connect from; None: the kernel chooses.
    """

    __slots__ = (
        "_conversation",
        "_half_closed",
        "_options",
        "_peer",
        "_poll",
        "_socket",
        "_source",
        "_unsent",
        "connected_at",
        "deadline",
        "phases",
    )

    def __init__(
        self,
        address: bytes,
        port: int,
        conversation: Conversation,
        deadline: float,
        source: bytes | None = None,
        options: SocketOptions = NO_OPTIONS,
    ) -> None:
        family = socket_family(address)
        try:
            self._socket = _socket.socket(family, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
        except OSError as error:
            raise LinkError(f"no socket: {error.strerror}") from error
        try:
            options.apply(self._socket)
        except LinkError:
            self._socket.close()
            raise
        self._peer = (format_address(address), port)
        self._source = source
        self._options = options
        self._conversation = conversation
        self.deadline = deadline
        """Monotonic seconds."""
        self._unsent = b""
        self._half_closed = False
        """Whether we have said that no more will be sent."""
        self._poll = select.poll()
        self.connected_at: float | None = None
        self.phases: list[float] = []
        """When each phase that the conversation names was reached, monotonic seconds."""

    def __enter__(self) -> StandardFlow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._socket.close()

    def run(self) -> Verdict:
        """Return the verdict, by the deadline."""
        try:
            return self._connect() or self._converse()
        except OSError as error:
            return self._verdict_of(error)

    def _connect(self) -> Verdict | None:
        if self._source is not None or self._options.bind_port:
            self._bind(format_address(self._source) if self._source is not None else "")
        error = self._socket.connect_ex(self._peer)
        self._poll.register(self._socket.fileno(), select.POLLOUT)
        if error == EINPROGRESS:
            if not self._wait():
                return Verdict(Reason.NO_ANSWER, f"no answer from {self._peer[0]} port {self._peer[1]}")
            error = self._socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        self.connected_at = clock.now()
        return self._conversation.connected()

    def _bind(self, source: str) -> None:
        try:
            self._socket.bind((source, self._options.bind_port))
        except OSError:
            return  # it was lost meanwhile: then the kernel chooses, as it did for the check that the site had before

    def _converse(self) -> Verdict:
        while True:
            self._unsent += self._conversation.octets_to_send()
            self._poll.modify(self._socket.fileno(), select.POLLIN | (select.POLLOUT if self._unsent else 0))
            self._close_our_half_if_due()
            if self._conversation.settled() is not None:
                self.deadline = min(self.deadline, clock.now() + GOODBYE_SECONDS)
            overdue = clock.now() >= self.deadline
            if not self._wait():
                return timed_out(self._conversation)
            verdict = self._exchange()
            self._note_phases()
            if verdict is not None:
                return verdict
            if overdue:
                return timed_out(self._conversation)  # a server that never stops talking has had its time

    def _exchange(self) -> Verdict | None:
        """Send and receive what is possible now: a peer may want to be heard before it takes more."""
        try:
            if self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        try:
            octets = self._socket.recv(_RECEIVE_OCTETS)
        except BlockingIOError:
            return None
        if octets:
            return self._conversation.data_received(octets)
        return self._conversation.peer_closed() or Verdict(Reason.CLOSED, "the peer closed early")

    def _close_our_half_if_due(self) -> None:
        if self._conversation.has_said_all and not self._unsent and not self._half_closed:
            self._socket.shutdown(_socket.SHUT_WR)
            self._half_closed = True

    def _note_phases(self) -> None:
        while len(self.phases) < len(self._conversation.phases_reached()):
            self.phases.append(clock.now())

    def _wait(self) -> bool:
        """Wait for the socket; return False at the deadline. Even then look once: what has come has come."""
        seconds = max(self.deadline - clock.now(), 0.0)
        return bool(self._poll.poll(int(seconds * 1000) + 1))

    def _verdict_of(self, error: OSError) -> Verdict:
        """Return what a failed call says of the server; LinkError where it speaks of this host."""
        peer = f"{self._peer[0]} port {self._peer[1]}"
        if self.connected_at is not None:
            return self._conversation.settled() or Verdict(Reason.CLOSED, f"{peer}: {error.strerror}")
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            raise LinkError(f"cannot connect to {peer}: {error.strerror}") from error
        return Verdict(reason, f"{peer}: {error.strerror}{_ADDITIONS.get(error.errno or 0, '')}")
