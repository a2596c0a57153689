# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder of service files, and their octets.

Files are opened relative to the folder's descriptor and never through a symbolic link; a FIFO holds nobody up; what is
larger than any service is not read.
"""

from __future__ import annotations

import os
from errno import EFBIG, EINVAL, ELOOP
from stat import S_ISREG

SUFFIX = ".toml"
FILE_OCTETS_MOST = 4 << 20  # room for 50,000 real servers


class ServiceFolder:
    """One folder, open; use as a context manager. OSError: it cannot be opened."""

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._descriptor = os.open(path, flags)

    def __enter__(self) -> ServiceFolder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def file_names(self) -> list[str]:
        """Return the names of the service files, sorted; an editor's own, which begin with a dot, are none."""
        return sorted(name for name in os.listdir(self._descriptor) if is_service_file(name))

    def read(self, file_name: str) -> bytes:
        """Return what a file holds; OSError."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(file_name, flags, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno == ELOOP:
                raise OSError(ELOOP, "a symbolic link, which is not followed") from error
            raise
        try:
            found = os.fstat(descriptor)
            if not S_ISREG(found.st_mode):
                raise OSError(EINVAL, "not a file")
            if found.st_size > FILE_OCTETS_MOST:
                raise OSError(EFBIG, f"larger than {FILE_OCTETS_MOST} octets")
            return _read_all(descriptor)
        finally:
            os.close(descriptor)

    def path_of(self, file_name: str) -> str:
        """Return a file's path, for messages."""
        return f"{self.path.rstrip('/')}/{file_name}"


def is_service_file(file_name: str) -> bool:
    """Return whether a file of this name is a service's."""
    return file_name.endswith(SUFFIX) and not file_name.startswith(".")


def _read_all(descriptor: int) -> bytes:
    """Return at most FILE_OCTETS_MOST octets, also of a file that grows meanwhile."""
    octets = b""
    while len(octets) < FILE_OCTETS_MOST:
        more = os.read(descriptor, FILE_OCTETS_MOST - len(octets))
        if not more:
            break
        octets += more
    return octets
