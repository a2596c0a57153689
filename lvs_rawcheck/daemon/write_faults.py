# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that could not be written: said once, however many and however often, and once more when it is over."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class WriteFaults:
    """Those of one kind of file. what: its name in the log; consequence: what follows while they are not written."""

    def __init__(self, what: str, consequence: str) -> None:
        self._what = what
        self._consequence = consequence
        self._failed: set[str] = set()
        self._said: set[str] = set()

    def failed(self, check_id: str, error: OSError | ValueError) -> None:
        """Note that the file of a check could not be written."""
        self._failed.add(check_id)
        why = (error.strerror or "open to others") if isinstance(error, OSError) else str(error)
        if why not in self._said:
            self._said.add(why)
            logger.error("%s of %s not written: %s; %s", self._what, check_id, why, self._consequence)

    def succeeded(self, check_id: str) -> None:
        """Note that it could be written."""
        if check_id in self._failed:
            self.forget(check_id)
            if not self._failed:
                logger.warning("each %s is written again", self._what)

    def forget(self, check_id: str) -> None:
        """Note that it is not wanted any more."""
        self._failed.discard(check_id)
        if not self._failed:
            self._said.clear()
