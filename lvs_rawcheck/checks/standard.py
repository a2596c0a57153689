# SPDX-License-Identifier: GPL-2.0-or-later
"""The ordinary check: the same conversation over the kernel's TCP, to the real server's own address.

For a backup director, and for the day on which a raw check cannot judge: what the site had before.
"""

from __future__ import annotations

import _socket
import os
from errno import EACCES, ECONNREFUSED, EINPROGRESS, ETIMEDOUT
from select import POLLIN, POLLOUT

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import GOODBYE_SECONDS, Reason, Verdict, timed_out
from lvs_rawcheck.checks.standard_check import NO_OPTIONS
from lvs_rawcheck.checks.standard_socket import (
    NO_NEIGHBOUR_MEANS,
    REASONS_OF_ANY,
    RECEIVE_OCTETS,
    StandardSocket,
)
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.address import format_address, socket_family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Conversation
    from lvs_rawcheck.checks.standard_check import SocketOptions

_IP_BIND_ADDRESS_NO_PORT = 24  # ip(7): the port is chosen when it connects, for the peer alone
_REASONS = {
    **REASONS_OF_ANY,
    ECONNREFUSED: Reason.REFUSED,
    EACCES: Reason.UNREACHABLE,  # ICMPv6 1/1, administratively prohibited (tab_unreach, net/ipv6/icmp.c)
    ETIMEDOUT: Reason.NO_ANSWER,  # net.ipv4.tcp_syn_retries were used up
}


class StandardFlow(StandardSocket):
    """One conversation with one port of the real server. It begins when the kernel has connected."""

    __slots__ = ("_conversation", "_half_closed", "_unsent")

    def __init__(
        self,
        address: bytes,
        port: int,
        conversation: Conversation,
        source: bytes | None = None,
        options: SocketOptions = NO_OPTIONS,
    ) -> None:
        """Open the socket; LinkError: it is not to be had."""
        family = socket_family(address)
        try:
            opened = _socket.socket(family, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
        except OSError as error:
            raise LinkError(f"no socket: {error.strerror}") from error
        super().__init__(opened, (format_address(address), port), source, options)
        self._conversation = conversation
        self._unsent = b""
        self._half_closed = False
        """Whether we have said that no more will be sent."""

    def _bind(self) -> None:
        if self._source is not None and not self._options.bind_port:
            # Else it would take a port that nobody has, and those that rest in TIME_WAIT may be all that there are.
            self._socket.setsockopt(_socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        super()._bind()

    def _begin(self, now: float) -> Verdict | None:
        error = self._socket.connect_ex(self._peer)
        if error == EINPROGRESS:
            self.wanted = POLLOUT
            return None
        return self._take_connection(error, now)

    def _go_on(self, now: float) -> Verdict | None:
        if self.began_at is None:
            return self._take_connection(self._socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR), now)
        verdict = self._exchange()
        self._note_phases()
        if verdict is None:
            self._prepare(now)
        return verdict

    def _look_at_clock(self, now: float) -> Verdict | None:
        if now < self.deadline:
            return None
        if self.began_at is None:
            return Verdict(Reason.NO_ANSWER, f"no answer from {self._peer_name()}")
        return timed_out(self._conversation)  # a server that never stops talking has had its time

    def _take_connection(self, error: int, now: float) -> Verdict | None:
        """Take note of how connecting has ended: 0 or an error number."""
        if error:
            raise OSError(error, os.strerror(error))
        self.began_at = now
        verdict = self._conversation.connected()
        if verdict is None:
            self._prepare(now)
        return verdict

    def _prepare(self, now: float) -> None:
        """Get ready to send what is to be sent next."""
        self._unsent += self._conversation.octets_to_send()
        self.wanted = POLLIN | (POLLOUT if self._unsent else 0)
        self._close_our_half_if_due()
        if self._conversation.settled() is not None:
            self.deadline = min(self.deadline, now + GOODBYE_SECONDS)

    def _exchange(self) -> Verdict | None:
        """Send and receive what is possible now: a peer may want to be heard before it takes more."""
        try:
            if self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        try:
            octets = self._socket.recv(RECEIVE_OCTETS)
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
            self.phases.append(clock.now())  # and not when it was ready: a handshake takes its time

    def _verdict_of(self, error: OSError) -> Verdict:
        if self.began_at is not None:
            return self._conversation.settled() or Verdict(Reason.CLOSED, f"{self._peer_name()}: {error.strerror}")
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            raise LinkError(f"cannot connect to {self._peer_name()}: {error.strerror}") from error
        meaning = f": {NO_NEIGHBOUR_MEANS}" if reason == Reason.NO_NEIGHBOUR else ""
        return Verdict(reason, f"{self._peer_name()}: {error.strerror}{meaning}")

    def _peer_name(self) -> str:
        return f"{self._peer[0]} port {self._peer[1]}"
