# SPDX-License-Identifier: GPL-2.0-or-later
"""Listening sockets: under a path that only some may connect to, or on loopback.

Reading list: unix(7) (a socket's mode and group decide who may connect; its path has 107 octets), sd_listen_fds(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from stat import S_ISSOCK

from lvs_rawcheck.checks.request_values import parse_port
from lvs_rawcheck.director.state_folder import open_folder
from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, parse_address, socket_family

SOCKET_MODE = 0o660
BACKLOG = 128
_LOOPBACK_NET = 127  # RFC 1122 3.2.1.3
FIRST_INHERITED = 3  # SD_LISTEN_FDS_START, sd-daemon.h
_LOOPBACK6 = bytes(15) + b"\x01"


def listen_at(path: str, group: int | None) -> socket.socket:
    """Return a socket that listens at a path, 0660 and of this group (None: ours); LinkError.

    It takes the place of one that nobody listens at any more. Its folder must be one that only root or we can write to.
    From the first moment on it is seen with its mode: it gets its name last.
    """
    folder_path, _, name = path.rpartition("/")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        folder = open_folder(folder_path or "/", None)
        try:
            _demand_free(folder, name, path)
            _bind_as(listener, folder, name, group)
        finally:
            os.close(folder)
    except (OSError, ValueError) as error:
        listener.close()
        reason = error.strerror or "its folder is open to others" if isinstance(error, OSError) else "not a path"
        raise LinkError(f"cannot listen at {path!r}: {reason}") from error
    except BaseException:
        listener.close()
        raise
    return listener


def inherited_socket(environment: Mapping[str, str] = os.environ) -> socket.socket | None:
    """Return the listening Unix socket that the service manager made for us, None where it made none; LinkError.

    A daemon that never was root cannot make one in root's folder. Of several the first is meant (sd_listen_fds(3)).
    """
    if environment.get("LISTEN_PID") != str(os.getpid()) or environment.get("LISTEN_FDS", "0") in ("", "0"):
        return None
    try:
        inherited = socket.socket(fileno=FIRST_INHERITED)
    except OSError as error:
        raise LinkError(f"the service manager's socket cannot be used: {error.strerror}") from error
    listens = inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if (inherited.family, inherited.type, bool(listens)) != (socket.AF_UNIX, socket.SOCK_STREAM, True):
        inherited.detach()
        raise LinkError("the service manager's socket is no Unix stream socket that listens")
    inherited.set_inheritable(False)
    return inherited


def listen_on_loopback(endpoint: tuple[bytes, int]) -> socket.socket:
    """Return a socket that listens for TCP at a loopback address and port; LinkError."""
    address, port = endpoint
    listener = socket.socket(socket_family(address), socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((format_address(address), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise LinkError(f"cannot listen on port {port} of {format_address(address)}: {error.strerror}") from error
    return listener


def parse_loopback(text: str) -> tuple[bytes, int]:
    """Return address and port of `127.0.0.1:9842` or `[::1]:9842`; UsageError for what is not loopback."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") != host.endswith("]") or not colon:
        raise UsageError(f"not ADDRESS:PORT: {text!r}")
    address = parse_address(host.strip("[]"))
    on_loopback = address[0] == _LOOPBACK_NET if len(address) == IPV4_OCTETS else address == _LOOPBACK6
    if not on_loopback:
        raise UsageError(f"not a loopback address: {text!r}: what it tells is for this host only")
    return address, parse_port(port)


def _demand_free(folder: int, name: str, path: str) -> None:
    """Raise LinkError where another process listens, or where something else has this name."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not S_ISSOCK(found.st_mode):
        raise LinkError(f"cannot listen at {path!r}: there is something else, which is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(_address(folder, name))
        except ConnectionRefusedError:
            return  # whose it was is gone
        except BlockingIOError:
            pass  # so many wait there that there is no room for one more
    raise LinkError(f"cannot listen at {path!r}: another process does")


def _bind_as(listener: socket.socket, folder: int, name: str, group: int | None) -> None:
    temporary = f".{name}.{os.getpid()}"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    listener.bind(_address(folder, temporary))
    try:
        if group is not None and group != os.getegid():
            os.chown(temporary, -1, group, dir_fd=folder, follow_symlinks=False)
        os.chmod(temporary, SOCKET_MODE, dir_fd=folder)  # nobody listens yet, and nobody gets in
        listener.listen(BACKLOG)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(temporary, dir_fd=folder)
        raise


def _address(folder: int, name: str) -> str:
    """Return a name in a folder as a path of its own: short, and of that folder whatever its path leads to now."""
    return f"/proc/self/fd/{folder}/{name}"
