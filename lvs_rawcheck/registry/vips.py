# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether an address is a VIP of the registry: asked of the files themselves, each time.

A check needs to know it of one address only, its source. So a file is parsed only when it could name that
address: reading text is a hundred times cheaper than loading a TOML parser, and most sites have nothing to
find.
"""

from __future__ import annotations

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.registry.files import ServiceFolder
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_ADDRESSES = b"0123456789abcdefABCDEF.:"
_TO_WORDS = bytes(octet if octet in _OF_ADDRESSES else 0x20 for octet in range(256))


class RegistryVips:
    """The VIPs of one folder of service files; a folder that is not there holds none."""

    __slots__ = ("_folder", "_notes", "_texts")

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._notes: dict[str, None] = {}
        self._texts: list[tuple[str, bytes]] | None = None
        """What was read once for many questions."""

    @property
    def notes(self) -> list[str]:
        """Return what was wrong with the files, a sentence each, as far as anybody has asked them."""
        return list(self._notes)

    def remember(self) -> None:
        """Read the files now, for all that is asked from now on: by the forks of this process, which is short-lived."""
        try:
            self._texts = list(self._read_all())
        except (OSError, ValueError):
            self._texts = None  # who asks meets that, too, and says so

    def holds(self, address: bytes) -> bool:
        """Return whether a service file has the address, 4 or 16 octets, among its endpoints.

        A file that cannot be parsed, or has endpoints of no known shape, counts as naming what its text mentions: a
        check that takes another source is right all the same, one whose source is a VIP takes a healthy server down.
        """
        # IPv4 has one spelling; of IPv6's many, all stand in brackets.
        needle = format_address(address).encode() if len(address) == IPV4_OCTETS else b"["
        try:
            for name, text in self._read_all() if self._texts is None else self._texts:
                if needle in text and self._holds(name, text, address):
                    return True
        except (FileNotFoundError, ValueError):
            return False
        except OSError as error:
            self._note(f"registry {self._folder!r}: {error.strerror}")
        return False

    def _read_all(self) -> Iterator[tuple[str, bytes]]:
        with ServiceFolder(self._folder) as folder:
            for name in folder.file_names():
                yield name, self._read(folder, name)

    def _read(self, folder: ServiceFolder, name: str) -> bytes:
        try:
            return folder.read(name)
        except OSError as error:
            self._note(f"registry file {self._folder}/{name}: {error.strerror}")
            return b""

    def _holds(self, name: str, text: bytes, address: bytes) -> bool:
        import tomllib  # only where a file may name the address

        try:
            endpoints = tomllib.loads(text.decode()).get("endpoint", [])
        except (ValueError, RecursionError):
            mentioned = _mentions(text, address)
            if mentioned:
                shown = format_address(address)
                self._note(f"registry file {self._folder}/{name}: not TOML; {shown}, which it mentions, taken as a VIP")
            return mentioned
        vips = [_vip(endpoint) for endpoint in endpoints] if isinstance(endpoints, list) else [_vip(endpoints)]
        return address in vips or (None in vips and _mentions(text, address))

    def _note(self, sentence: str) -> None:
        self._notes[sentence] = None


_of_this_process: dict[str, RegistryVips] = {}


def vips_of(folder: str) -> RegistryVips:
    """Return the VIPs of a folder: for all of one process the same object, which its forks inherit."""
    found = _of_this_process.get(folder)
    if found is None:
        found = _of_this_process[folder] = RegistryVips(folder)
    return found


def _vip(endpoint: object) -> bytes | None:
    """Return the address of `10.0.0.100:80` or `[2001:db8::1]:80`, None where there is none."""
    if not isinstance(endpoint, str):
        return None
    return _address(endpoint.rpartition(":")[0].removeprefix("[").removesuffix("]"))


def _mentions(text: bytes, address: bytes) -> bool:
    """Return whether the address stands anywhere in the text as a word, with or without a port."""
    words = (word.strip(".") for word in text.translate(_TO_WORDS).decode("ascii").split())
    return any(address in (_address(word), _address(word.rpartition(":")[0])) for word in words)


def _address(word: str) -> bytes | None:
    try:
        return parse_address(word)
    except UsageError:
        return None
