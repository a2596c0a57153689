# SPDX-License-Identifier: GPL-2.0-or-later
"""What `run ID` answers where this program itself is broken: a bug, no memory, a module that cannot be read.

All checks of a director would fail by it at once, and empty every pool. So for ten minutes the last verdict stands, the
daemon's or a check's, if it is of the role that this director has now; without one, a connection of the kernel's to the
real server decides, which is less than the site's own check, and more than nothing. A service that wants
`on_cannot_judge = "down"` has that.
Nothing of ours is imported here, since something of ours is broken; the rules are those of the shell script `verdict`.
"""

from __future__ import annotations

import _socket
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_HEALTHY, _UNHEALTHY = 0, 1
_STANDS_SECONDS = 600
_CONNECT_SECONDS_MOST = 2.0  # less than the alarm leaves that was set when the command began
_LINE_OCTETS = 4608
_FILE_OCTETS = 4 << 20  # as registry/files.py: what wants to be down stands in large files, too
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_FOLDERS = {"--services": "/etc/lvs-rawcheck/services.d", "--state": "/run/lvs-rawcheck"}


def answer(command_line: Sequence[str]) -> tuple[int, str]:
    """Return the exit status of a command whose program is broken, and why it is that, "" where it is failure.

    command_line: sys.argv. All commands but `run` fail.
    """
    try:
        if os.path.basename(command_line[0]).startswith("check_") or command_line[1] != "run":
            return _UNHEALTHY, ""
        folders, service, real_server = _parse(command_line[2:])
        settings = _settings(folders["--services"], service, real_server)
        if settings.get("on_cannot_judge") == "down":
            return _UNHEALTHY, ""
        return _last_verdict(folders["--state"], f"{service}/{real_server}") or _connect(settings, real_server)
    except Exception:  # no memory for this either
        return _UNHEALTHY, ""


def _parse(words: Sequence[str]) -> tuple[dict[str, str], str, str]:
    """Return the folders, the service and the real server that a command line of `run` names; ValueError: none."""
    folders = dict(_FOLDERS)
    for number, word in enumerate(words):
        option, is_one, value = word.partition("=")
        if option in folders:
            folders[option] = value if is_one else words[number + 1]
    service, _, real_server = words[-1].partition("/")
    if not service[:1].isalnum() or not _NAME_CHARACTERS.issuperset(service) or ".." in service:
        raise ValueError(service)
    family = _family(real_server)
    return folders, service, _socket.inet_ntop(family, _socket.inet_pton(family, real_server))


def _family(address: str) -> int:
    return _socket.AF_INET6 if ":" in address else _socket.AF_INET


def _read(path: str, octets_most: int) -> str:
    descriptor = os.open(path, _READ)
    try:
        return os.read(descriptor, octets_most).decode()
    finally:
        os.close(descriptor)


def _last_verdict(state: str, check_id: str) -> tuple[int, str] | None:
    """Return the newest verdict that stands, None if none does."""
    now = int(_read("/proc/uptime", 64).partition(".")[0])
    found = []
    for folder in ("last", "verdict"):  # of two that are as old, a check's counts
        try:
            line = _read(f"{state}/{folder}/{check_id}", _LINE_OCTETS)
            written, _, status, path, role, role_file, reason = line.partition("\n")[0].split(" ")
            age = now - int(written)
            is_plain = path in ("raw", "standard") and status in ("0", "1") and (status == "0") == (reason == "ok")
            if is_plain and -1 <= age < _STANDS_SECONDS and _is_role(role, role_file):
                found.append((age, status))
        except (OSError, ValueError):
            continue
    if not found:
        return None
    age, status = min(found, key=lambda each: each[0])
    return int(status), f"the verdict of {max(age, 0)} s ago stands"


def _is_role(role: str, role_file: str) -> bool:
    """Return whether this director still has the role that a verdict was given in."""
    if role_file in ("-", "auto"):
        return True
    is_master = _read(role_file, 1) == "1"
    return role == ("1" if is_master else "0")


def _settings(services: str, service: str, real_server: str) -> dict[str, object]:
    """Return what the registry says of a server, its own before its service's; nothing, where that is not to be had.

    LookupError: the file is whole, and knows no such server.
    """
    try:
        import tomllib

        values = tomllib.loads(_read(f"{services}/{service}.toml", _FILE_OCTETS))
        wanted = _packed(real_server)
        servers = [server for server in values["real_server"] if _packed(server["address"]) == wanted]
        port = _port(values["endpoint"][0])
    except Exception:  # whoever wrote the file, whatever is missing here
        return {}
    return {"port": port, **values, **servers[0]}


def _packed(address: str) -> bytes:
    return _socket.inet_pton(_family(address), address)


def _port(endpoint: str) -> int | None:
    """Return the port of `10.0.0.100:80` or `[2001:db8::1]:80`, None where there is none."""
    address, _, port = endpoint.rpartition(":")
    return int(port) if port.isdecimal() and (address.endswith("]") or ":" not in address) else None


def _connect(settings: dict[str, object], real_server: str) -> tuple[int, str]:
    """Return whether the kernel gets a connection to the real server's own address."""
    port, timeout = settings.get("port"), settings.get("timeout", _CONNECT_SECONDS_MOST)
    if not isinstance(port, int) or not isinstance(timeout, int | float) or settings.get("protocol", "tcp") != "tcp":
        return _UNHEALTHY, ""
    connection = _socket.socket(_family(real_server), _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        connection.settimeout(min(timeout, _CONNECT_SECONDS_MOST))
        connection.connect((real_server, port))
    except OSError:
        return _UNHEALTHY, ""
    finally:
        connection.close()
    return _HEALTHY, f"{real_server} port {port} accepts connections, and no verdict is young enough"
