# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways to all real servers, asked of the kernel once for each, and again when it tells that something has changed.

Checks of one real server share them. Where thousands ask at once, after a takeover or a change of some route, only the
route itself is asked of the kernel for each: an active director holds as many addresses as it has services, and to have
all of them told anew for each server would take the square of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lvs_rawcheck import clock
from lvs_rawcheck.checks.base import Verdict
from lvs_rawcheck.checks.path import LocalServer, Path, find_path, source_of_connection
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.rtnetlink import Interface, LocalAddress, Netlink

_ANSWER_SECONDS = 0.2
_TROUBLE_SECONDS = 1.0
"""For so long is it believed that there is no way, should the kernel not tell of a change."""
_LATELY_SECONDS = 1.0
"""For so long is believed what it said of links and addresses, should it not tell of a change."""

_Answer = TypeVar("_Answer")
Way = Path | LocalServer | Verdict
_Key = tuple[bytes, str | None, bytes | None, str | None]


class _Lately(Netlink):
    """This host as it was a moment ago: its links and addresses are asked for once, routes each time.

    is_vip: VIPs are no sources, and as host addresses on no link, so that they are left out. now: monotonic seconds.
    """

    def __init__(self, is_vip: Callable[[bytes], bool], now: float) -> None:
        super().__init__(_ANSWER_SECONDS)
        self.believed_until = now + _LATELY_SECONDS
        self._is_vip = is_vip
        self._interfaces: dict[int | str, Interface] = {}
        self._addresses: dict[int, list[LocalAddress]] = {}

    def addresses(self, family: int) -> list[LocalAddress]:
        """Return the addresses of one family that say something of sources and links."""
        found = self._addresses.get(family)
        if found is None:
            found = self._addresses[family] = [each for each in super().addresses(family) if self._tells(each)]
        return found

    def interface(self, name: str) -> Interface:
        """Return the interface of that name."""
        found = self._interfaces.get(name)
        if found is None:
            found = self._interfaces[name] = super().interface(name)
        return found

    def interface_by_index(self, index: int) -> Interface:
        """Return the interface of that index."""
        found = self._interfaces.get(index)
        if found is None:
            found = self._interfaces[index] = super().interface_by_index(index)
        return found

    def _tells(self, own: LocalAddress) -> bool:
        return own.prefix_length < 8 * len(own.address) or not self._is_vip(own.address)


class Paths:
    """Whoever knows of a change lets it `forget`. All requests must know of all VIPs (Request.is_registry_vip).

    Whoever makes one closes it.
    """

    def __init__(self) -> None:
        self._lately: _Lately | None = None
        self._ways: dict[_Key, tuple[Way | LinkError, float]] = {}
        """And when each was found."""
        self._sources: dict[_Key, bytes | None] = {}

    def forget(self) -> None:
        """Ask for each way anew."""
        self._ways.clear()
        self._sources.clear()
        self.close()

    def close(self) -> None:
        """Give back the socket over which the kernel is asked; the next question opens another."""
        if self._lately is not None:
            self._lately.close()
            self._lately = None

    def way(self, request: Request) -> Way:
        """Return the way of raw checks, as `find_path` does; RawCheckError."""
        key = _key(request)
        now = clock.now()
        known = self._ways.get(key)
        if known is None or not (isinstance(known[0], Path) or now - known[1] < _TROUBLE_SECONDS):
            known = self._ways[key] = (self._ask(find_path, request), now)
        if isinstance(known[0], LinkError):
            raise LinkError(str(known[0]))
        return known[0]

    def source(self, request: Request) -> bytes | None:
        """Return the source of standard checks, as `source_of_connection` does; None also where nothing was said."""
        key = _key(request)
        if key not in self._sources:
            found = self._ask(source_of_connection, request)
            self._sources[key] = None if isinstance(found, LinkError) else found
        return self._sources[key]

    def _ask(self, question: Callable[[Netlink, Request], _Answer], request: Request) -> _Answer | LinkError:
        try:
            return question(self._host(request), request)
        except LinkError as error:
            return error

    def _host(self, request: Request) -> _Lately:
        now = clock.now()
        if self._lately is None or now >= self._lately.believed_until:
            self.close()
            self._lately = _Lately(request.is_vip, now)
        return self._lately


def _key(request: Request) -> _Key:
    return request.real_ip, request.interface, request.source, request.reply_interface
