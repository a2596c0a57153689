# SPDX-License-Identifier: GPL-2.0-or-later
"""track/<service>@<real server>: `0` up, `1` down, for keepalived's FILE_CHECK with `weight 0`.

keepalived watches the folder, not the file (inotify: IN_CLOSE_WRITE, IN_DELETE, IN_MOVE), and reads a file that is
missing as 0 (keepalived/trackers/track_file.c). Nothing here expires. From this follows all of it:

- Nothing is written before the first verdict. A file that is missing says what keepalived supposes of each server as
  it starts: up. A `1` in its place would take a whole site out where we cannot judge, and a `0` would be a verdict
  that nobody has found, while `generate` asks for a file of each check so as to know that there is a verdict. Who wants
  files to be there before keepalived reads any starts keepalived after the daemon has said that it is ready.
- What was known stays when it is known no more: our failure is not the server's, and there is no third value. The
  check that the site had before stands beside the FILE_CHECK for that.
- No file is ever removed, and the folder never made anew: either would read as up, of a server that may be down, and
  a folder made anew is not watched. A file that somebody else has removed is written again. One whose check is gone
  keeps its last value, which is said; /run forgets it at the next boot, or an administrator removes it once keepalived
  does not name it any more.
- A file is replaced only if its content changes, also over a restart of the daemon: each is a scan of all files for
  keepalived. It is written in another folder first, since its being closed would be an event too.
- Where there is no space for a new file, the digit is overwritten in the old one: one octet, which was there or is
  there, and nothing in between.
"""

from __future__ import annotations

import errno
import logging
import os
from collections import deque
from collections.abc import Collection

from lvs_rawcheck.daemon.alive import FOLDER as STAGING
from lvs_rawcheck.daemon.state import CheckState
from lvs_rawcheck.daemon.write_faults import WriteFaults
from lvs_rawcheck.director.state_folder import is_still_at, open_state, read_line, write_line

logger = logging.getLogger(__name__)

FOLDER = "track"
_UP, _DOWN = "0", "1"
_REWRITTEN_AT_ONCE = 50
"""Files: a millisecond or two, which delays no check."""
_REMEDY = "start this daemon anew, then keepalived"


class TrackFiles:
    """Keeps the folder; OSError: it is not to be had. Whoever makes one closes it."""

    def __init__(self, state_dir: str) -> None:
        self._folder = open_state(state_dir, FOLDER)
        try:
            self._staging = open_state(state_dir, STAGING)
        except OSError:
            os.close(self._folder)
            raise
        _remove_temporaries(self._staging)
        self._path = f"{state_dir.rstrip('/')}/{FOLDER}"
        self._in_place = True
        self._told: dict[str, str] = {}
        """What is in the file of a check, by its ID."""
        self._to_rewrite: deque[str] = deque()
        self._faults = WriteFaults("track file", "keepalived goes on with what it was told before")

    def close(self) -> None:
        """Leave the files as they are: keepalived may watch them."""
        os.close(self._folder)
        os.close(self._staging)

    def note(self, state: CheckState) -> None:
        """Write a check's file if its verdict has changed. Call it after each of its results."""
        healthy = state.healthy
        if healthy is None:
            return
        digit = _UP if healthy else _DOWN
        told = self._told.get(state.check_id)
        if told is None:
            told = self._present(state.check_id)
        if told != digit:
            self._write(state.check_id, digit)
        else:
            self._told[state.check_id] = digit

    def rewrite_all(self) -> None:
        """Write all of them again, with `rewrite_some`: another keepalived may have missed changes as it started.

        It reads the files before it watches them (or, by `init_file`, puts something else into them).
        """
        self._to_rewrite = deque(self._told)

    def rewrite_some(self) -> bool:
        """Write a few of those that are still to be written again; return whether there are more."""
        for _ in range(min(_REWRITTEN_AT_ONCE, len(self._to_rewrite))):
            check_id = self._to_rewrite.popleft()
            told = self._told.get(check_id)
            if told is not None:
                self._write(check_id, told)
        return bool(self._to_rewrite)

    def restore(self) -> None:
        """Write those again that somebody else has removed: to keepalived each is up. Call it every few seconds.

        A folder that was removed or replaced as a whole is nobody's to restore: keepalived watches the one before.
        """
        in_place = is_still_at(self._folder, self._path)
        if self._in_place and not in_place:
            logger.error("%s was removed or replaced: keepalived hears nothing more; %s", self._path, _REMEDY)
        self._in_place = in_place
        if not in_place:
            return
        try:
            there = set(os.listdir(self._folder))
        except OSError:
            return  # no descriptor is free: the next look will do
        for check_id, digit in self._told.items():
            if _name(check_id) not in there:
                logger.error("track file of %s was removed, which keepalived reads as up: written again", check_id)
                self._write(check_id, digit)

    def keep_only(self, check_ids: Collection[str]) -> None:
        """Write no more for any but these checks; files of others stay, and that is said."""
        kept = frozenset(check_ids)
        for check_id in self._told.keys() - kept:
            del self._told[check_id]
            self._faults.forget(check_id)
        names = {_name(check_id) for check_id in kept}
        left = sorted(name for name in os.listdir(self._folder) if name not in names)
        if left:
            sentence = "%d track files of no check any more, as %s: not removed, since keepalived would read that as up"
            logger.warning(sentence, len(left), left[0])

    def _present(self, check_id: str) -> str | None:
        """Return what the daemon before this one has written, None for nothing that it would have."""
        try:
            found = read_line(self._folder, _name(check_id), 2)
        except (OSError, ValueError):
            return None
        return found if found in (_UP, _DOWN) else None

    def _write(self, check_id: str, digit: str) -> None:
        name = _name(check_id)
        try:
            try:
                write_line(self._folder, name, digit, self._staging)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                _overwrite(self._folder, name, digit)
        except OSError as error:
            self._faults.failed(check_id, error)
            return
        self._told[check_id] = digit
        self._faults.succeeded(check_id)


def _name(check_id: str) -> str:
    service, _, real_server = check_id.partition("/")
    return f"{service}@{real_server}"


def _remove_temporaries(folder: int) -> None:
    """Take away what a daemon that was killed left half-written."""
    for name in os.listdir(folder):
        if name.startswith("."):
            os.unlink(name, dir_fd=folder)


def _overwrite(folder: int, name: str, digit: str) -> None:
    """Change the first octet of a file that is there."""
    descriptor = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.pwrite(descriptor, digit.encode("ascii"), 0)
    finally:
        os.close(descriptor)
