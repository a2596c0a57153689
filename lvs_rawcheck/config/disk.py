# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration file off the disk: a regular one, never a device or a pipe that one would wait for."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

FILE_OCTETS_MAX = 64 << 20
_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


class Unusable(Exception):
    """A file that cannot be read: the sentence says why."""


@dataclass(frozen=True, slots=True)
class RegularFile:
    """What a regular file holds, and its mode."""

    octets: bytes
    mode: int

    @property
    def is_executable(self) -> bool:
        """Return whether anybody may execute it."""
        return bool(self.mode & _EXECUTABLE)


def read_regular_file(path: str) -> RegularFile:
    """Return a file, at most FILE_OCTETS_MAX long; raises Unusable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise Unusable(f"it cannot be opened: {getattr(error, 'strerror', error)}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        _require_regular(mode)
        octets = _read_all(descriptor)
    except OSError as error:
        raise Unusable(f"it cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(octets) > FILE_OCTETS_MAX:
        raise Unusable(f"it is longer than {FILE_OCTETS_MAX} octets")
    return RegularFile(octets, mode)


def _require_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise Unusable("it is a directory")
    if not stat.S_ISREG(mode):
        raise Unusable("it is no regular file")


def _read_all(descriptor: int) -> bytes:
    parts: list[bytes] = []
    left = FILE_OCTETS_MAX + 1
    while left > 0 and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
