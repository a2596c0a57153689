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
    """What a caller may do along the way: the defaults do nothing."""

    __slots__ = ("sockets_open", "verdicts_given", "wrap_link")

    def __init__(
        self,
        sockets_open: Callable[[], None] | None = None,
        wrap_link: Callable[[Link, Path], Link] | None = None,
        verdicts_given: Callable[[Link, Path, bytes | None, list[Result]], None] | None = None,
    ) -> None:
        self.sockets_open = sockets_open or _nothing
        """Called once, when all sockets are open and no frame was read."""
        self.wrap_link = wrap_link or _unwrapped
        """Given the link, returns the one to use: a tracer around it, for instance."""
        self.verdicts_given = verdicts_given or _nothing_more
        """Called with link, path, the real server's MAC (None: unknown) and the results, the link still open."""


def _nothing() -> None:
    return None


def _unwrapped(link: Link, path: Path) -> Link:
    return link


def _nothing_more(link: Link, path: Path, real_mac: bytes | None, results: list[Result]) -> None:
    return None
