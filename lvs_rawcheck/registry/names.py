# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that become file names: services and VRRP instances; nothing else ever becomes a path.

A check is called `<service>/<real server's address>`.
"""

from __future__ import annotations

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import format_address, parse_address

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FIRST = frozenset(_LETTERS + _LETTERS.upper() + "0123456789")
_OTHERS = _FIRST | frozenset("_.-")
_CHARACTERS_MOST = 200  # with suffixes, temporary ones too, within the 255 of a file name
_SHOWN = 80


def is_name(text: str) -> bool:
    """Return whether a service or an instance may be called so: `[A-Za-z0-9][A-Za-z0-9_.-]*`, without `..`."""
    return 0 < len(text) <= _CHARACTERS_MOST and text[0] in _FIRST and _OTHERS.issuperset(text) and ".." not in text


def parse_check_id(text: str) -> tuple[str, bytes]:
    """Return the service's name and the real server's address of `web/10.0.0.42`; UsageError."""
    service, slash, address = text.partition("/")
    if not slash or not is_name(service):
        shown = repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}..."
        raise UsageError(f"not the ID of a check (SERVICE/REAL_SERVER): {shown}")
    return service, parse_address(address)


def check_id(service: str, real_ip: bytes) -> str:
    """Return the ID of a service's check of a real server."""
    return f"{service}/{format_address(real_ip)}"
