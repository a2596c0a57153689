# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether an address is a VIP of the registry: asked of the files themselves, each time.

A check needs to know it of one address only, its source. So a file is parsed only when it could name that
address: reading text is a hundred times cheaper than loading a TOML parser, and most sites have nothing to
find.
"""

from __future__ import annotations

import os

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, parse_address

_SUFFIX = ".toml"


class RegistryVips:
    """The VIPs of one folder of service files; a folder that is not there holds none."""

    __slots__ = ("_folder",)

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def holds(self, address: bytes) -> bool:
        """Return whether a service file has the address, 4 or 16 octets, among its endpoints.

        A file that cannot be read or parsed counts as naming what its text seems to name: a check that takes
        another source is right all the same, one whose source is a VIP takes a healthy server down.
        """
        # IPv4 has one spelling; of IPv6's many, all stand in brackets.
        needle = format_address(address).encode() if len(address) == IPV4_OCTETS else b"["
        for path in self._files():
            text = _read(path)
            if needle in text and _names(text, address):
                return True
        return False

    def _files(self) -> list[str]:
        try:
            return [f"{self._folder}/{name}" for name in sorted(os.listdir(self._folder)) if name.endswith(_SUFFIX)]
        except (OSError, ValueError):
            return []


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            return file.read() or b""
    except OSError:
        return b""


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a FIFO among the files must not hold a check for ever


def _names(text: bytes, address: bytes) -> bool:
    import tomllib  # only where a file may name the address

    try:
        endpoints = tomllib.loads(text.decode()).get("endpoint", [])
    except ValueError:
        return format_address(address).encode() in text
    if not isinstance(endpoints, list):
        return False
    return any(_vip(endpoint) == address for endpoint in endpoints)


def _vip(endpoint: object) -> bytes | None:
    """Return the address of `10.0.0.100:80` or `[2001:db8::1]:80`, None where there is none."""
    host = str(endpoint).rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return parse_address(host)
    except UsageError:
        return None
