# SPDX-License-Identifier: GPL-2.0-or-later
"""One datagram through the kernel, so that the kernel makes its neighbour entry for a real server.

Frames from a packet socket do not drive the kernel's neighbour states, and IPVS forwards with the kernel's
entry: where there is none, or a failed one, one ordinary packet makes the kernel resolve it (RFC 4861
7.2.2, RFC 1122 2.3.2).
"""

from __future__ import annotations

import _socket

from lvs_rawcheck.wire.address import format_address, socket_family

DISCARD_PORT = 9  # RFC 863: whoever listens throws it away


def nudge(address: bytes, interface_name: str, source: bytes | None = None) -> None:
    """Send one empty UDP datagram to a real server's own address, out of that interface.

    source: the address to send from; None: the kernel chooses. The kernel asks for the neighbour in the name of that
    address (arp(7), RFC 4861 7.2.2), so it must not be left to choose a VIP: the server would take the question for
    one from itself. Never blocks, never fails.
    """
    family = socket_family(address)
    try:
        datagram = _socket.socket(family, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC | _socket.SOCK_NONBLOCK)
    except OSError:
        return  # a nudge is a favour to the kernel: the check itself finds out what can be reached
    try:
        datagram.setsockopt(_socket.SOL_SOCKET, _socket.SO_BINDTODEVICE, interface_name.encode() + b"\0")
        if source is not None:
            datagram.bind((format_address(source), 0))
        datagram.sendto(b"", (format_address(address), DISCARD_PORT))
    except OSError:
        pass  # the same
    finally:
        datagram.close()
