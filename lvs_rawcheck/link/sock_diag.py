# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether this host has a listener: for a director that is one of its own real servers.

Its frames to the VIP never reach a wire, and a connection to the VIP would be scheduled to another server.
So the kernel is asked whether it would hand a SYN to a listening socket.
Reading list: sock_diag(7); include/uapi/linux/inet_diag.h; inet_diag_find_one_icsk() in
net/ipv4/inet_hashtables.c.
"""

from __future__ import annotations

import _socket
from errno import ENOENT
from struct import Struct

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.netlink import NETLINK_SOCK_DIAG, KernelError, NetlinkSocket
from lvs_rawcheck.wire.address import socket_family

_SOCK_DIAG_BY_FAMILY = 20
_TCP_LISTEN = 10  # include/net/tcp_states.h
_NO_STATE = 0  # a dump that matches no socket
_NO_COOKIE = 0xFFFFFFFF  # INET_DIAG_NOCOOKIE: any socket
# struct inet_diag_req_v2: family, protocol, extensions, states, then the socket's id: ports, addresses,
# interface, cookie
_REQUEST = Struct("=BBBxI2s2s16s16sIII")
_ANSWER = Struct("=BB")  # the beginning of struct inet_diag_msg: family, state


def listener(address: bytes, port: int) -> bool:
    """Return whether the kernel would hand a SYN for address:port to a listening socket of this host.

    address: 4 or 16 octets. A listener on any address counts, an IPv6 one also for IPv4 unless it is
    IPV6_V6ONLY; one that is bound to an interface (SO_BINDTODEVICE) does not.
    """
    netlink = NetlinkSocket(NETLINK_SOCK_DIAG)
    try:
        answer = netlink.request(_SOCK_DIAG_BY_FAMILY, _request(address, port, 1 << _TCP_LISTEN))
    except KernelError as refused:
        if refused.errno != ENOENT:
            raise
        # The same error says "no such socket" and "no module tcp_diag"; a dump tells them apart.
        _demand_tcp_diag(netlink, address)
        return False
    finally:
        netlink.close()
    if len(answer.body) < _ANSWER.size:
        raise LinkError(f"sock_diag answer of {len(answer.body)} octets")
    return int(_ANSWER.unpack_from(answer.body)[1]) == _TCP_LISTEN


def _demand_tcp_diag(netlink: NetlinkSocket, address: bytes) -> None:
    try:
        netlink.dump(_SOCK_DIAG_BY_FAMILY, _request(address, 0, _NO_STATE))
    except KernelError as refused:
        raise LinkError("the kernel cannot be asked for listening sockets (module tcp_diag)") from refused


def _request(address: bytes, port: int, states: int) -> bytes:
    family = socket_family(address)
    # The kernel looks up a segment from "destination" (the peer) to "source" (this host). Port 0 is no
    # peer's, so that an established connection never stands in for the listener.
    peer, peer_port = address, b"\0\0"
    own_port = port.to_bytes(2, "big")
    identity = (own_port, peer_port, address, peer, 0, _NO_COOKIE, _NO_COOKIE)
    return _REQUEST.pack(family, _socket.IPPROTO_TCP, 0, states, *identity)
