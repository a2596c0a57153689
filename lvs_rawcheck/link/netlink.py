# SPDX-License-Identifier: GPL-2.0-or-later
"""Netlink: requests to the kernel and its answers, as messages and attributes.

Reading list: RFC 3549 2.2-2.3 (message header, multi-part messages, acknowledgements);
include/uapi/linux/netlink.h; Documentation/userspace-api/netlink/intro.rst (dump consistency).
Invariants: the kernel is the only peer we listen to; a length that does not fit what was received is a
LinkError, never an IndexError; every wait is bounded.
"""

from __future__ import annotations

import _socket
from errno import ENOBUFS
from os import strerror
from struct import Struct, error, unpack_from

from lvs_rawcheck.errors import LinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NETLINK_ROUTE = 0
NETLINK_SOCK_DIAG = 4

NLM_F_REQUEST = 0x01
NLM_F_DUMP_INTR = 0x10  # the table changed while it was dumped: parts may be missing or doubled
NLM_F_DUMP = 0x300

NLMSG_NOOP = 1
NLMSG_ERROR = 2
NLMSG_DONE = 3

DUMP_ATTEMPTS = 8
ANSWER_TIMEOUT = 2.0  # seconds; the kernel answers within the system call, so silence means a lost message
_SHORTEST_TIMEOUT = 0.001  # seconds; 0 would mean for ever (SO_RCVTIMEO, socket(7))
RECEIVE_OCTETS = 65536  # the kernel sends dumps in parts of at most 32 KiB

_HEADER = Struct("=IHHII")  # length, type, flags, sequence number, port id
_ATTRIBUTE = Struct("=HH")  # length, type
_TIMEVAL = Struct("@ll")
_ATTRIBUTE_TYPE_MASK = 0x3FFF  # the two high bits say "nested" and "network byte order"


class KernelError(LinkError):
    """The kernel's refusal of one request: `errno` says why."""

    def __init__(self, errno: int) -> None:
        super().__init__(f"the kernel refused a netlink request: {strerror(errno)}")
        self.errno = errno


class Interrupted(LinkError):
    """Messages were lost, or a table changed while it was dumped: what came is not one consistent picture."""


class Message:
    """One netlink message: `body` is what follows the header."""

    __slots__ = ("body", "flags", "kind", "sequence")

    def __init__(self, kind: int, flags: int, sequence: int, body: bytes) -> None:
        self.kind = kind
        self.flags = flags
        self.sequence = sequence
        self.body = body


def aligned(length: int) -> int:
    """Return length rounded up to the 4 octets at which messages and attributes start."""
    return length + 3 & ~3


def format_message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """Return one message, header first; the kernel fills in the port id."""
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, sequence, 0) + body


def format_attribute(kind: int, value: bytes) -> bytes:
    """Return one attribute, padded to 4 octets."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(aligned(length) - length)


def parse_messages(octets: bytes) -> Iterator[Message]:
    """Yield the messages of one datagram; LinkError where a length lies."""
    offset = 0
    while offset < len(octets):
        try:
            length, kind, flags, sequence, _ = _HEADER.unpack_from(octets, offset)
        except error as short:
            raise LinkError(f"netlink header cut off after {len(octets) - offset} octets") from short
        if length < _HEADER.size or offset + length > len(octets):
            raise LinkError(f"netlink message of {length} octets where {len(octets) - offset} are left")
        yield Message(kind, flags, sequence, octets[offset + _HEADER.size : offset + length])
        offset += aligned(length)


def parse_attributes(octets: bytes, offset: int = 0) -> dict[int, bytes]:
    """Return the attributes of octets from offset on, by type; of a type that is repeated, the last."""
    found = {}
    end = len(octets)
    while offset < end:
        if end - offset < _ATTRIBUTE.size:
            raise LinkError(f"netlink attribute cut off after {end - offset} octets")
        length, kind = _ATTRIBUTE.unpack_from(octets, offset)
        if length < _ATTRIBUTE.size or offset + length > end:
            raise LinkError(f"netlink attribute of {length} octets where {end - offset} are left")
        found[kind & _ATTRIBUTE_TYPE_MASK] = octets[offset + _ATTRIBUTE.size : offset + length]
        offset += aligned(length)
    return found


def attribute_number(attributes: dict[int, bytes], kind: int) -> int:
    """Return the 32-bit number of an attribute, 0 where it is absent."""
    value = attributes.get(kind, b"\0\0\0\0")
    if len(value) != 4:
        raise LinkError(f"netlink attribute {kind}: {len(value)} octets, a number has 4")
    return int(unpack_from("=I", value)[0])


def _refusal(message: Message) -> int:
    """Return the errno that an NLMSG_ERROR or NLMSG_DONE message carries, 0 for none."""
    if len(message.body) < 4:
        return 0
    return -int(unpack_from("=i", message.body)[0])


class NetlinkSocket:
    """One netlink socket and the requests over it. Whoever opens it closes it.

    answer_timeout: seconds to wait for the kernel, at most ANSWER_TIMEOUT.
    """

    def __init__(self, protocol: int, answer_timeout: float = ANSWER_TIMEOUT) -> None:
        self._sequence = 0
        self._timeout = max(min(answer_timeout, ANSWER_TIMEOUT), _SHORTEST_TIMEOUT)
        kind = _socket.SOCK_RAW | _socket.SOCK_CLOEXEC
        try:
            self._socket = _socket.socket(_socket.AF_NETLINK, kind, protocol)
        except OSError as refused:
            raise LinkError(f"no netlink socket: {refused.strerror}") from refused
        timeval = _TIMEVAL.pack(int(self._timeout), int(self._timeout % 1 * 1_000_000))
        self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, timeval)

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._socket.close()

    def request(self, kind: int, body: bytes) -> Message:
        """Return the kernel's one answer to a request that is not a dump; KernelError if it refused."""
        sequence = self._send(kind, NLM_F_REQUEST, body)
        while True:
            for message in self._receive():
                if message.sequence != sequence or message.kind == NLMSG_NOOP:
                    continue
                if message.kind == NLMSG_ERROR:
                    raise KernelError(_refusal(message))
                return message

    def dump(self, kind: int, body: bytes) -> list[Message]:
        """Return all messages of one consistent dump.

        A dump that was torn by a change, or that overran the socket, is asked for again, DUMP_ATTEMPTS times
        at most; then Interrupted.
        """
        for _ in range(DUMP_ATTEMPTS):
            sequence = self._send(kind, NLM_F_REQUEST | NLM_F_DUMP, body)
            messages, whole = self._receive_dump(sequence)
            if whole:
                return messages
        raise Interrupted(f"the kernel's table changed during each of {DUMP_ATTEMPTS} dumps")

    def _receive_dump(self, sequence: int) -> tuple[list[Message], bool]:
        """Return the messages of a dump and whether they are one consistent picture.

        A torn dump is read to its end too: the kernel refuses another one while the first is under way.
        """
        found: list[Message] = []
        whole = True
        while True:
            try:
                messages = self._receive()
            except Interrupted:
                whole = False
                continue
            for message in messages:
                if message.sequence != sequence or message.kind == NLMSG_NOOP:
                    continue
                if message.flags & NLM_F_DUMP_INTR:
                    whole = False
                if message.kind in (NLMSG_ERROR, NLMSG_DONE):
                    if errno := _refusal(message):
                        raise KernelError(errno)
                    return found, whole
                found.append(message)

    def _send(self, kind: int, flags: int, body: bytes) -> int:
        self._sequence += 1
        try:
            self._socket.send(format_message(kind, flags, self._sequence, body))
        except OSError as refused:
            raise LinkError(f"netlink request not sent: {refused.strerror}") from refused
        return self._sequence

    def _receive(self) -> Iterator[Message]:
        try:
            octets, _, flags, sender = self._socket.recvmsg(RECEIVE_OCTETS)
        except BlockingIOError as silence:
            raise LinkError(f"the kernel did not answer a netlink request in {self._timeout:.3g} s") from silence
        except OSError as refused:
            if refused.errno == ENOBUFS:
                raise Interrupted("netlink answers were lost") from refused
            raise LinkError(f"no netlink answer: {refused.strerror}") from refused
        if flags & _socket.MSG_TRUNC:
            raise LinkError(f"netlink answer of more than {RECEIVE_OCTETS} octets")
        if sender[0] != 0:
            return iter(())  # another process wrote to our port: not the kernel's word
        return parse_messages(octets)
