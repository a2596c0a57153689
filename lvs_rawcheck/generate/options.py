# SPDX-License-Identifier: GPL-2.0-or-later
"""What was asked for, and which virtual servers are meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.checks.request_values import parse_endpoints
from lvs_rawcheck.errors import UsageError

SERVICE, TRACK_FILE, INLINE = "service", "track-file", "inline"
STYLES = (SERVICE, TRACK_FILE, INLINE)
SCRIPTS_DIR = "/usr/lib/lvs-rawcheck"
PROGRAM = "/usr/bin/lvs-rawcheck"
SERVICES_DIR = "/etc/lvs-rawcheck/services.d"
STATE_DIR = "/run/lvs-rawcheck"
WRAPPERS_DIR = "/etc/lvs-rawcheck/ldirectord"
_PROTOCOLS = ("tcp", "udp", "sctp")
_MARK_MOST = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Marked:
    """What a firewall mark stands for, as its user says: keepalived does not know."""

    endpoints: tuple[Endpoint, ...]
    protocol: str


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """How to plan."""

    style: str = SERVICE
    keep_existing: bool = False
    """Raw checks beside the checkers, not in their place."""
    file_check_only: bool = False
    """Style track-file: FILE_CHECKs in the place of the checkers, not beside them."""
    add_missing: bool = False
    """Raw checks also for servers that have no checker at all."""
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    standby: str = "fallback"
    timeout: float | None = None
    """One deadline for every check, seconds; None: from each replaced checker's own."""
    fwmarks: dict[int, Marked] = field(default_factory=dict)
    scripts: str = SCRIPTS_DIR
    program: str = PROGRAM
    """What an inline stanza calls."""
    services: str = SERVICES_DIR
    state: str = STATE_DIR
    wrappers: str = WRAPPERS_DIR
    """Where ldirectord's external checks are."""
    role_file: str = ROLE_AUTO
    """Where nothing of the configuration says whose role decides, as with ldirectord: this file does."""
    user: str = "root"
    observe: bool = False
    templates: str | None = None
    root: str | None = None
    """The folder that stands for the root of another host, links resolved; None: this host is meant."""
    held_out: frozenset[str] = frozenset()
    """IDs of checks whose server is out of the table now: it stays out until the check has passed (alpha)."""

    @property
    def uses_registry(self) -> bool:
        """Return whether stanzas stand for checks of the registry."""
        return self.style != INLINE

    def path_there(self, path: str) -> str:
        """Return a path as the host knows it that the plan is for: so both make the same service files of it."""
        inside = path.removeprefix(self.root.rstrip("/")) if self.root is not None else path
        return inside if inside.startswith("/") else path


def selects(options: PlanOptions, names: Iterable[str]) -> bool:
    """Return whether a virtual server of these names is meant."""
    names = list(names)
    wanted = not options.only or any(_matches(pattern, names) for pattern in options.only)
    return wanted and not any(_matches(pattern, names) for pattern in options.exclude)


def _matches(pattern: str, names: list[str]) -> bool:
    """Return whether one name is the pattern, `*` standing for anything and `?` for one character.

    No sets: brackets belong to IPv6 addresses.
    """
    if pattern in names:
        return True
    if "*" not in pattern and "?" not in pattern:
        return False
    expression = re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
    return any(expression.fullmatch(name) for name in names)


def parse_fwmark(text: str) -> tuple[int, Marked]:
    """Return mark and meaning of `N=VIP:PORT[,VIP:PORT...][/PROTOCOL]`; UsageError."""
    number, equals, rest = text.partition("=")
    if not equals or not number.isascii() or not number.isdigit() or not 0 < int(number[:11]) <= _MARK_MOST:
        raise UsageError(f"wanted N=VIP:PORT[,VIP:PORT...][/tcp|/udp|/sctp]: {text!r}")
    endpoints, slash, protocol = rest.partition("/")
    if slash and protocol not in _PROTOCOLS:
        raise UsageError(f"not one of {', '.join(_PROTOCOLS)}: {protocol!r}")
    return int(number), Marked(tuple(parse_endpoints(endpoints, None)), protocol or "tcp")
