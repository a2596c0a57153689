# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts that are held, in the log: each cause once, however many checks it holds, and once when all is over."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)

_CAUSES_REMEMBERED = 100


class Holds:
    """The checks that are held now."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._most = 0
        """As many as were held at once since none was."""
        self._said: set[str] = set()

    def hold(self, check_id: str, state: str, why: str) -> None:
        """Take note that a check is held as it was."""
        self._held.add(check_id)
        self._most = max(self._most, len(self._held))
        if why not in self._said:
            if len(self._said) >= _CAUSES_REMEMBERED:
                self._said.clear()
            self._said.add(why)
            logger.error("%s, and whichever else it concerns: held as it was (%s): %s", check_id, state, why)

    def free(self, check_id: str) -> None:
        """Take note that a check is not held, or is no more."""
        if check_id not in self._held:
            return
        self._held.remove(check_id)
        if not self._held:
            logger.warning("no verdict is held any more; of %s checks at most", self._most)
            self._said.clear()
            self._most = 0
