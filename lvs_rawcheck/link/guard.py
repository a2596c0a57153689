# SPDX-License-Identifier: GPL-2.0-or-later
"""Guard sockets: each owns a source port of our checks and answers nothing.

A check's segments come from a packet socket, so the kernel knows no connection that the answers belong to.
On a director that does not hold the VIP it would answer each of them with a RST (RFC 9293 3.10.7.1). A
listening socket on the same address and port takes them instead, and its filter drops them all. It also
keeps the port from every other program of this host.
"""

from __future__ import annotations

import _socket

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import DROP_ALL, attach
from lvs_rawcheck.wire.address import format_address, format_endpoint, socket_family


class Guard:
    """One port of one local address, kept. Whoever makes it closes it.

    address: 4 or 16 octets. port: 0 lets the kernel choose a free one; the attribute says which.
    """

    __slots__ = ("_socket", "port")

    def __init__(self, address: bytes, port: int = 0) -> None:
        family = socket_family(address)
        try:
            self._socket = _socket.socket(family, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        except OSError as refused:
            raise LinkError(f"no guard socket: {refused.strerror}") from refused
        try:
            self._socket.bind((format_address(address), port))
            attach(self._socket, DROP_ALL)
            self._socket.listen(1)
        except OSError as refused:
            self._socket.close()
            wanted = format_endpoint(address, port) if port else format_address(address)
            raise LinkError(f"cannot guard source {wanted}: {refused.strerror}") from refused
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back; twice is harmless."""
        self._socket.close()


class GuardPool:
    """At most `limit` guards of one address, each made when first needed. Whoever makes the pool closes it.

    A port comes round as late as possible, since a server may still speak of its last connection there: new
    guards are made up to the limit, then the one that has been free for longest is next.
    """

    def __init__(self, address: bytes, limit: int) -> None:
        self._address = address
        self._limit = limit
        self._free: list[Guard] = []
        self._guards: list[Guard] = []

    def take(self) -> Guard | None:
        """Return a guard for one flow, None if all `limit` are taken."""
        if len(self._guards) == self._limit:
            return self._free.pop(0) if self._free else None
        guard = Guard(self._address)
        self._guards.append(guard)
        return guard

    def give(self, guard: Guard) -> None:
        """Take back a guard whose flow has ended."""
        self._free.append(guard)

    def close(self) -> None:
        """Close all guards, those still taken included."""
        for guard in self._guards:
            guard.close()
        self._free.clear()
        self._guards.clear()
