# SPDX-License-Identifier: GPL-2.0-or-later
"""What changes in this host's network, as the kernel tells it: links, addresses, routes, neighbours.

Reading list: rtnetlink(7); include/uapi/linux/rtnetlink.h (RTMGRP_*). Invariants: nothing here blocks; what was lost
is said (`lost`), and then everything may have changed.
"""

from __future__ import annotations

import _socket
from errno import ENOBUFS

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.netlink import NETLINK_ROUTE, RECEIVE_OCTETS, parse_messages
from lvs_rawcheck.link.rtnetlink import Neighbour, parse_neighbour

_LINK, _NEIGHBOUR = 0x1, 0x4
_IPV4_ADDRESS, _IPV4_ROUTE = 0x10, 0x40
_IPV6_ADDRESS, _IPV6_ROUTE = 0x100, 0x400
_NEW_NEIGHBOUR, _DELETED_NEIGHBOUR = 28, 29
_SO_RCVBUFFORCE = 33
_BUFFER_OCTETS = 1 << 20


class Changes:
    """What came since the last time. neighbours: by interface index and address, None for an entry that is gone."""

    __slots__ = ("lost", "neighbours", "paths")

    def __init__(self) -> None:
        self.neighbours: dict[tuple[int, bytes], Neighbour | None] = {}
        self.paths = False
        """Whether a link, an address or a route changed."""
        self.lost = False
        """Whether the kernel told more than we took in: anything may have changed."""


class Monitor:
    """Hears of changes. Whoever makes it closes it."""

    def __init__(self) -> None:
        kind = _socket.SOCK_RAW | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC
        try:
            self._socket = _socket.socket(_socket.AF_NETLINK, kind, NETLINK_ROUTE)
        except OSError as refused:
            raise LinkError(f"no netlink socket: {refused.strerror}") from refused
        try:
            self._socket.setsockopt(_socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_OCTETS)
        except PermissionError:
            self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF, _BUFFER_OCTETS)
        groups = _LINK | _NEIGHBOUR | _IPV4_ADDRESS | _IPV4_ROUTE | _IPV6_ADDRESS | _IPV6_ROUTE
        self._socket.bind((0, groups))

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when something changed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._socket.close()

    def changes(self) -> Changes | None:
        """Return what changed since the last time, None for nothing."""
        found: Changes | None = None
        while True:
            try:
                octets, sender = self._socket.recvfrom(RECEIVE_OCTETS)
            except BlockingIOError:
                return found
            except OSError as refused:
                if refused.errno != ENOBUFS:
                    raise LinkError(f"netlink: {refused.strerror}") from refused
                found = found or Changes()
                found.lost = True
                continue
            if sender[0] == 0:  # the kernel's own word
                found = found or Changes()
                _take(found, octets)


def _take(found: Changes, octets: bytes) -> None:
    for message in parse_messages(octets):
        if message.kind in (_NEW_NEIGHBOUR, _DELETED_NEIGHBOUR):
            index, neighbour = parse_neighbour(message.body)
            gone = message.kind == _DELETED_NEIGHBOUR
            found.neighbours[(index, neighbour.address)] = None if gone else neighbour
        else:
            found.paths = True
