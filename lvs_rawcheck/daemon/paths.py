# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways to all real servers, asked of the kernel once for each, and again when it tells that something has changed.

Checks of one real server share them: to ask takes half a millisecond, and much longer where there are many addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Verdict
from lvs_rawcheck.checks.path import LocalServer, Path, find_path, source_of_connection
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.rtnetlink import Netlink

_ANSWER_SECONDS = 0.2
_TROUBLE_SECONDS = 1.0
"""For so long is it believed that there is no way, should the kernel not tell of a change."""

_Answer = TypeVar("_Answer")
Way = Path | LocalServer | Verdict
_Key = tuple[bytes, str | None, bytes | None, str | None]


class Paths:
    """Whoever knows of a change lets it `forget`. All requests must know of all VIPs (Request.is_registry_vip)."""

    def __init__(self) -> None:
        self._ways: dict[_Key, tuple[Way | LinkError, float]] = {}
        """And when each was found."""
        self._sources: dict[_Key, bytes | None] = {}

    def forget(self) -> None:
        """Ask for each way anew."""
        self._ways.clear()
        self._sources.clear()

    def way(self, request: Request) -> Way:
        """Return the way of raw checks, as `find_path` does; RawCheckError."""
        key = _key(request)
        now = clock.now()
        known = self._ways.get(key)
        if known is None or not (isinstance(known[0], Path) or now - known[1] < _TROUBLE_SECONDS):
            known = self._ways[key] = (_answer(lambda netlink: find_path(netlink, request)), now)
        if isinstance(known[0], LinkError):
            raise LinkError(str(known[0]))
        return known[0]

    def source(self, request: Request) -> bytes | None:
        """Return the source of standard checks, as `source_of_connection` does; None also where nothing was said."""
        key = _key(request)
        if key not in self._sources:
            found = _answer(lambda netlink: source_of_connection(netlink, request))
            self._sources[key] = None if isinstance(found, LinkError) else found
        return self._sources[key]


def _answer(question: Callable[[Netlink], _Answer]) -> _Answer | LinkError:
    try:
        with Netlink(_ANSWER_SECONDS) as netlink:
            return question(netlink)
    except LinkError as error:
        return error


def _key(request: Request) -> _Key:
    return request.real_ip, request.interface, request.source, request.reply_interface
