# SPDX-License-Identifier: GPL-2.0-or-later
"""Master or backup: by the role file that keepalived's notify script writes, or by the VIP being here.

Whatever is not plainly MASTER is BACKUP: the standard check of a backup judges the server that the site
judged before, while a raw one on the wrong director is only ever extra knowledge.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Protocol

    class HeldAddress(Protocol):
        """An address of this host."""

        interface_index: int
        address: bytes


MASTER = "master"
BACKUP = "backup"
_PATH_SHOWN = 200  # characters, for one line of a log


def read_role(path: str) -> tuple[str, str | None]:
    """Return the role and, where the file could not say it, a sentence that says so.

    First character `1` = MASTER, anything else = BACKUP; a missing, empty or unreadable file too.
    """
    try:
        # O_NONBLOCK: a FIFO in its place must not hold a check for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            first = os.read(descriptor, 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        return BACKUP, f"role file {_shown(path)}: {reason}; taken as backup"
    if not first:
        return BACKUP, f"role file {_shown(path)}: empty; taken as backup"
    return (MASTER if first == b"1" else BACKUP), None


def _shown(path: str) -> str:
    return repr(path) if len(path) <= _PATH_SHOWN else f"{path[:_PATH_SHOWN]!r}..."


def role_by_vip(vip: bytes, held: Iterable[HeldAddress], silent_interfaces: Collection[int]) -> str | None:
    """Return MASTER while the VIP is an address of this host, BACKUP while it is not.

    silent_interfaces: indexes of lo and dummies. A VIP that is on these only says nothing (None): a director
    that is its own real server keeps it there in either role.
    """
    places = [address.interface_index for address in held if address.address == vip]
    if not places:
        return BACKUP
    return None if all(place in silent_interfaces for place in places) else MASTER
