# SPDX-License-Identifier: GPL-2.0-or-later
"""Which versions of keepalived can be told by track files. Apart from what writes them, which needs the templates."""

from __future__ import annotations

_SINCE = (2, 1, 0)
_CRASHES_FROM, _MENDED = (2, 3, 0), (2, 3, 3)


def version_fault(version: tuple[int, ...]) -> str | None:
    """Return why a version of keepalived cannot be told by track files, None: it can."""
    whole = (*version, 0, 0)[:3]
    shown = ".".join(map(str, version))
    if whole < _SINCE:
        return f"keepalived {shown} has no FILE_CHECK (since 2.1.0): the unknown block would end the real server early"
    if _CRASHES_FROM <= whole < _MENDED:
        return f"keepalived {shown} crashes at its start with any FILE_CHECK (2.3.0 to 2.3.2), and checks nothing then"
    return None
