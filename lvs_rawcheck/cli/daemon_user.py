# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck daemon` started by hand, as root: it becomes the package's user, as the service is.

What it needs of root is made first, in the way in which systemd makes it for the service: the folders that
tmpfiles.d names, and the control socket, which is passed on by number (sd_listen_fds(3)). Then it starts anew, through
setpriv(1), which keeps CAP_NET_RAW and takes all else away, now and later. So there is one way in which a daemon
that is not root works, and frames of strangers are never read as root.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from lvs_rawcheck.daemon.alive import FOLDER as ALIVE_FOLDER
from lvs_rawcheck.daemon.alive import SLOTS_FOLDER
from lvs_rawcheck.daemon.listening import FIRST_INHERITED, inherited_socket, listen_at
from lvs_rawcheck.daemon.track_files import FOLDER as TRACK_FOLDER
from lvs_rawcheck.daemon.verdict_files import FOLDER as VERDICT_FOLDER
from lvs_rawcheck.director.control_socket import SOCKET_NAME
from lvs_rawcheck.director.privileges import DAEMON_USER, ids_to_become
from lvs_rawcheck.director.state_folder import open_folder, open_folder_of
from lvs_rawcheck.errors import LinkError

FOLDERS = (VERDICT_FOLDER, TRACK_FOLDER, ALIVE_FOLDER, SLOTS_FOLDER)
_SETPRIV = "/usr/bin/setpriv"
_ONLY = "-all,+net_raw"


def become_daemon_user(state_folder: str, complain: Callable[[str], None]) -> None:
    """Start this command anew as the package's user, if we are root and there is one; else return.

    complain: told where it goes on as root. LinkError: that user is there, and cannot be become.
    """
    if os.geteuid() != 0:
        return
    ids = ids_to_become()
    if ids is None:
        user = DAEMON_USER.decode()
        complain(f"goes on as root: there is no user {user}, or it could not read this program")
        return
    _make_folders(state_folder, ids)
    listener = inherited_socket() or listen_at(f"{state_folder.rstrip('/')}/{SOCKET_NAME}", ids[1])
    os.dup2(listener.fileno(), FIRST_INHERITED)
    os.set_inheritable(FIRST_INHERITED, True)
    environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    try:
        os.execve(_SETPRIV, [*_setpriv(ids), sys.executable, *sys.orig_argv[1:]], environment)
    except OSError as error:
        raise LinkError(f"cannot become user {DAEMON_USER.decode()}: {_SETPRIV}: {error.strerror}") from error


def _make_folders(state_folder: str, ids: tuple[int, int]) -> None:
    try:
        state = open_folder(state_folder.rstrip("/") or state_folder, None)
        try:
            for name in FOLDERS:
                os.close(open_folder_of(name, state, ids))
        finally:
            os.close(state)
    except OSError as error:
        raise LinkError(f"{state_folder}: {error.strerror or 'open to others'}") from error


def _setpriv(ids: tuple[int, int]) -> list[str]:
    """Return the words before those of this command."""
    uid, gid = ids
    identity = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
    return ["setpriv", *identity, f"--bounding-set={_ONLY}", f"--inh-caps={_ONLY}", f"--ambient-caps={_ONLY}", "--"]
