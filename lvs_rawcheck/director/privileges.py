# SPDX-License-Identifier: GPL-2.0-or-later
"""Root only as long as it takes to open sockets: frames of strangers are read as nobody in particular."""

from __future__ import annotations

import os
import stat

from lvs_rawcheck.errors import LinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DAEMON_USER = b"lvs-rawcheck"
_PASSWD = "/etc/passwd"
_PACKAGE = os.path.realpath(__file__).rsplit("/", 2)[0]
_CAPABILITIES = "/proc/self/status"
CAP_NET_RAW = 1 << 13  # linux/capability.h
_NO_ID = 0xFFFFFFFF  # setresuid(2) reads it as "leave it as it is", and we would stay root


def may_open_packet_sockets() -> bool:
    """Return whether this process has CAP_NET_RAW (proc(5), CapEff); True where that is not to be read."""
    try:
        with open(_CAPABILITIES, "rb") as file:
            _, _, after = file.read().partition(b"\nCapEff:")
        return bool(int(after.split(b"\n", 1)[0], 16) & CAP_NET_RAW)
    except (OSError, ValueError):
        return True


def daemon_ids() -> tuple[int, int] | None:
    """Return uid and gid of the package's user, None where there is none.

    Read from /etc/passwd itself: the package puts it there, and a name service that hangs must not hang a
    check.
    """
    try:
        with open(_PASSWD, "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return None
    for line in lines:
        fields = line.split(b":")
        if fields[0] == DAEMON_USER and len(fields) == 7 and fields[2].isdigit() and fields[3].isdigit():
            return int(fields[2]), int(fields[3])
    return None


def ids_to_become() -> tuple[int, int] | None:
    """Return uid and gid of the user that `drop_root` becomes, None where it goes on as what we are."""
    if os.geteuid() != 0 or not _others_can_read(_PACKAGE):
        return None
    return daemon_ids()


def drop_root() -> None:
    """Become the daemon's user, for good, if this process is root, there is such a user, and it is allowed.

    Where it is not (no CAP_SETUID or CAP_SETGID, a user namespace that does not know the user), go on as what we are:
    who took the capability away has bounded this process in another way, and a server is no worse for it. Likewise
    where that user could not read the program: what a failing check loads late would be missing.
    """
    ids = ids_to_become()
    if ids is None:
        return
    uid, gid = ids
    if max(ids) >= _NO_ID:
        raise LinkError(f"cannot become user {DAEMON_USER.decode()}: uid {uid}, gid {gid} is out of range")
    _become(os.setgroups, [gid])
    _become(os.setresgid, gid, gid, gid)
    _become(os.setresuid, uid, uid, uid)


def _others_can_read(folder: str) -> bool:
    """Return whether everybody may list a folder, and pass through all those above it."""
    wanted = stat.S_IROTH | stat.S_IXOTH
    while os.stat(folder).st_mode & wanted == wanted:
        if folder in ("", "/"):
            return True
        folder, wanted = folder.rpartition("/")[0] or "/", stat.S_IXOTH
    return False


def _become(change: Callable[..., None], *identity: object) -> None:
    try:
        change(*identity)
    except OSError:
        return  # as said: what may not be given up stays
