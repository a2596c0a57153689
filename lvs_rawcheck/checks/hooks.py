# SPDX-License-Identifier: GPL-2.0-or-later
"""What a caller may do along the way of a check; a module of its own, since it is named before a path is chosen."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.base import Result
    from lvs_rawcheck.checks.path import Path
    from lvs_rawcheck.link.interface import Link


class Hooks:
    """What a caller may do along the way of one check: the defaults do nothing."""

    __slots__ = ("_sockets_open", "verdicts_given", "wrap_link")

    def __init__(
        self,
        sockets_open: Callable[[], None] | None = None,
        wrap_link: Callable[[Link, Path], Link] | None = None,
        verdicts_given: Callable[[Link, Path, bytes | None, list[Result]], None] | None = None,
    ) -> None:
        self._sockets_open = sockets_open
        self.wrap_link = wrap_link or _unwrapped
        """Given the link, returns the one to use: a tracer around it, for instance."""
        self.verdicts_given = verdicts_given or _nothing_more
        """Called with link, path, the real server's MAC (None: unknown) and the results, the link still open."""

    def sockets_open(self) -> None:
        """Say that what needs privileges is open and no frame was read; the caller is told once."""
        told, self._sockets_open = self._sockets_open, None
        if told is not None:
            told()


def _unwrapped(link: Link, path: Path) -> Link:
    return link


def _nothing_more(link: Link, path: Path, real_mac: bytes | None, results: list[Result]) -> None:
    return None
