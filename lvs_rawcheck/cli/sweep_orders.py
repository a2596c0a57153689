# SPDX-License-Identifier: GPL-2.0-or-later
"""Which checks of a sweep can be made together in one process, as the daemon makes them; the others are `run ID` each.

Left out is what could keep the others from their verdicts (a search for an operator's pattern, which nothing
interrupts; a long timeout), what wants root while it runs, and whatever `run` has more to say of than a verdict:
several endpoints, the mode observe, a role or mode file that cannot be read, a service file that is wrong.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Exchange
from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.cli.libraries import import_site_packages
from lvs_rawcheck.daemon.check import Check
from lvs_rawcheck.director.mode import OBSERVE, STANDARD_MODE, read_override
from lvs_rawcheck.director.role import BACKUP, read_role
from lvs_rawcheck.registry.names import parse_check_id
from lvs_rawcheck.registry.read import read_check
from lvs_rawcheck.registry.requests import request_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.registry.service import CheckSpec, RealServer

TIMEOUT_MOST = 5.0
"""Seconds: keepalived's default for connect_timeout. A check is made twice at most, and its process waits for that."""
_TRIES_MORE = 2
_PATTERN = "PATTERN"
"""What a parameter that is searched for is called in the kinds' own help, ..."""
_MAY_ALWAYS_SEARCH = "stream"
"""... and the kind whose patterns stand among other words."""


class Order:
    """One check to be made. role: by its file when it was ordered, None where it has none, or `auto`."""

    __slots__ = ("check", "is_doubtful", "role", "tries_left")

    def __init__(self, check: Check, is_doubtful: bool, role: str | None) -> None:
        self.check = check
        self.role = role
        self.is_doubtful = is_doubtful
        """Whether a failure is to be seen once more before it is told."""
        self.tries_left = _TRIES_MORE
        """How often it may be run again because a run could not judge."""

    @property
    def is_as_ordered(self) -> bool:
        """Return whether the last run was made in the role that was ordered."""
        has_file = self.check.request.role_file not in (None, ROLE_AUTO)
        return not has_file or self.check.state.role == self.role


class OrderBook:
    """Reads orders from a registry. services, state: the folders; is_vip: whether the registry names an address so."""

    def __init__(self, services: str, state: str, is_vip: Callable[[bytes], bool]) -> None:
        self._services = services
        self._state = state
        self._is_vip = is_vip

    def order(self, check_id: str, is_doubtful: bool) -> Order | None:
        """Return the order of a check, None where it is none to be made together with others."""
        try:
            return self._read(check_id, is_doubtful)
        except Exception:
            return None  # whatever is wrong with it: `run` meets that too, and says so

    def _read(self, check_id: str, is_doubtful: bool) -> Order | None:
        name, real_ip = parse_check_id(check_id)
        service, server = read_check(self._services, name, real_ip, import_site_packages)
        request = request_of(service, server)
        request.is_registry_vip = self._is_vip
        override, trouble = read_override(self._state, name)
        mode = override.mode if override is not None else server.settings.mode
        role = None
        if request.role_file not in (None, ROLE_AUTO):
            assert request.role_file is not None
            role, role_trouble = read_role(request.role_file)
            trouble = trouble or role_trouble
        if trouble is not None or mode == OBSERVE or not _is_short(request, server):
            return None
        may_be_standard = mode == STANDARD_MODE or role == BACKUP or request.role_file == ROLE_AUTO
        if may_be_standard and _standard_needs_root(request):
            return None
        return Order(Check(service, server, request), is_doubtful, role)


def _is_short(request: Request, server: RealServer) -> bool:
    """Return whether a check says one thing of one endpoint, and soon."""
    return len(request.endpoints) == 1 and request.timeout <= TIMEOUT_MOST and not any(map(_searches, _all_of(server)))


def _all_of(server: RealServer) -> list[CheckSpec]:
    return [*server.checks, *(standby.check for standby in server.standby_checks)]


def _searches(check: CheckSpec) -> bool:
    names = [parameter.name for parameter in check.kind.parameters if parameter.metavar == _PATTERN]
    return check.kind.name == _MAY_ALWAYS_SEARCH or any(check.values.value(name) for name in names)


def _standard_needs_root(request: Request) -> bool:
    """Return whether the standard check may have a socket that is not to be had once root is given up."""
    checks = request.standard_checks
    return any(check.options.need_privileges or isinstance(check.step(), Exchange) for check in checks)
