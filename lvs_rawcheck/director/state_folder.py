# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders under /run/lvs-rawcheck: made where they are missing, and used only where nobody else can arrange things.

Root never writes into a folder that the daemon's user owns. A one-shot writes what it found after it has given up
root: so a folder of results belongs to the user that it becomes, in a folder of root's.
"""

from __future__ import annotations

import os
from stat import S_ISREG, S_IWGRP, S_IWOTH

FOLDER_MODE = 0o755
_OWN_ONLY = S_IWGRP | S_IWOTH


def open_folder(path: str, parent: int | None) -> int:
    """Return a descriptor of a folder that only root or we can write to, made where it is missing; OSError.

    path: relative to the folder `parent`, or a path of its own (None), whose last part is no symbolic link.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    made = False
    try:
        folder = os.open(path, flags, dir_fd=parent)
    except FileNotFoundError:
        made = _make_folder(path, parent)
        folder = os.open(path, flags, dir_fd=parent)
    try:
        if not nobody_else_writes(os.fstat(folder)):
            raise PermissionError(path)
        if made:
            os.fchmod(folder, FOLDER_MODE)  # keepalived's umask, 0177, has narrowed it
    except OSError:
        os.close(folder)
        raise
    return folder


def _make_folder(path: str, parent: int | None) -> bool:
    """Return whether it was made: another check may have been faster."""
    try:
        os.mkdir(path, FOLDER_MODE, dir_fd=parent)
    except FileExistsError:
        return False
    return True


def open_state(state_dir: str, name: str) -> int:
    """Return a descriptor of the folder `name` of a state folder, both made where they are missing; OSError."""
    state = open_folder(state_dir.rstrip("/") or state_dir, None)  # O_NOFOLLOW follows a link that ends in a slash
    try:
        return open_folder(name, state)
    finally:
        os.close(state)


def is_still_at(folder: int, path: str) -> bool:
    """Return whether an open folder is the one that others find at its path."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return os.path.samestat(found, os.fstat(folder))


def nobody_else_writes(found: os.stat_result) -> bool:
    """Return whether only root, or the user that we are, can write to what was found."""
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & _OWN_ONLY


def read_line(folder: int, name: str, octets_most: int) -> str:
    """Return the first line of a file, without its end; OSError, and ValueError for what is no ASCII."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{name}: not a file")
        return os.read(descriptor, octets_most).split(b"\n", 1)[0].decode("ascii")
    finally:
        os.close(descriptor)


def write_line(folder: int, name: str, line: str, staging: int | None = None) -> None:
    """Put a file that everybody may read in its place, whole or not at all; OSError, ValueError for what is no ASCII.

    staging: another folder of this file system, to write it in where `folder` is watched.
    """
    octets = f"{line}\n".encode("ascii")
    beside = folder if staging is None else staging
    temporary = f".{name}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC  # one of that name was left behind
    descriptor = os.open(temporary, flags, 0o644, dir_fd=beside)
    try:
        try:
            os.fchmod(descriptor, 0o644)
            os.write(descriptor, octets)
        finally:
            os.close(descriptor)
        os.rename(temporary, name, src_dir_fd=beside, dst_dir_fd=folder)
    except OSError:
        os.unlink(temporary, dir_fd=beside)
        raise


class ResultFile:
    """One file of results: STATE/<folder>/<service>/<real server>, opened as root, written as what we become.

    become: the ids of that user, None: we stay what we are. Where it is not to be had, nothing is read or written: no
    verdict depends on it.
    """

    __slots__ = ("_folder", "_name")

    def __init__(
        self, state_dir: str, folder: str, service: str, real_server: str, become: tuple[int, int] | None
    ) -> None:
        self._name = real_server
        self._folder: int | None = None
        try:
            parent = open_state(state_dir, folder)
            try:
                self._folder = open_folder_of(service, parent, become)
            finally:
                os.close(parent)
        except (OSError, ValueError):
            self._folder = None

    def read(self, octets_most: int) -> str:
        """Return its line, "" where there is none."""
        try:
            return read_line(self._folder, self._name, octets_most) if self._folder is not None else ""
        except (OSError, ValueError):
            return ""

    def write(self, line: str) -> None:
        """Replace its line."""
        if self._folder is None:
            return
        try:
            if os.fstat(self._folder).st_uid == os.geteuid():
                write_line(self._folder, self._name, line)
        except (OSError, ValueError):
            return  # a full /run: the line before this one is older, and says so


def open_folder_of(name: str, parent: int, become: tuple[int, int] | None) -> int:
    """Return a folder in one of root's that belongs to the user we become; it may have belonged to it before."""
    if os.geteuid() != 0:
        return open_folder(name, parent)
    owner = become or (0, 0)
    _make_folder(name, parent)
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        if os.fstat(folder).st_uid != owner[0]:
            os.fchown(folder, *owner)
        os.fchmod(folder, FOLDER_MODE)
    except OSError:
        os.close(folder)
        raise
    return folder
