# SPDX-License-Identifier: GPL-2.0-or-later
"""Guards for what is no TCP: each owns the number by which a datagram's answer finds us, and answers nothing.

Without one, a director that does not hold the VIP answers what it did not ask for: UDP with ICMP port unreachable
(RFC 1122 4.1.3.1), SCTP with an ABORT (RFC 9260 8.4), or with ICMP protocol unreachable where the kernel has no
SCTP. An echo reply that nobody asked for is passed over in silence (RFC 1122 3.2.2.6), so it needs no socket.
"""

from __future__ import annotations

import _socket
import os

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import DROP_ALL, UDP_PORT_LEAST, attach
from lvs_rawcheck.link.guard import Guard
from lvs_rawcheck.wire.address import format_address, socket_family
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_UDP

_PROTOCOLS = "/proc/net/protocols"
_PORTS = range(32768, 61000)  # Linux' own choice for clients: net.ipv4.ip_local_port_range
_ATTEMPTS = 16


class UdpGuard(Guard):
    """One UDP port of one local address, kept."""

    __slots__ = ()

    protocol = PROTO_UDP
    _socket_type = _socket.SOCK_DGRAM

    def _take_all(self) -> None:
        """Do nothing more: a bound UDP socket takes what is for its port."""


class SctpGuard(Guard):
    """One SCTP port of one local address, where the kernel speaks SCTP."""

    __slots__ = ()

    protocol = PROTO_SCTP


class RawSctpGuard:
    """One SCTP port of one local address, where the kernel has no SCTP: a raw socket takes all of the protocol.

    Nobody else's port is chosen, as far as this process knows: where there is no SCTP, nobody else has one.
    """

    __slots__ = ("_socket", "port")

    protocol = PROTO_SCTP

    def __init__(self, address: bytes) -> None:
        family = socket_family(address)
        try:
            self._socket = _socket.socket(family, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, PROTO_SCTP)
        except OSError as refused:
            raise LinkError(f"no guard socket: {refused.strerror}") from refused
        try:
            attach(self._socket, DROP_ALL)
            self._socket.bind((format_address(address), 0))
        except OSError as refused:
            self._socket.close()
            raise LinkError(f"cannot guard source {format_address(address)}: {refused.strerror}") from refused
        self.port = _PORTS[_random_number() % len(_PORTS)]

    def close(self) -> None:
        """Give it back; twice is harmless."""
        self._socket.close()


class EchoIdentifier:
    """An identifier of echo requests, as `port`: a random one, since every other program takes one, too."""

    __slots__ = ("port", "protocol")

    def __init__(self, protocol: int) -> None:
        self.protocol = protocol
        self.port = _random_number()

    def close(self) -> None:
        """Do nothing: nothing is held."""


def datagram_guard(protocol: int, address: bytes, taken: set[int]) -> Guard | RawSctpGuard | EchoIdentifier:
    """Return a guard of that IP protocol, its number none of those taken; LinkError: there is none to be had.

    address: the director's own, 4 or 16 octets.
    """
    for _ in range(_ATTEMPTS):
        guard = _new_guard(protocol, address)
        if guard.port not in taken and (protocol != PROTO_UDP or guard.port >= UDP_PORT_LEAST):
            return guard
        guard.close()
    raise LinkError("no source port is free")


def _new_guard(protocol: int, address: bytes) -> Guard | RawSctpGuard | EchoIdentifier:
    if protocol == PROTO_UDP:
        return UdpGuard(address)
    if protocol in (PROTO_ICMP, PROTO_ICMPV6):
        return EchoIdentifier(protocol)
    if protocol != PROTO_SCTP:
        raise LinkError(f"no guard for IP protocol {protocol}")
    return SctpGuard(address) if kernel_speaks_sctp() else RawSctpGuard(address)


def kernel_speaks_sctp() -> bool:
    """Return whether the kernel has SCTP now. To ask for a socket of it would load the module."""
    try:
        with open(_PROTOCOLS, "rb") as file:
            return any(line.startswith(b"SCTP ") for line in file)
    except OSError:
        return False


def _random_number() -> int:
    return int.from_bytes(os.urandom(2), "big")
