# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether this host has a listener: for a director that is one of its own real servers.

Its frames to the VIP never reach a wire, and a connection to the VIP would be scheduled to another server.
So the kernel is asked whether it would hand a SYN to a listening socket, or a datagram to a UDP one.
Reading list: sock_diag(7); include/uapi/linux/inet_diag.h; inet_diag_find_one_icsk() in
net/ipv4/inet_hashtables.c; udp_dump_one() in net/ipv4/udp_diag.c.
"""

from __future__ import annotations

from errno import ENOENT
from struct import Struct

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.netlink import NETLINK_SOCK_DIAG, KernelError, NetlinkSocket
from lvs_rawcheck.wire.address import socket_family
from lvs_rawcheck.wire.ip import PROTO_TCP, PROTO_UDP

_SOCK_DIAG_BY_FAMILY = 20
_TCP_LISTEN = 10  # include/net/tcp_states.h
_TCP_CLOSE = 7  # the state of a UDP socket that is not connected
_LISTENING = {PROTO_TCP: _TCP_LISTEN, PROTO_UDP: _TCP_CLOSE}
_MODULES = {PROTO_TCP: "tcp_diag", PROTO_UDP: "udp_diag"}
_NO_STATE = 0  # a dump that matches no socket
_NO_COOKIE = 0xFFFFFFFF  # INET_DIAG_NOCOOKIE: any socket
# struct inet_diag_req_v2: family, protocol, extensions, states, then the socket's id: ports, addresses,
# interface, cookie
_REQUEST = Struct("=BBBxI2s2s16s16sIII")
_ANSWER = Struct("=BB")  # the beginning of struct inet_diag_msg: family, state


def listener(address: bytes, port: int, protocol: int = PROTO_TCP) -> bool:
    """Return whether the kernel would hand a SYN, or a UDP datagram, for address:port to a socket of this host.

    address: 4 or 16 octets; protocol: TCP or UDP. A listener on any address counts, an IPv6 one also for IPv4 unless
    it is IPV6_V6ONLY; one that is bound to an interface (SO_BINDTODEVICE) does not, nor one that is connected.
    """
    netlink = NetlinkSocket(NETLINK_SOCK_DIAG)
    try:
        answer = netlink.request(_SOCK_DIAG_BY_FAMILY, _request(address, port, protocol, 1 << _LISTENING[protocol]))
    except KernelError as refused:
        if refused.errno != ENOENT:
            raise
        # The same error says "no such socket" and "no such module"; a dump tells them apart.
        _demand_module(netlink, address, protocol)
        return False
    finally:
        netlink.close()
    if len(answer.body) < _ANSWER.size:
        raise LinkError(f"sock_diag answer of {len(answer.body)} octets")
    return int(_ANSWER.unpack_from(answer.body)[1]) == _LISTENING[protocol]


def _demand_module(netlink: NetlinkSocket, address: bytes, protocol: int) -> None:
    try:
        netlink.dump(_SOCK_DIAG_BY_FAMILY, _request(address, 0, protocol, _NO_STATE))
    except KernelError as refused:
        module = _MODULES[protocol]
        raise LinkError(f"the kernel cannot be asked for listening sockets (module {module})") from refused


def _request(address: bytes, port: int, protocol: int, states: int) -> bytes:
    family = socket_family(address)
    # The peer is the address itself, and its port 0, which is no peer's: so a connection never stands in for the
    # listener. For TCP the kernel looks up a segment from "destination" to "source", for UDP the other way round.
    own, peer = port.to_bytes(2, "big"), b"\0\0"
    source, destination = (own, peer) if protocol == PROTO_TCP else (peer, own)
    identity = (source, destination, address, address, 0, _NO_COOKIE, _NO_COOKIE)
    return _REQUEST.pack(family, protocol, 0, states, *identity)
