# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading what `results` has written: the last verdict of a check, by whoever wants to know what was found last."""

from __future__ import annotations

import os

from lvs_rawcheck.director.state_folder import read_line
from lvs_rawcheck.wire.value import Value

_LINE_OCTETS = 4096
_WORDS = 7
_BACKUP = "0"


class LastLine(Value):
    """One line of last/. written: seconds of uptime; path: `raw`, `standard` or `-`; is_backup: by its role then."""

    __slots__ = ("healthy", "is_backup", "path", "reason", "written")

    def __init__(self, written: int, healthy: bool, path: str, is_backup: bool, reason: str) -> None:
        self.written = written
        self.healthy = healthy
        self.path = path
        self.is_backup = is_backup
        self.reason = reason


def read_last(state_dir: str, service: str, real_server: str) -> LastLine | None:
    """Return the last verdict of a check, None where there is none that can be read."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        folder = os.open(f"{state_dir}/last/{service}", flags | os.O_NOFOLLOW)
        try:
            return _parse(read_line(folder, real_server, _LINE_OCTETS))
        finally:
            os.close(folder)
    except (OSError, ValueError):
        return None


def _parse(line: str) -> LastLine:
    words = line.split(" ")
    if len(words) != _WORDS or words[2] not in ("0", "1"):
        raise ValueError(f"not a verdict: {line[:80]!r}")
    return LastLine(int(words[0]), words[2] == "0", words[3], words[4] == _BACKUP, words[6])
