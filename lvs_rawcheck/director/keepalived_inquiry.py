# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking the running keepalived for its dump: SIGUSR1, and the file that it writes then.

Reading list: propagate_signal() in keepalived/core/main.c; check_print_data() in check_print.c; open_dump_file() in
core/global_data.c and fopen_safe() in lib/utils.c: a temporary file is renamed to its name first and written
afterwards, so a file that is there need not be whole. It is once no process of keepalived's has it open any more.
The folder is TMPDIR of keepalived's environment, else /tmp, as keepalived sees it (a unit's PrivateTmp, a container).
Invariants: nothing is signalled but a process that executes keepalived and expects the signal, which would end any
other; /tmp is everybody's, so only a file counts that is keepalived's user's own, new, and no link.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from stat import S_ISREG

from lvs_rawcheck import clock
from lvs_rawcheck.director.keepalived_dump import Dump, parse_dump
from lvs_rawcheck.director.keepalived_process import Keepalived, executes_keepalived
from lvs_rawcheck.errors import LinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Identity = tuple[int, int, int]

ANSWER_SECONDS = 10.0  # a checker process with tens of thousands of servers takes its time
_PACE_MS = 20
_DEFAULT_FOLDER = "/tmp"  # KA_TMP_DIR of configure.ac
# keepalived_check.data; with `data_use_instance` keepalived_check.NAMESPACE_INSTANCE.data.
_PREFIX, _SUFFIX = "keepalived_check.", ".data"
_DUMP_OCTETS_MOST = 1 << 30  # a site of 37,000 servers fills 45 MB
_TMPDIR = b"TMPDIR=/"


def ask_for_dump(keepalived: Keepalived, limit_s: float = ANSWER_SECONDS, proc: str = "/proc") -> tuple[Dump, float]:
    """Return what keepalived says of itself now, and the time of day at which it said so, in seconds since 1970.

    limit_s: how long it may take. LinkError: it cannot be asked, does not answer, or what it wrote cannot be read.
    """
    asked = keepalived.checker or keepalived.parent
    folders = _Folders(proc, asked)
    try:
        process = os.pidfd_open(asked)
    except OSError as error:
        folders.close()
        raise LinkError(f"keepalived (process {asked}) cannot be asked for its dump: {error.strerror}") from error
    try:
        old = {identity for _, _, identity in folders.dumps()}
        _demand_expected(proc, asked)
        signal.pidfd_send_signal(process, signal.SIGUSR1)
        return _parse(_wait_for_dump(folders, old, keepalived, process, limit_s))
    except ProcessLookupError as error:
        raise LinkError(f"keepalived (process {asked}) has ended") from error
    except PermissionError as error:
        raise LinkError("keepalived cannot be asked for its dump: this needs root") from error
    finally:
        os.close(process)
        folders.close()


def read_dump(path: str) -> tuple[Dump, float]:
    """Return what a dump says that was asked for before, and when it was written, seconds since 1970; LinkError."""
    try:
        return _parse(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        raise LinkError(f"keepalived's dump cannot be read: {path}: {error.strerror}") from error


def _demand_expected(proc: str, pid: int) -> None:
    """Raise LinkError unless a process is keepalived, and SIGUSR1 does not end it."""
    bit = 1 << signal.SIGUSR1 - 1
    # Blocked: it is read from a signalfd, as keepalived does.
    if executes_keepalived(proc, pid) and any(int(_status(proc, pid, mask), 16) & bit for mask in ("SigBlk", "SigCgt")):
        return
    raise LinkError(f"process {pid} does not expect the signal that asks keepalived for its dump: is it starting?")


def _wait_for_dump(folders: _Folders, old: set[Identity], keepalived: Keepalived, process: int, limit_s: float) -> int:
    """Return a descriptor of the dump once it is whole. process: a pidfd, which is readable when the process ends."""
    deadline = clock.now() + limit_s
    ended = select.poll()
    ended.register(process, select.POLLIN)
    while True:
        for folder, name, identity in folders.dumps():
            if identity not in old and not folders.being_written(identity, keepalived):
                return folders.open(folder, name)
        if ended.poll(_PACE_MS):
            raise LinkError("keepalived ended when it was asked for its dump")
        if clock.now() >= deadline:
            raise LinkError(
                f"keepalived has not written its dump {limit_s:g} s after it was asked: its process hangs, its disk is"
                f" full, or `state_dump_file` leads elsewhere (then name the file: --dump FILE)"
            )


class _Folders:
    """The folders where the dump may appear, open. Whoever makes it closes it."""

    def __init__(self, proc: str, pid: int) -> None:
        self._proc = proc
        self._owner = int(_status(proc, pid, "Uid").split()[1])  # the effective one
        self._descriptors: list[int] = []
        for path in _temporary_folders(proc, pid):
            try:
                descriptor = os.open(f"{proc}/{pid}/root{path}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError:
                continue
            self._descriptors.append(descriptor)
        if not self._descriptors:
            raise LinkError(f"the folder into which keepalived (process {pid}) writes its dump cannot be opened")

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)

    def dumps(self) -> Iterator[tuple[int, str, Identity]]:
        """Yield the files that may be dumps: folder, name and identity."""
        for folder in self._descriptors:
            for name in os.listdir(folder):
                if not (name.startswith(_PREFIX) and name.endswith(_SUFFIX)):
                    continue
                try:
                    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if self._is_keepalived_s(found):
                    yield folder, name, _identity(found)

    def open(self, folder: int, name: str) -> int:
        """Return a descriptor of a dump; LinkError: it is none, whatever it was a moment ago."""
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError as error:
            raise LinkError(f"keepalived's dump {name} cannot be read: {error.strerror}") from error
        if not self._is_keepalived_s(os.fstat(descriptor)):
            os.close(descriptor)
            raise LinkError(f"keepalived's dump {name} was replaced by somebody else")
        return descriptor

    def being_written(self, identity: Identity, keepalived: Keepalived) -> bool:
        """Return whether a process of keepalived's has a file open."""
        for pid in keepalived.processes:
            folder = f"{self._proc}/{pid}/fd"
            try:
                names = os.listdir(folder)
            except FileNotFoundError:
                continue
            for name in names:
                try:
                    found = os.stat(f"{folder}/{name}")
                except OSError:
                    continue  # closed meanwhile, or nothing that can be looked at
                if (found.st_dev, found.st_ino) == identity[:2]:
                    return True
        return False

    def _is_keepalived_s(self, found: os.stat_result) -> bool:
        # A further name for another file of root's is made by anybody where fs.protected_hardlinks is off, proc(5).
        return S_ISREG(found.st_mode) and found.st_uid == self._owner and found.st_nlink == 1


def _identity(found: os.stat_result) -> Identity:
    """Return what tells a file from an older one of its name, also where its inode number is used again."""
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _status(proc: str, pid: int, name: str) -> str:
    """Return a line of /proc/PID/status; LinkError where the process is gone."""
    try:
        with open(f"{proc}/{pid}/status", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                if line.startswith(f"{name}:"):
                    return line.partition(":")[2].strip()
    except OSError as error:
        raise LinkError(f"keepalived (process {pid}) cannot be looked at: {error.strerror}") from error
    raise LinkError(f"keepalived (process {pid}) cannot be looked at: no {name} in its status")


def _temporary_folders(proc: str, pid: int) -> list[str]:
    """Return the folders that a dump may be written to; before 2.1 TMPDIR was not heeded."""
    try:
        with open(f"{proc}/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        variables = []
    given = [each.partition(b"=")[2] for each in variables if each.startswith(_TMPDIR)]
    return list(dict.fromkeys([*map(os.fsdecode, given), _DEFAULT_FOLDER]))


def _parse(descriptor: int) -> tuple[Dump, float]:
    """Return what the dump says behind a descriptor, which is closed, and when it was written."""
    with os.fdopen(descriptor, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        found = os.fstat(descriptor)
        if not S_ISREG(found.st_mode) or found.st_size > _DUMP_OCTETS_MOST:
            raise LinkError("keepalived's dump is no file, or larger than any dump")
        return parse_dump(file), found.st_mtime
