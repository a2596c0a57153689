# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts that are held, in the log: each cause once, however many checks it holds, and once when all is over.

A cause may name the server, and so be another one for each: then a few of them stand for all.
"""

from __future__ import annotations

import logging

from lvs_rawcheck import clock

logger = logging.getLogger(__name__)

_CAUSES_SAID = 50
_QUIET_SECONDS = 600.0
"""After so many causes no further one is said for so long, but where none was held meanwhile."""
_MORE = "; further causes are not written here for a while: see `lvs-rawcheck status`"


class Holds:
    """The checks that are held now."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._most = 0
        """As many as were held at once since none was."""
        self._said: set[str] = set()
        self._say_anew_at = 0.0

    def hold(self, check_id: str, state: str, why: str) -> None:
        """Take note that a check is held as it was."""
        self._held.add(check_id)
        self._most = max(self._most, len(self._held))
        if self._is_to_be_said(why):
            self._said.add(why)
            more = _MORE if len(self._said) == _CAUSES_SAID else ""
            logger.error("%s, and whichever else it concerns: held as it was (%s): %s%s", check_id, state, why, more)

    def _is_to_be_said(self, why: str) -> bool:
        if why in self._said:
            return False
        now = clock.now()
        if len(self._said) < _CAUSES_SAID:
            self._say_anew_at = now + _QUIET_SECONDS
        elif now >= self._say_anew_at:
            self._said.clear()
        return len(self._said) < _CAUSES_SAID

    def free(self, check_id: str) -> None:
        """Take note that a check is not held, or is no more."""
        if check_id not in self._held:
            return
        self._held.remove(check_id)
        if not self._held:
            logger.warning("no verdict is held any more; of %s checks at most", self._most)
            self._said.clear()
            self._most = 0
