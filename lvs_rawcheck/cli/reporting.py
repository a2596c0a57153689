# SPDX-License-Identifier: GPL-2.0-or-later
"""How the commands end that report: 0 nothing to report, 1 something, 2 they could not."""

from __future__ import annotations

import os
from _signal import SIGHUP, SIGINT, SIGTERM, signal

from lvs_rawcheck.cli.options import HelpWanted, help_text
from lvs_rawcheck.cli.output import complain, one_sentence, say
from lvs_rawcheck.errors import RawCheckError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.cli.options import Option

SHOWN, COULD_NOT = 0, 2


def _interrupted(number: int, frame: object) -> None:
    os._exit(COULD_NOT)


class Reporting:
    """A command that reports. wanted: its positional arguments, in words."""

    def __init__(self, name: str, wanted: str, description: str, options: Sequence[Option]) -> None:
        self._name = name
        self._wanted = wanted
        self._description = description
        self._options = options

    def end(self, act: Callable[[], int]) -> int:
        """Return what `act` returns; where that is help or an error, say it in its place.

        Whatever goes wrong is no report: an error of ours, or an interrupt, that ended in 1 would be taken for one.
        """
        for number in (SIGHUP, SIGINT, SIGTERM):
            signal(number, _interrupted)
        try:
            return act()
        except HelpWanted:
            say(help_text(f"lvs-rawcheck {self._name}", self._wanted, self._description, self._options))
            return SHOWN
        except RawCheckError as error:
            complain(f"lvs-rawcheck: {one_sentence(str(error))}")
        except Exception as error:
            complain(f"lvs-rawcheck: internal error: {type(error).__name__}: {one_sentence(str(error))}")
        return COULD_NOT
