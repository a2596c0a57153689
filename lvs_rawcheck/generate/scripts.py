# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a script may be run as root, and would be.

keepalived drops the check of one that it would not run as it loads, and the server is up for ever. What it looks at is
in check_script_secure and check_security (lib/notify.c): there, executable for its user, and each component of its path
root's own and writable to nobody else, sticky folders excepted. It looks only where it is told to
(enable_script_security), and ldirectord never; we look always, since the scripts of ours run as root.

What keepalived does not look at is the interpreter. Where that is missing the check ends with 0, which is healthy.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator

_INTERPRETER_OCTETS = 256  # BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h
_LINKS_MOST = 40


def script_fault(path: str, user: str | None, group: str | None = None) -> str | None:
    """Return why a script would not run as this user, or not safely, None where nothing is wrong.

    user, group: None: root.
    """
    if not path.startswith("/"):
        return f"{path}: not an absolute path"
    try:
        uid, gid = _ids(user, group)
    except KeyError as error:
        return f"{path}: there is no user or group {error.args[0]!r} for it to run as"
    try:
        return _fault(path, uid, gid) or _interpreter_fault(path, uid, gid)
    except OSError as error:
        return f"{path}: {error.strerror}"


def folder_fault(path: str) -> str | None:
    """Return why others than root could put a program into a folder, None where they could not.

    path: where there is none yet, the folder that it will be made in counts.
    """
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    try:
        return _way_fault(path, 0, 0)
    except OSError as error:
        return f"{path}: {error.strerror}"


def _ids(user: str | None, group: str | None) -> tuple[int, int]:
    uid, gid = 0, 0
    if user is not None:
        try:
            account = pwd.getpwnam(user)
        except KeyError:
            raise KeyError(user) from None
        uid, gid = account.pw_uid, account.pw_gid
    if group is not None:
        try:
            gid = grp.getgrnam(group).gr_gid
        except KeyError:
            raise KeyError(group) from None
    return uid, gid


def _fault(path: str, uid: int, gid: int) -> str | None:
    fault = _way_fault(path, uid, gid)
    if fault is not None:
        return fault
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        return f"{path}: is no file"
    if not _may_execute(found, uid, gid):
        return f"{path}: its user may not execute it"
    return None


def _way_fault(path: str, uid: int, gid: int) -> str | None:
    """Return what is wrong with a component of a path, the last one included."""
    for component in _components(path):
        found = os.lstat(component)
        if stat.S_ISLNK(found.st_mode):
            if found.st_uid != 0:
                return f"{component}: a symbolic link that is not root's"
            continue
        if found.st_uid != 0:
            return f"{component}: is not root's"
        if _others_write(found):
            return f"{component}: others than root can write there"
        if stat.S_ISDIR(found.st_mode) and not _may_execute(found, uid, gid):
            return f"{component}: the script's user cannot pass through"
    return None


def _others_write(found: os.stat_result) -> bool:
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX:
        return False
    group_writes = found.st_mode & stat.S_IWGRP and found.st_gid != 0
    return bool(group_writes or found.st_mode & stat.S_IWOTH)


def _may_execute(found: os.stat_result, uid: int, gid: int) -> bool:
    if uid == 0:
        return bool(found.st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)) or stat.S_ISDIR(found.st_mode)
    if found.st_uid == uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _interpreter_fault(path: str, uid: int, gid: int) -> str | None:
    with open(path, "rb") as file:
        first = file.read(_INTERPRETER_OCTETS).split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return None
    words = first[2:].split()
    if not words:
        return f"{path}: names no interpreter"
    interpreter = os.fsdecode(words[0])
    try:
        fault = _fault(interpreter, uid, gid)
    except OSError as error:
        fault = f"{interpreter}: {error.strerror}"
    return f"{path}: its interpreter does not run: {fault}" if fault is not None else None


def _components(path: str) -> Iterator[str]:
    """Yield each folder and link on the way, from the root on, then the file itself; OSError."""
    waiting = [part for part in path.split("/") if part not in ("", ".")][::-1]
    here = ""
    links = 0
    yield "/"
    while waiting:
        part = waiting.pop()
        if part == "..":
            here = here.rpartition("/")[0]
            continue
        there = f"{here}/{part}"
        yield there
        if not os.path.islink(there):
            here = there
            continue
        links += 1
        if links > _LINKS_MOST:
            raise OSError(None, "too many symbolic links")
        target = os.readlink(there)
        here = "" if target.startswith("/") else here
        waiting += [each for each in target.split("/") if each not in ("", ".")][::-1]
