# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs on the hosts of a topology: kernel TCP servers, and captures of what passes an interface."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.netns.topology import Host, end_process, wait_until

_SERVER = Path(__file__).with_name("server.py")
_ETH_P_ALL = 0x0003
_SO_RCVBUFFORCE = 33
_CAPTURE_OCTETS = 32 * 1024 * 1024
_PACKET_OUTGOING = 4


class TcpServer:
    """A server.py in a namespace, listening; `stop` or the end of the Network ends it."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child

    def stop(self) -> None:
        """End the server; its port answers RST from now on."""
        end_process(self._child)


def tcp_server(host: Host, address: str, port: int, habit: str = "hold") -> TcpServer:
    """Return a kernel TCP server that listens on address:port; habit: see server.py."""
    child = host.popen([sys.executable, "-I", "-S", str(_SERVER), address, str(port), habit])
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line == "READY\n", f"server on {address}:{port} did not start"
    return TcpServer(child)


@dataclass(frozen=True)
class Captured:
    """One frame as it passed. outgoing: sent by the host itself. octets: with the Ethernet header."""

    outgoing: bool
    octets: bytes


class Capture:
    """Records what passes an interface, from the moment it is made, in a queue of the kernel's."""

    def __init__(self, host: Host, interface: str, wanted: Callable[[bytes], bool]) -> None:
        self._wanted = wanted
        self._frames: list[Captured] = []
        with host.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _CAPTURE_OCTETS)
        self._socket.setblocking(False)
        # Bound in the socket's own namespace, wherever this thread is: from here on it hears everything.
        self._socket.bind((interface, _ETH_P_ALL))

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def frames(self) -> list[Captured]:
        """Return all wanted frames since the capture began."""
        while True:
            try:
                octets, address = self._socket.recvfrom(65536 + 14)
            except BlockingIOError:
                return list(self._frames)
            if self._wanted(octets):
                packet_type = cast(int, address[2])
                self._frames.append(Captured(packet_type == _PACKET_OUTGOING, octets))

    def wait_for(self, condition: Callable[[list[Captured]], bool], what: str, timeout: float = 5.0) -> None:
        """Return as soon as the frames so far fulfil a condition; AssertionError after timeout seconds."""
        wait_until(lambda: condition(self.frames()), what, timeout)


def capture(host: Host, interface: str = "eth0", wanted: Callable[[bytes], bool] = lambda _octets: True) -> Capture:
    """Return a capture that is already listening; wanted: which frames (with Ethernet header) to keep."""
    return Capture(host, interface, wanted)


def is_tcp_reset(octets: bytes) -> bool:
    """Return whether a frame is a TCP segment with RST, over IPv4 or over IPv6 without extension headers."""
    ethertype = octets[12:14]
    if ethertype == b"\x08\x00" and octets[23] == socket.IPPROTO_TCP:
        offset = 14 + 4 * (octets[14] & 0x0F)
    elif ethertype == b"\x86\xdd" and octets[20] == socket.IPPROTO_TCP:
        offset = 14 + 40
    else:
        return False
    return bool(octets[offset + 13] & 0x04)
