# SPDX-License-Identifier: GPL-2.0-or-later
"""The files by which the daemon tells keepalived: where they are, and whether there is a verdict in each.

keepalived takes a file that is missing for `0`, up (keepalived/trackers/track_file.c). So nothing that names one is
written before a daemon that lives has put a verdict there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from lvs_rawcheck import clock
from lvs_rawcheck.director.state_folder import read_line

UP, DOWN = "0", "1"
_FOLDER = "track"
_ALIVE = ("daemon", "alive")
_ALIVE_OCTETS = 64
_ALIVE_SECONDS = 15.0  # three of its signs of life
_SHOWN = 3


def track_file_path(state: str, check_id: str) -> str:
    """Return where the daemon says how a check stands."""
    service, _, real_server = check_id.partition("/")
    return f"{state.rstrip('/')}/{_FOLDER}/{service}@{real_server}"


def read_track_file(state: str, check_id: str) -> str | None:
    """Return UP or DOWN, None where there is no verdict."""
    folder, name = os.path.split(track_file_path(state, check_id))
    found = _line(folder, name, 2)
    return found if found in (UP, DOWN) else None


def without_verdict(state: str, check_ids: Iterable[str]) -> list[str]:
    """Return why keepalived may not be told by the track files of these checks, a sentence each; []: it may."""
    wanted = list(dict.fromkeys(check_ids))
    missing = [check_id for check_id in wanted if read_track_file(state, check_id) is None]
    found = []
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        names = ", ".join(missing[:_SHOWN])
        found.append(
            f"{len(missing)} of {len(wanted)} checks have no track file with a verdict in {state}/{_FOLDER}, which"
            f" keepalived would take for up: {names}{more}"
        )
    if wanted and not is_daemon_alive(state):
        found.append(f"no daemon keeps {state}: what its track files say would stay as it is")
    return found


def is_daemon_alive(state: str) -> bool:
    """Return whether a daemon has given a sign of life a moment ago."""
    word = (_line(f"{state.rstrip('/')}/{_ALIVE[0]}", _ALIVE[1], _ALIVE_OCTETS) or "").partition(" ")[0]
    return word.isascii() and word.isdigit() and 0 <= clock.uptime() - int(word) < _ALIVE_SECONDS


def _line(folder: str, name: str, octets_most: int) -> str | None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            return read_line(descriptor, name, octets_most)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None
