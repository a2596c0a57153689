# SPDX-License-Identifier: GPL-2.0-or-later
"""MemoryLink: a cable between two links, without interfaces, permissions or other hosts.

A frame travels over a pair of local sockets as source MAC, destination MAC, EtherType and packet, so both
ends have a descriptor to poll, and a full queue loses frames as a packet socket's does.
"""

from __future__ import annotations

import _socket
from struct import Struct

from lvs_rawcheck.link.packet import PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST, Frame
from lvs_rawcheck.wire.ethernet import BROADCAST

_GROUP_BIT = 0x01  # of a MAC's first octet: IEEE 802-2014 8.2.2
_HEADER = Struct("!6s6sH")  # source, destination, EtherType
_FRAME_OCTETS = _HEADER.size + 65536


def memory_cable(mac: bytes, other_mac: bytes) -> tuple[MemoryLink, MemoryLink]:
    """Return the two ends of a cable; each is closed by whoever holds it."""
    end, other_end = _socket.socketpair(
        _socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC | _socket.SOCK_NONBLOCK
    )
    return MemoryLink(end, mac), MemoryLink(other_end, other_mac)


class MemoryLink:
    """One end of a cable. It hears every frame, and packet_type says for whom it was."""

    def __init__(self, end: _socket.socket, own_mac: bytes) -> None:
        self.own_mac = own_mac
        self.dropped = 0
        self._end = end

    def fileno(self) -> int:
        """Return the descriptor to poll for reading."""
        return self._end.fileno()

    def close(self) -> None:
        """Unplug this end; twice is harmless."""
        self._end.close()

    def send(self, octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        """Send a packet to a MAC; a full queue or an unplugged cable loses it, and `dropped` counts that."""
        try:
            self._end.send(_HEADER.pack(self.own_mac, destination_mac, ethertype) + octets)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            self.dropped += 1

    def receive(self) -> Frame | None:
        """Return the next frame, None if there is none now."""
        try:
            octets = self._end.recv(_FRAME_OCTETS)
        except (BlockingIOError, ConnectionResetError):
            return None
        if len(octets) < _HEADER.size:
            return None  # the other end is unplugged
        source_mac, destination_mac, ethertype = _HEADER.unpack_from(octets)
        return Frame(octets[_HEADER.size :], source_mac, ethertype, self._packet_type(destination_mac))

    def _packet_type(self, destination_mac: bytes) -> int:
        if destination_mac == self.own_mac:
            return PACKET_HOST
        if destination_mac == BROADCAST:
            return PACKET_BROADCAST
        return PACKET_MULTICAST if destination_mac[0] & _GROUP_BIT else PACKET_OTHERHOST
