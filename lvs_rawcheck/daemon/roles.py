# SPDX-License-Identifier: GPL-2.0-or-later
"""The roles of all instances, read often enough that nobody waits for a takeover, and not for each check."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.checks.roles import roles_by_vip
from lvs_rawcheck.director.role import read_role
from lvs_rawcheck.errors import LinkError

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""Between two looks at the role files."""
_ANSWER_SECONDS = 0.5


class Roles:
    """What is known now. `look` says which sources have changed: role files by path, VIPs by their octets."""

    def __init__(self) -> None:
        self._by_file: dict[str, str] = {}
        self._by_vip: dict[bytes, str | None] = {}
        self._troubles: dict[str, str | None] = {}

    def of(self, role_file: str | None, vips: Collection[bytes]) -> str | None:
        """Return a check's role, None where nothing says any. By VIPs it is that of all of them, if they agree."""
        if role_file is None:
            return None
        if role_file == ROLE_AUTO:
            roles = {self._by_vip.get(vip) for vip in vips}
            return roles.pop() if len(roles) == 1 else None
        return self._by_file.get(role_file)

    def look(self, role_files: Iterable[str]) -> set[str]:
        """Read role files; return the paths of those whose role is another one than before."""
        changed = set()
        for path in role_files:
            role, trouble = read_role(path)
            if self._by_file.get(path) != role:
                self._by_file[path] = role
                changed.add(path)
            if trouble is not None and self._troubles.get(path) != trouble:
                logger.warning("%s", trouble)
            self._troubles[path] = trouble
        return changed

    def look_at_addresses(self, vips: Collection[bytes]) -> set[bytes]:
        """Ask the kernel who of these is here; return those whose role is another one than before."""
        if not vips:
            return set()
        try:
            found = roles_by_vip(vips, _ANSWER_SECONDS)
        except LinkError as error:
            logger.warning("roles by VIP are as before: %s", error)
            return set()
        changed = {vip for vip, role in found.items() if self._by_vip.get(vip) != role}
        self._by_vip.update(found)
        return changed
