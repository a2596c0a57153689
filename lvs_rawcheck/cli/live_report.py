# SPDX-License-Identifier: GPL-2.0-or-later
"""A report that is read while the check goes on, which must not wait for its reader.

A line is written when the terminal takes it at once, and else kept: a terminal that was stopped, or a pipe that nobody
reads, gets the rest when the explanation is complete. poll(2) calls a pipe writable while it has room for a page.
"""

from __future__ import annotations

import select
import sys
from collections import deque

from lvs_rawcheck.cli.output import say
from lvs_rawcheck.cli.packet_lines import PacketLines
from lvs_rawcheck.diagnose.explanation import Explanation, Inquest
from lvs_rawcheck.diagnose.report import Report


class LiveReport:
    """Says the report as it becomes known. verbosity: of -v."""

    def __init__(self, verbosity: int) -> None:
        self._report = Report(PacketLines().describe_without_macs, verbosity)
        self._unsaid: deque[str] = deque()

    def progress(self, inquest: Inquest) -> None:
        """Say what is known since the last time, as far as the terminal takes it."""
        self._unsaid += self._report.new_lines(inquest)
        while self._unsaid and _takes_a_line():
            say(self._unsaid.popleft())

    def end(self, explanation: Explanation) -> None:
        """Say the rest, however long it takes."""
        for line in [*self._unsaid, *self._report.end_lines(explanation)]:
            say(line)


def _takes_a_line() -> bool:
    """Return whether standard output takes a line, or refuses it, without delay."""
    if sys.stdout is None:
        return True  # closed before we began: `say` says nothing
    poll = select.poll()
    poll.register(sys.stdout, select.POLLOUT)
    return bool(poll.poll(0))
