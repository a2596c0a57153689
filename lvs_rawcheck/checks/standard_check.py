# SPDX-License-Identifier: GPL-2.0-or-later
"""A check over the kernel's sockets that is not the raw one's twin: the one that the site had before.

In keepalived's words (check_api.c): connect_ip, connect_port, bindto, bind_port, bind_if, fwmark.
"""

from __future__ import annotations

import _socket

from lvs_rawcheck.errors import LinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.kind import Step


class SocketOptions:
    """How packets leave: bind_port 0..65535, 0 for any; bind_if: an interface's name or None; fwmark: 0 for none."""

    __slots__ = ("bind_if", "bind_port", "fwmark")

    def __init__(self, bind_port: int = 0, bind_if: str | None = None, fwmark: int = 0) -> None:
        self.bind_port = bind_port
        self.bind_if = bind_if
        self.fwmark = fwmark

    @property
    def need_privileges(self) -> bool:
        """Return whether a socket must have these before root is given up (socket(7), SO_MARK, SO_BINDTODEVICE)."""
        return self.bind_if is not None or self.fwmark != 0

    def apply(self, opened: _socket.socket) -> None:
        """Give a socket its mark, device and freedom to use a port again; LinkError.

        Not to go where it was told to would be to ask another server.
        """
        try:
            if self.fwmark:
                opened.setsockopt(_socket.SOL_SOCKET, _socket.SO_MARK, self.fwmark)
            if self.bind_if is not None:
                opened.setsockopt(_socket.SOL_SOCKET, _socket.SO_BINDTODEVICE, self.bind_if.encode() + b"\0")
            if self.bind_port:
                opened.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        except OSError as error:
            device = f" through {self.bind_if}" if self.bind_if is not None else ""
            mark = f" with mark {self.fwmark}" if self.fwmark else ""
            raise LinkError(f"cannot make the standard check{device}{mark}: {error.strerror}") from error


NO_OPTIONS = SocketOptions()


class StandardCheck:
    """One step of the standard path.

    address: connect_ip, None: the real server's own. port: connect_port, None: the endpoint's. source: bindto, None:
    chosen as for any standard check; one that is not here now is passed over, and the kernel chooses.
    """

    __slots__ = ("address", "options", "port", "source", "step")

    def __init__(
        self,
        step: Step,
        address: bytes | None = None,
        port: int | None = None,
        source: bytes | None = None,
        options: SocketOptions = NO_OPTIONS,
    ) -> None:
        self.step = step
        self.address = address
        self.port = port
        self.source = source
        self.options = options
