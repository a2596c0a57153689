# SPDX-License-Identifier: GPL-2.0-or-later
"""What a row of the matrix says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Reason
from tests.checks.site import PATIENT
from tests.netns.daemons.daemon import Daemon
from tests.netns.topology import Host

Start = Callable[[Host, Sequence[str]], Daemon]


@dataclass(frozen=True)
class Wrong:
    """Options with which the same server is not what was wanted, and the reason of it."""

    why: str
    reason: str
    options: tuple[str, ...] = ()
    says: str = ""
    """A regular expression that the detail matches."""
    port: int | None = None
    """Where something else of the same server listens."""
    silent: bool = False
    """Whether it takes the whole deadline to find out."""


@dataclass(frozen=True)
class Row:
    """One kind and one server. start: of a host and the addresses to listen on."""

    kind: str
    start: Start
    port: int
    options: tuple[str, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()
    """Other options with which the same server is healthy."""
    timeout: float = PATIENT
    """The deadline, seconds."""
    stopped: str = Reason.REFUSED
    """The reason while nothing listens there."""
    name: str = ""
    """What tells it from other rows of the kind."""

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}" if self.name else self.kind
