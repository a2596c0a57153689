# SPDX-License-Identifier: GPL-2.0-or-later
"""The mode of each service: the registry's, or what an operator has put before it; read from time to time."""

from __future__ import annotations

import logging

from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.director.mode import override_names, read_override

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0


class Modes:
    """What is known now. state_folder: where overrides lie."""

    def __init__(self, state_folder: str) -> None:
        self._state_folder = state_folder
        self._overrides: dict[str, str] = {}
        self._troubles: dict[str, str | None] = {}

    def of(self, check: Check) -> str:
        """Return the mode by which a check is run now."""
        override = self._overrides.get(check.service.name) if self._overrides else None
        return override or check.server.settings.mode

    def look(self) -> set[str]:
        """Read the overrides that there are; return the services that have another one than before."""
        changed = set()
        for name in {*override_names(self._state_folder), *self._overrides}:
            override, trouble = read_override(self._state_folder, name)
            if trouble is not None and self._troubles.get(name) != trouble:
                logger.warning("%s", trouble)
            self._troubles[name] = trouble
            mode = None if override is None else override.mode
            if self._overrides.get(name) == mode:
                continue
            changed.add(name)
            if mode is None:
                del self._overrides[name]
            else:
                self._overrides[name] = mode
        return changed
