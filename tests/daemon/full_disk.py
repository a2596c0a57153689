# SPDX-License-Identifier: GPL-2.0-or-later
"""A small tmpfs of one's own, to be filled to the last page: /run is one too."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAGES = 64
_PAGE = 4096  # octets


class Disk:
    """The file system below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no space for one octet more."""
        with self._filler.open("wb", buffering=0) as file:
            for _ in range(2 * _PAGES):
                try:
                    file.write(b"x" * _PAGE)
                except OSError:
                    return
        raise AssertionError("it does not become full")

    def make_room(self) -> None:
        """Take away what fills it."""
        self._filler.unlink()


@contextmanager
def full_disk() -> Iterator[Disk]:
    """Mount one, for root."""
    with tempfile.TemporaryDirectory() as name:
        options = f"size={_PAGES * _PAGE},mode=0755"
        subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", name], check=True)
        try:
            yield Disk(Path(name))
        finally:
            subprocess.run(["/bin/umount", "-l", name], check=True)
