# SPDX-License-Identifier: GPL-2.0-or-later
"""PacketLink: the AF_PACKET socket through which all checks of one interface send and receive.

Reading list: packet(7); include/uapi/linux/if_packet.h; Documentation/networking/filter.rst.
Invariants: the filter is attached before the socket hears its first frame, or what was heard before is
thrown away; the kernel writes the link header (SOCK_DGRAM), so VLAN, bond and bridge interfaces need
nothing special; nothing here blocks.
"""

from __future__ import annotations

import _socket
from errno import EAGAIN, EMSGSIZE, ENETDOWN, ENOBUFS, ENODEV, ENXIO, EPERM
from struct import Struct

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.bpf import attach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.link.bpf import Program

PACKET_HOST = 0  # if_packet.h: for this host
PACKET_BROADCAST = 1
PACKET_MULTICAST = 2
PACKET_OTHERHOST = 3

ANY_INTERFACE = 0
RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024

_ETH_P_ALL = 0x0003  # include/uapi/linux/if_ether.h
_SOL_PACKET = 263
_PACKET_AUXDATA = 8
_PACKET_IGNORE_OUTGOING = 23
_SO_RCVBUFFORCE = 33
_AUXDATA = Struct("=IIIHHHH")  # struct tpacket_auxdata: status, lengths, offsets, VLAN tag and protocol
_TP_STATUS_CSUMNOTREADY = 1 << 3
_FRAME_OCTETS = 65536  # received frames may be far longer than the MTU: GRO joins them
_DRAIN_LIMIT = 4096  # frames; the buffer that a new socket has holds some hundreds

_LOST = (ENOBUFS, EAGAIN)
_SENTENCES = {
    ENETDOWN: "is down",
    ENXIO: "is gone",
    ENODEV: "is gone",
    EMSGSIZE: "refused a frame longer than its MTU",
}


class Frame:
    """One received frame.

    octets: from the network header on, padding included. checksum_ready: False if the sender's hardware
    would have finished the TCP or UDP checksum (local and veth traffic), so that it proves nothing.
    packet_type: PACKET_*.
    """

    __slots__ = ("checksum_ready", "ethertype", "interface_index", "octets", "packet_type", "source_mac")

    def __init__(
        self,
        octets: bytes,
        source_mac: bytes,
        ethertype: int,
        packet_type: int = PACKET_HOST,
        checksum_ready: bool = True,
        interface_index: int = 0,
    ) -> None:
        self.octets = octets
        self.source_mac = source_mac
        self.ethertype = ethertype
        self.packet_type = packet_type
        self.checksum_ready = checksum_ready
        self.interface_index = interface_index


def interface_name(index: int) -> str:
    """Return the name of an interface; LinkError if it is gone, or cannot be asked for."""
    try:
        return _socket.if_indextoname(index)
    except OSError as refused:
        if refused.errno in (ENXIO, ENODEV):
            raise LinkError(f"no interface with index {index}") from refused
        raise LinkError(f"no name of interface {index}: {_why_no_socket() or refused.strerror}") from refused


def _why_no_socket() -> str | None:
    """Return why there is no socket to be had, None if there is: glibc asks for names over one, and does not say."""
    try:
        _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC).close()
    except OSError as refused:
        return refused.strerror
    return None


class PacketLink:
    """One packet socket: sends on one interface, hears on the same, on another one, or on all of them.

    interface_index, own_mac: where frames leave, and their source (the kernel writes the interface's own
    address). program: the filter. receive_index: where to hear, ANY_INTERFACE for everywhere; default:
    interface_index. Whoever makes a PacketLink closes it; that takes the kernel tens of milliseconds (a
    grace period), so once.
    """

    def __init__(
        self,
        interface_index: int,
        own_mac: bytes,
        program: Program,
        receive_index: int | None = None,
        receive_buffer_octets: int = RECEIVE_BUFFER_OCTETS,
    ) -> None:
        self.own_mac = own_mac
        self.sent = 0
        self.received = 0
        self.dropped = 0
        self.name = interface_name(interface_index)
        self._indexes: dict[str, int] = {self.name: interface_index}
        buffer = bytearray(_FRAME_OCTETS)
        self._buffers = [buffer]
        self._view = memoryview(buffer)
        self._socket = _open(interface_index if receive_index is None else receive_index, program)
        self._ancillary_octets = _socket.CMSG_SPACE(_AUXDATA.size)
        _set_receive_buffer(self._socket, receive_buffer_octets)

    def fileno(self) -> int:
        """Return the descriptor to poll for reading."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._socket.close()

    def send(self, octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        """Send a packet to a MAC; a full queue loses it, as a wire might, and `dropped` counts that."""
        try:
            self._socket.sendto(octets, (self.name, ethertype, 0, 0, destination_mac))
            self.sent += 1
        except OSError as refused:
            if refused.errno not in _LOST:
                raise _interface_error(self.name, refused) from refused
            self.dropped += 1

    def receive(self) -> Frame | None:
        """Return the next frame that the filter passed, None if there is none now."""
        try:
            length, ancillary, _, address = self._socket.recvmsg_into(self._buffers, self._ancillary_octets)
        except BlockingIOError:
            return None
        except OSError as refused:
            raise _interface_error(self.name, refused) from refused
        self.received += 1
        name, ethertype, packet_type, _, source_mac = address
        status = _AUXDATA.unpack_from(ancillary[0][2])[0] if ancillary else 0
        return Frame(
            bytes(self._view[:length]),
            source_mac,
            ethertype,
            packet_type,
            not status & _TP_STATUS_CSUMNOTREADY,
            self._indexes.get(name) or self._index(name),
        )

    def _index(self, name: str) -> int:
        try:
            index = _socket.if_nametoindex(name)
        except OSError:
            return 0  # the interface went away after it had received this frame
        self._indexes[name] = index
        return index


def _interface_error(name: str, refused: OSError) -> LinkError:
    sentence = _SENTENCES.get(refused.errno or 0, f"failed: {refused.strerror}")
    return LinkError(f"interface {name} {sentence}")


def _open(receive_index: int, program: Program) -> _socket.socket:
    """Return a non-blocking packet socket that hears only what the filter passes."""
    # A socket with protocol 0 hears nothing, so the filter is there before the first frame. Python names the
    # interface to bind to, and "all of them" has no name: such a socket is born listening, and drained.
    protocol = _socket.htons(_ETH_P_ALL) if receive_index == ANY_INTERFACE else 0
    try:
        opened = _socket.socket(_socket.AF_PACKET, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC, protocol)
    except OSError as refused:
        if refused.errno == EPERM:
            raise LinkError("no permission to open a packet socket (CAP_NET_RAW)") from refused
        raise LinkError(f"no packet socket: {refused.strerror}") from refused
    try:
        attach(opened, program)
        opened.setblocking(False)
        opened.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        opened.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        _listen(opened, receive_index)
    except BaseException:
        opened.close()
        raise
    return opened


def _listen(opened: _socket.socket, receive_index: int) -> None:
    """Bind a socket to its interface, where it is not born listening to all, and throw away what it heard."""
    name = "any" if receive_index == ANY_INTERFACE else interface_name(receive_index)
    try:
        if receive_index != ANY_INTERFACE:
            opened.bind((name, _ETH_P_ALL))
        for _ in range(_DRAIN_LIMIT):
            opened.recv(1)
    except BlockingIOError:
        return
    except OSError as refused:
        raise _interface_error(name, refused) from refused


def _set_receive_buffer(opened: _socket.socket, octets: int) -> None:
    try:
        opened.setsockopt(_socket.SOL_SOCKET, _SO_RCVBUFFORCE, octets)
    except PermissionError:
        # Without CAP_NET_ADMIN the kernel cuts it to net.core.rmem_max, which is enough for a few checks at
        # a time.
        opened.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF, octets)
