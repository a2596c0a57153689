# SPDX-License-Identifier: GPL-2.0-or-later
"""A file in the place of another, whole or not at all, and what was there kept beside it.

A temporary file in the same folder, fsync(2), rename(2), and the folder's fsync: after a crash there is the old file or
the new one. Mode, owner and extended attributes are the old one's, but never an x bit: keepalived reads no executable
file, and says nothing (lib/parser.c, check_glob_file).

All names of ours begin with a dot, which no wildcard of an include matches (glob(7)).

ldirectord sees a change by another time of the file, in whole seconds (check_cfgfile): what replaces a file is always
younger by that measure, and what is kept of it has its time, for the day on which it is moved back.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count

_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
BACKUP_MARK = "lvs-rawcheck"


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it is. attributes: its extended ones, ACLs among them."""

    octets: bytes
    status: os.stat_result
    attributes: tuple[tuple[str, bytes], ...] = ()


@contextmanager
def opened_folder(path: str) -> Iterator[int]:
    """Yield a descriptor of a folder; OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def found_in(folder: int, name: str) -> Found | None:
    """Return a file, None where there is none; OSError: it cannot be read, or is a link."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        attributes = []
        with suppress(OSError):  # a file system without any
            attributes = [(each, os.getxattr(descriptor, each)) for each in os.listxattr(descriptor)]
        return Found(file.read(), os.fstat(descriptor), tuple(attributes))


def put(folder: int, name: str, octets: bytes, like: Found | None, mode: int = 0o600) -> None:
    """Put a file in its place; OSError: what was there is there still.

    like: whose mode, owner and attributes it gets; None: ours and `mode`. One caller at a time.
    """
    temporary = f".{name}.{BACKUP_MARK}-new"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)  # of a run that did not come to its end
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            _take_after(descriptor, like, mode)
            if like is not None:
                _be_younger(descriptor, like.status)
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


def _take_after(descriptor: int, like: Found | None, mode: int) -> None:
    if like is None:
        os.fchmod(descriptor, mode)
        return
    ours = os.fstat(descriptor)
    if (like.status.st_uid, like.status.st_gid) != (ours.st_uid, ours.st_gid):
        os.fchown(descriptor, like.status.st_uid, like.status.st_gid)
    for name, value in like.attributes:
        with suppress(OSError):  # another label may not be ours to give, and the folder's default is right then
            os.setxattr(descriptor, name, value)
    # Last: a change of owner takes bits away, and an ACL sets the group's.
    os.fchmod(descriptor, stat.S_IMODE(like.status.st_mode) & ~_EXECUTABLE)


def _be_younger(descriptor: int, than: os.stat_result) -> None:
    """Give a file a later time than another's in whole seconds, where its own is not one."""
    after = int(than.st_mtime) + 1
    if os.fstat(descriptor).st_mtime < after:
        os.utime(descriptor, (after, after))


def free_stamp(folders: Iterable[str], time: str) -> str:
    """Return a stamp for backups that nothing in these folders bears yet. time: date and time."""
    names = [name for folder in folders for name in os.listdir(folder)]
    for number in count(1):
        stamp = time if number == 1 else f"{time}-{number}"
        if not any(name.endswith(f".{stamp}.{BACKUP_MARK}") for name in names):
            return stamp
    raise AssertionError  # never: there is always a further number


def back_up(folder: int, name: str, found: Found, stamp: str) -> str:
    """Keep a file as it is beside it, and return what that is called."""
    backup = _backup_name(name, stamp)
    put(folder, backup, found.octets, found)
    times = found.status.st_atime_ns, found.status.st_mtime_ns
    os.utime(backup, ns=times, dir_fd=folder, follow_symlinks=False)
    return backup


def back_up_program(folder: int, name: str, found: Found, stamp: str) -> str:
    """Keep a program as it is beside it, as one that can still be run, and return what that is called."""
    backup = _backup_name(name, stamp)
    put(folder, backup, found.octets, None, stat.S_IMODE(found.status.st_mode))
    return backup


def _backup_name(name: str, stamp: str) -> str:
    return f".{name}.{stamp}.{BACKUP_MARK}"
