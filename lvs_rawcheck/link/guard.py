# SPDX-License-Identifier: GPL-2.0-or-later
"""Guard sockets: each owns a source port of our checks and answers nothing.

A check's segments come from a packet socket, so the kernel knows no connection that the answers belong to.
On a director that does not hold the VIP it would answer each of them with a RST (RFC 9293 3.10.7.1). A
listening socket on the same address and port takes them instead, and its filter drops them all. It also
keeps the port from every other program of this host.

Newer kernels leave filters of TCP sockets to CAP_NET_ADMIN (met in 6.18.44), which the daemon has not. There the socket
demands the highest TTL of all (IP_MINTTL, ip(7); tcp_v4_rcv() looks at it before it answers anything), and so drops
what comes from any server but one whose TCP begins at 255, which no usual system's does.
"""

from __future__ import annotations

import _socket
from errno import EPERM

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import DROP_ALL, attach
from lvs_rawcheck.wire.address import format_address, format_endpoint, socket_family
from lvs_rawcheck.wire.ip import PROTO_TCP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class AnyGuard(Protocol):
        """What every guard has: the protocol and the number that it keeps, and an end."""

        port: int

        @property
        def protocol(self) -> int:
            """The IP protocol."""

        def close(self) -> None:
            """Give the number back; twice is harmless."""


_HOPS_MOST = 255  # RFC 791 3.1, RFC 8200 3
_HOPS_LEAST = {
    _socket.AF_INET: (_socket.IPPROTO_IP, 21),  # IP_MINTTL, linux/in.h
    _socket.AF_INET6: (_socket.IPPROTO_IPV6, 73),  # IPV6_MINHOPCOUNT, linux/in6.h
}


class Guard:
    """One port of one local address, kept. Whoever makes it closes it.

    address: 4 or 16 octets. port: 0 lets the kernel choose a free one; the attribute says which.
    """

    __slots__ = ("_socket", "port")

    protocol = PROTO_TCP
    """The IP protocol that the port belongs to."""
    _socket_type = _socket.SOCK_STREAM

    def __init__(self, address: bytes, port: int = 0) -> None:
        family = socket_family(address)
        try:
            self._socket = _socket.socket(family, self._socket_type | _socket.SOCK_CLOEXEC, self.protocol)
        except OSError as refused:
            raise LinkError(f"no guard socket: {refused.strerror}") from refused
        try:
            self._hear_nothing(family)
            self._socket.bind((format_address(address), port))
            self._take_all()
        except OSError as refused:
            self._socket.close()
            wanted = format_endpoint(address, port) if port else format_address(address)
            raise LinkError(f"cannot guard source {wanted}: {refused.strerror}") from refused
        self.port: int = self._socket.getsockname()[1]

    def _hear_nothing(self, family: int) -> None:
        """Let the socket drop what it takes."""
        try:
            attach(self._socket, DROP_ALL)
        except LinkError as refused:
            not_allowed = isinstance(refused.__cause__, OSError) and refused.__cause__.errno == EPERM
            if self.protocol != PROTO_TCP or not not_allowed:
                raise
            self._socket.setsockopt(*_HOPS_LEAST[family], _HOPS_MOST)

    def _take_all(self) -> None:
        """Let the socket take what is for its port."""
        self._socket.listen(1)

    def close(self) -> None:
        """Give the port back; twice is harmless."""
        self._socket.close()


class GuardPool:
    """At most `limit` guards of one address for each protocol, each made when first needed.

    Whoever makes the pool closes it. A port comes round as late as possible, since a server may still speak of its
    last connection there: new guards are made up to the limit, then the one that was given back first is next. A port
    may serve several users at a time, a number each, but none twice: flows to different places are told apart by those.
    """

    def __init__(self, address: bytes, limit: int) -> None:
        self._address = address
        self._limit = limit
        self._limits: dict[int, int] = {}
        """Of protocols that have one of their own."""
        self._guards: dict[int, dict[AnyGuard, set[int]]] = {}
        """By protocol, the one that was given back first in front; each with its users of now."""

    def reserve(self, protocols: Iterable[int]) -> list[int]:
        """Make a guard for each of these now, beyond the limit, too; return their ports."""
        return [self._make(protocol).port for protocol in protocols]

    def reserve_all(self, protocol: int, count: int) -> list[int]:
        """Make up to so many guards of a protocol now, and none later; return their ports, which a filter may know.

        They are fewer where there are no more descriptors or ports; LinkError: there is none at all.
        """
        guards = self._guards.setdefault(protocol, {})
        while len(guards) < count:
            try:
                self._make(protocol)
            except LinkError:
                if not guards:
                    raise
                break
        self._limits[protocol] = len(guards)
        return [guard.port for guard in guards]

    def take(self, protocol: int = PROTO_TCP, user: int = 0) -> AnyGuard | None:
        """Return a guard for one flow, None if none of the protocol is free for this user."""
        guards = self._guards.get(protocol)
        if guards is None:
            guards = self._guards[protocol] = {}
        if len(guards) < self._limits.get(protocol, self._limit):
            try:
                guard = self._make(protocol)
            except LinkError:
                if not guards:
                    raise
                self._limits[protocol] = len(guards)  # no more descriptors, or ports: those that there are must do
            else:
                guards[guard].add(user)
                return guard
        for guard, users in guards.items():
            if user not in users:
                users.add(user)
                guards[guard] = guards.pop(guard)  # so that those in front are free for most users
                return guard
        return None

    def give(self, guard: AnyGuard, user: int = 0) -> None:
        """Take back a guard whose flow has ended."""
        guards = self._guards[guard.protocol]
        users = guards.pop(guard)
        users.discard(user)
        guards[guard] = users

    def close(self) -> None:
        """Close all guards, those still taken included."""
        for guards in self._guards.values():
            for guard in guards:
                guard.close()
        self._guards.clear()

    def _make(self, protocol: int) -> AnyGuard:
        guards = self._guards.setdefault(protocol, {})
        if protocol == PROTO_TCP:
            guard: AnyGuard = Guard(self._address)
        else:
            from lvs_rawcheck.link.datagram_guard import datagram_guard  # a check over TCP does not load it

            guard = datagram_guard(protocol, self._address, {guard.port for guard in guards})
        guards[guard] = set()
        return guard
