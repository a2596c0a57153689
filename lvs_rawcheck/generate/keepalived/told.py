# SPDX-License-Identifier: GPL-2.0-or-later
"""Which FILE_CHECKs of a configuration go by which track files, and which of those are the daemon's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lvs_rawcheck.config.keepalived.model import Checker, TrackFile
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.generate.keepalived.existing import FILE_CHECK
from lvs_rawcheck.generate.track_files import track_file_path
from lvs_rawcheck.registry.names import parse_check_id


def told_by_track_file(checker: Checker, files: Mapping[str, TrackFile]) -> str | None:
    """Return the ID of the check whose track file a FILE_CHECK goes by, None: it is none of ours.

    files: the blocks of the configuration, by name.
    """
    name = checker.parameters.get("track_file") if checker.kind == FILE_CHECK else None
    block = files.get(name) if isinstance(name, str) else None
    if block is None or block.file is None:
        return None
    try:
        parse_check_id(block.name)
    except UsageError:
        return None
    state = block.file.rpartition("/")[0].rpartition("/")[0]
    return block.name if block.file == track_file_path(state, block.name) else None


def names_used(checkers: Iterable[Checker]) -> set[str]:
    """Return the track files that FILE_CHECKs go by, ours and the site's."""
    names = (checker.parameters.get("track_file") for checker in checkers if checker.kind == FILE_CHECK)
    return {name for name in names if isinstance(name, str)}
