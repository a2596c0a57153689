# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a file goes: this host, or a folder that stands for the root of another one.

In such a folder a path means what it means after chroot(2): an absolute symbolic link begins at the folder, and `..`
does not lead out of it. So nothing that a link in the tree says lets anything be written outside.
"""

from __future__ import annotations

import os

from lvs_rawcheck.errors import ConfigSyntaxError, UsageError

_LINKS_MOST = 40  # MAXSYMLINKS, include/linux/namei.h


class Tree:
    """The place of every file. root: the folder, None for this host."""

    def __init__(self, root: str | None = None) -> None:
        if root is not None and not os.path.isdir(root):
            raise UsageError(f"no folder: {root!r}")
        self.root = None if root is None else os.path.realpath(root)
        self._named = "" if root is None else os.path.abspath(root)

    def holds(self, path: str) -> bool:
        """Return whether a path lies in the folder as it is."""
        return self.root is not None and self._inside(self.root, path) is not None

    def place(self, path: str) -> str:
        """Return where a file is put, symbolic links followed; ConfigSyntaxError: they lead nowhere.

        What lies in the folder already stays where it is; anything else goes to the folder and its own path.
        """
        if self.root is None:
            return os.path.realpath(path)
        inside = self._inside(self.root, path)
        return self._followed(self.root, os.path.abspath(path) if inside is None else inside)

    def _inside(self, root: str, path: str) -> str | None:
        """Return a path of this host as one of the folder, None where it is not in there."""
        path = os.path.abspath(path)
        for folder in (root, self._named):
            if os.path.commonpath((folder, path)) == folder:
                return os.path.relpath(path, folder)
        return None

    def _followed(self, root: str, path: str) -> str:
        waiting = _parts(path)[::-1]
        found: list[str] = []
        links = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                del found[-1:]
                continue
            here = "/".join((root, *found, part))
            if not os.path.islink(here):
                found.append(part)
                continue
            links += 1
            if links > _LINKS_MOST:
                raise ConfigSyntaxError(path, 0, 0, f"too many symbolic links in {root}")
            target = os.readlink(here)
            if target.startswith("/"):
                found = []
            waiting += _parts(target)[::-1]
        return "/".join((root.rstrip("/"), *found))


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
