# SPDX-License-Identifier: GPL-2.0-or-later
"""The ordinary check in datagrams: the same exchange over the kernel's sockets, to the real server's own address.

UDP goes over a connected socket, which hears of ICMP errors (udp(7), IP_RECVERR). An echo goes over a ping socket
where net.ipv4.ping_group_range lets us have one (icmp(7)), else over a raw socket. SCTP is our own INIT over a raw
socket, since the kernel's SCTP would make an association, where it has SCTP at all. Raw sockets need CAP_NET_RAW: so
all are opened at once, before root is given up, and used later.
"""

from __future__ import annotations

import _socket
import os
from errno import EACCES, EAGAIN, ECONNREFUSED, EHOSTUNREACH, ENOBUFS, ENOPROTOOPT, EOPNOTSUPP, EPERM, EPROTO
from select import POLLIN

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.standard_check import NO_OPTIONS
from lvs_rawcheck.checks.standard_socket import (
    NO_NEIGHBOUR_MEANS,
    REASONS_OF_ANY,
    RECEIVE_OCTETS,
    StandardSocket,
)
from lvs_rawcheck.errors import LinkError, WireError
from lvs_rawcheck.wire import icmp, icmpv6, sctp
from lvs_rawcheck.wire.address import format_address, socket_family
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_UDP
from lvs_rawcheck.wire.ipv4 import parse_ipv4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.base import Exchange
    from lvs_rawcheck.checks.standard_check import SocketOptions

# Option to hear of every ICMP error, by address length: level and name (ip(7), ipv6(7)).
_RECEIVE_ERRORS = {4: (0, 11), 16: (41, 25)}
_REASONS = {
    **REASONS_OF_ANY,
    ECONNREFUSED: Reason.UNREACHABLE,  # ICMP 3/3, ICMPv6 1/4 (icmp_err_convert, tab_unreach of the kernel)
    ENOPROTOOPT: Reason.UNREACHABLE,  # ICMP 3/2
    EOPNOTSUPP: Reason.UNREACHABLE,  # ICMP 3/5
    EPROTO: Reason.UNREACHABLE,  # ICMP 12, ICMPv6 4
    EACCES: Reason.UNREACHABLE,  # ICMPv6 1/1
}
_MEANINGS = {
    ECONNREFUSED: "ICMP port unreachable: nothing listens there",
    ENOPROTOOPT: "ICMP protocol unreachable: it does not speak that protocol",
    EPROTO: "ICMP parameter problem: it does not speak that protocol",
    EHOSTUNREACH: NO_NEIGHBOUR_MEANS,
}
_LOST = (EAGAIN, ENOBUFS)  # as a wire might lose it
_PORTS = range(32768, 61000)  # net.ipv4.ip_local_port_range


class StandardExchange(StandardSocket):
    """One exchange with one port of the real server. It begins when the first datagram is sent."""

    __slots__ = ("_exchange", "_octets", "_send_at", "_way")

    def __init__(
        self,
        address: bytes,
        port: int,
        exchange: Exchange,
        source: bytes | None = None,
        options: SocketOptions = NO_OPTIONS,
    ) -> None:
        """Open the socket; LinkError: it is not to be had."""
        self._exchange = exchange
        self._way = _way(exchange.protocol, port)
        self._octets = b""
        """What is sent, and sent again."""
        self._send_at = 0.0
        peer = (format_address(address), port if exchange.protocol == PROTO_UDP else 0)
        super().__init__(self._way.open(socket_family(address)), peer, source, options)
        self._socket.setsockopt(*_RECEIVE_ERRORS[len(address)], 1)

    def next_timer(self) -> float:
        """Return when it is to be sent again, or when time is up."""
        return min(self._send_at, self.deadline)

    def _begin(self, now: float) -> Verdict | None:
        self._socket.connect(self._peer)
        self._octets = self._way.to_octets(self._exchange.datagram_to_send())
        self._send_at = self.began_at = now
        self.wanted = POLLIN
        return self._look_at_clock(now)

    def _go_on(self, now: float) -> Verdict | None:
        """Take in one datagram, if there is one."""
        try:
            payload = self._way.payload_of(self._socket.recv(RECEIVE_OCTETS))
        except (BlockingIOError, WireError):
            return None
        verdict = self._exchange.datagram_received(payload) if payload is not None else None
        if verdict is not None:
            self.phases.append(clock.now())
            self._say_farewell()
        return verdict

    def _look_at_clock(self, now: float) -> Verdict | None:
        if now >= self.deadline:
            return self._verdict_of_silence()
        if now >= self._send_at:
            self._send()
            self._send_at = now + self._exchange.interval
        return None

    def _verdict_of_silence(self) -> Verdict:
        was_asked = self._send_at != self.began_at  # else there was no time left to
        passing = self._exchange.silence() if was_asked else None
        return passing or Verdict(Reason.NO_ANSWER, f"no answer from {self._peer_name()}")

    def _send(self) -> None:
        try:
            self._socket.send(self._octets)
        except OSError as error:
            if error.errno not in _LOST:
                raise

    def _say_farewell(self) -> None:
        farewell = self._exchange.farewell()
        if not farewell:
            return
        try:
            self._socket.send(self._way.to_octets(farewell))
        except OSError:
            return  # the verdict is given: a farewell does not change it

    def _verdict_of(self, error: OSError) -> Verdict:
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            raise LinkError(f"cannot ask {self._peer_name()}: {error.strerror}") from error
        meaning = _MEANINGS.get(error.errno or 0, error.strerror)
        return Verdict(reason, f"{self._peer_name()}: {meaning}")

    def _peer_name(self) -> str:
        address, port = self._peer
        return f"{address} port {port}" if port else address


class _Way:
    """How payloads go through a socket of the kernel's."""

    def open(self, family: int) -> _socket.socket:
        """Return a socket; LinkError: it is not to be had."""
        return _open(family, _socket.SOCK_DGRAM, PROTO_UDP)

    def to_octets(self, payload: bytes) -> bytes:
        """Return what is to be sent."""
        return payload

    def payload_of(self, octets: bytes) -> bytes | None:
        """Return the payload of what was received, None if it is no answer."""
        return octets


class _EchoWay(_Way):
    """Echo messages. A ping socket puts its own identifier in: what tells our replies from others' is their data."""

    def __init__(self, protocol: int) -> None:
        self._protocol = protocol
        self._with_header = False

    def open(self, family: int) -> _socket.socket:
        """Return a ping socket, else a raw one."""
        try:
            return _open(family, _socket.SOCK_DGRAM, self._protocol)
        except LinkError:
            self._with_header = self._protocol == PROTO_ICMP  # raw(7): a raw IPv4 socket shows the IP header
            return _open(family, _socket.SOCK_RAW, self._protocol)

    def to_octets(self, payload: bytes) -> bytes:
        """Return an echo request; over IPv6 the kernel writes the checksum (RFC 3542 3.1)."""
        identifier = int.from_bytes(os.urandom(2), "big")
        module = icmp if self._protocol == PROTO_ICMP else icmpv6
        return icmp.icmp_to_octets(module.echo_request(identifier, 1, payload))

    def payload_of(self, octets: bytes) -> bytes | None:
        """Return the data of an echo reply."""
        if self._with_header:
            octets = octets[parse_ipv4(octets).payload_offset :]
        reply = icmp.ECHO_REPLY if self._protocol == PROTO_ICMP else icmpv6.ECHO_REPLY
        return octets[icmp.HEADER_OCTETS :] if octets[:1] == bytes((reply,)) else None


class _SctpWay(_Way):
    """SCTP packets from a random port, over a raw socket; the kernel does without their checksum."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._own_port = _PORTS[int.from_bytes(os.urandom(2), "big") % len(_PORTS)]
        self._with_header = False

    def open(self, family: int) -> _socket.socket:
        """Return a raw socket."""
        self._with_header = family == _socket.AF_INET
        return _open(family, _socket.SOCK_RAW, PROTO_SCTP)

    def to_octets(self, payload: bytes) -> bytes:
        """Return an SCTP packet."""
        return sctp.packet_to_octets(self._own_port, self._port, payload)

    def payload_of(self, octets: bytes) -> bytes | None:
        """Return the payload of a packet between the two ports."""
        if self._with_header:
            octets = octets[parse_ipv4(octets).payload_offset :]
        packet = sctp.parse_packet(octets, checksum_ready=False)  # local and veth traffic may do without
        ours = (packet.source_port, packet.destination_port) == (self._port, self._own_port)
        return packet.payload if ours else None


def _way(protocol: int, port: int) -> _Way:
    if protocol in (PROTO_ICMP, PROTO_ICMPV6):
        return _EchoWay(protocol)
    if protocol == PROTO_SCTP:
        return _SctpWay(port)
    return _Way()


def _open(family: int, socket_type: int, protocol: int) -> _socket.socket:
    try:
        return _socket.socket(family, socket_type | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC, protocol)
    except OSError as error:
        if error.errno in (EPERM, EACCES):
            raise LinkError(f"no permission to open a socket for IP protocol {protocol} (CAP_NET_RAW)") from error
        raise LinkError(f"no socket: {error.strerror}") from error
