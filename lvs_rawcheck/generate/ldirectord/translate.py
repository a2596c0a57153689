# SPDX-License-Identifier: GPL-2.0-or-later
"""What ldirectord asks of a real server, by the virtual's checktype: the check of ours, and how long it waits for it.

After _check_real. What asks no service (external, external-perl, on, off) is Kept, and so is a virtual that nothing is
checked of, unless its user wants that added.
"""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.config.ldirectord.directives import SERVICE_OF_PORT
from lvs_rawcheck.config.ldirectord.model import (
    COMBINED,
    CONNECT,
    EXTERNAL,
    EXTERNAL_PERL,
    NEGOTIATE,
    NONE,
    OFF,
    ON,
    PING,
    UDP,
    Real,
    Virtual,
)
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.generate.ldirectord.negotiation import Asked, negotiation
from lvs_rawcheck.generate.pace import Pace, PaceFromEnd
from lvs_rawcheck.generate.refusal import Kept, Refused

_KEPT = {
    EXTERNAL: "is a program of the site's: kept",
    EXTERNAL_PERL: "is a script of the site's: kept",
    ON: "asks no service, its servers are always up: kept",
    OFF: "asks no service, its servers are never put in: kept",
}
_UNCHECKED = "not checked today: service none, its servers are always up (--add-missing adds a raw check)"
_NEVER_CHECKED = "it had no check and was never taken out; from now on it is, while the raw check fails"
_OF_CHECKTIMEOUT = ("ldap", "ldaps", "radius")
_PORTS = {service: int(port) for port, service in SERVICE_OF_PORT.items()}
"""ld_service_to_port: where to look for a server that has no port."""


@dataclass(frozen=True, slots=True)
class Translation:
    """What one real server is asked. port: where, 0 if there is none; notes: what is not quite as it was."""

    check: CheckText
    port: int
    was_checked: bool
    notes: tuple[str, ...] = ()


def demand_checked(virtual: Virtual, add_missing: bool) -> None:
    """Raise Kept for a virtual whose checktype asks no service. add_missing: for want of one is no reason."""
    if virtual.checktype in _KEPT:
        raise Kept(f"{virtual.checktype} {_KEPT[virtual.checktype]}")
    if is_unchecked(virtual) and not add_missing:
        raise Kept(_UNCHECKED)


def translate(virtual: Virtual, real: Real, forwarded: str) -> Translation:
    """Return what a virtual asks of one of its real servers; Refused.

    forwarded: the protocol of its traffic, of a firewall mark what its user says.
    """
    port = checked_port(virtual, real)
    if is_unchecked(virtual):
        return Translation(CheckText(forwarded), port, False, (_NEVER_CHECKED,))
    if _pings(virtual):
        return Translation(CheckText("ping"), 0, True)
    if not port:
        raise Refused("no port to check: neither a checkport, nor one of the real server, nor one of the service")
    if virtual.checktype == CONNECT:
        return Translation(CheckText("tcp"), port, True)
    found = negotiation(_asked(virtual, real, port))
    return Translation(found.check, port, True, found.notes + _of_combined(virtual))


def _pings(virtual: Virtual) -> bool:
    """Return whether a check is an echo: so is connecting over udp (_check_real)."""
    return virtual.checktype == PING or (virtual.checktype == CONNECT and virtual.protocol == UDP)


def is_unchecked(virtual: Virtual) -> bool:
    """Return whether its servers are always up for want of a service (check_none)."""
    return virtual.checktype in (NEGOTIATE, COMBINED) and virtual.service == NONE


def checked_port(virtual: Virtual, real: Real) -> int:
    """Return where a check goes, 0: to no port (ld_checkport)."""
    return virtual.checkport or real.port or _PORTS.get(virtual.service, 0)


def _asked(virtual: Virtual, real: Real, port: int) -> Asked:
    assert real.address is not None
    own = real.request is not None and real.receive is not None
    request, receive = (real.request, real.receive) if own else (virtual.request, virtual.receive)
    return Asked(virtual, real.address, port, request or "", receive or "", own)


def _of_combined(virtual: Virtual) -> tuple[str, ...]:
    if virtual.checktype != COMBINED:
        return ()
    return (f"it was asked after each {virtual.connects} connections, and is now asked each time",)


def pace_before(virtual: Virtual) -> Pace | None:
    """Return the pace of a virtual's check, None: nothing is checked.

    A run fails after the timeout at worst, the next one comes checkinterval after it; other servers that fail come in
    between (see loop.py).
    """
    if virtual.checktype in _KEPT or is_unchecked(virtual):
        return None
    interval = float(virtual.checkinterval)
    runs = virtual.connects + 1 if virtual.checktype == COMBINED else 1
    return PaceFromEnd(float(timeout_in_force(virtual)), runs * interval, virtual.failurecount - 1, interval)


def timeout_in_force(virtual: Virtual) -> int:
    """Return how long one check may take, in seconds: that of a negotiation is negotiatetimeout, with exceptions.

    check_ldap sets its alarm by checktimeout, and check_radius does, too; pings are repeated (check_ping).
    """
    if _pings(virtual):
        return virtual.checktimeout * virtual.checkcount
    if virtual.checktype not in (NEGOTIATE, COMBINED):
        return virtual.checktimeout
    if virtual.service in _OF_CHECKTIMEOUT:
        return min(virtual.checktimeout, virtual.negotiatetimeout)
    return virtual.negotiatetimeout


def describe(virtual: Virtual) -> str:
    """Return a virtual's check in words: `negotiate http`, `combined 5 http`, `connect`."""
    words = [virtual.checktype]
    if virtual.checktype == COMBINED:
        words.append(str(virtual.connects))
    if virtual.checktype in (NEGOTIATE, COMBINED):
        words.append(virtual.service)
    if virtual.checktype in (EXTERNAL, EXTERNAL_PERL):
        words.append(virtual.checkcommand)
    return " ".join(words)
