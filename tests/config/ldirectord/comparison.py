# SPDX-License-Identifier: GPL-2.0-or-later
"""Our reading of a configuration beside the program's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lvs_rawcheck.config.ldirectord import Configuration, kinds
from lvs_rawcheck.config.ldirectord.model import FWM, Globals, Real, Virtual
from tests.config.ldirectord.oracle import Told, octets_of

# Where the program names the last line that it read, not the one that it means.
_PLACED_ELSEWHERE = frozenset((kinds.DUPLICATE, kinds.LAST_LINE))
# What only this host decides: a name server, a folder.
_BY_HOST = frozenset((kinds.NAME, kinds.FILE))
# Where we stop, and say so, though the program goes on; the C library reads a name up to its NUL.
_UNREAD = frozenset((kinds.LONG_LINE, kinds.NUL))
# What it counts out, or asks a name server for.
_SLOW = frozenset((kinds.RANGE_ORDER, kinds.ADDRESS, kinds.NAME))
_INET6 = 10  # socket(7) on Linux
_WORDS = ("checktype", "service", "protocol", "checkcommand", "request", "receive", "virtualhost", "httpmethod")
_MORE_WORDS = ("login", "passwd", "database", "secret", "scheduler")
_NUMBERS = ("checktimeout", "negotiatetimeout", "checkcount", "failurecount", "checkport", "persistent")


def refused_by_us(ours: Configuration) -> bool:
    """Return whether we say that the program refuses the text."""
    return any(each.kind in kinds.REFUSED for each in ours.errors)


def differences(ours: Configuration, told: Told) -> list[str]:
    """Return where our reading is another one, in words; empty: nowhere."""
    found = {each.kind for each in ours.findings}
    if found & _UNREAD:
        return []
    if "endless" in told:
        return [] if found & _SLOW else ["the program does not come to an end, and we see neither a range nor a name"]
    if "refused" in told:
        return list(_refusal(ours, told, found))
    if refused_by_us(ours):
        return [f"accepted, and we say {[str(each) for each in ours.errors if each.kind in kinds.REFUSED]}"]
    return [*_globals(ours.site.settings, told["globals"]), *_virtuals(ours, told["virtuals"])]


def _refusal(ours: Configuration, told: Told, found: set[str]) -> Iterator[str]:
    if found & _BY_HOST:
        return
    places = {each.span.line for each in ours.errors if each.kind in kinds.REFUSED}
    if not places:
        yield f"refused: {told}"
    elif told["line"] not in places and not found & _PLACED_ELSEWHERE:
        yield f"refused in line {told['line']} ({told['refused']}), by us in {sorted(places)}"


def _same(what: str, ours: object, theirs: object) -> Iterator[str]:
    if ours != theirs:
        yield f"{what}: we have {ours!r}, the program {theirs!r}"


def _globals(ours: Globals, theirs: Told) -> Iterator[str]:
    for name in ("fork", "autoreload", "quiescent", "readdquiescent", "supervised", "cleanstop"):
        yield from _same(name, getattr(ours, name), theirs[name] == "yes")
    yield from _same("checkinterval", ours.checkinterval, int(theirs["checkinterval"]))
    yield from _same("execute", sorted(ours.executes), sorted(octets_of(each) for each in theirs["executes"]))
    yield from _same("maintenancedir", ours.maintenance_folder, _text(theirs["maintenancedir"]))


def _text(value: Any) -> str | None:
    return None if value is None else octets_of(str(value))


def _virtuals(ours: Configuration, theirs: list[Told]) -> Iterator[str]:
    yield from _same("virtual servers", len(ours.site.virtuals), len(theirs))
    for one, other in zip(ours.site.virtuals, theirs, strict=False):
        for difference in _virtual(one, other, ours.site.settings):
            yield f"{one.label}: {difference}"


def _virtual(ours: Virtual, theirs: Told, settings: Globals) -> Iterator[str]:
    yield from _same("family", ours.family, 6 if theirs["addressfamily"] == _INET6 else 4)
    for name in (*_WORDS, *_MORE_WORDS):
        yield from _same(name, getattr(ours, name), _text(theirs.get(name)))
    for name in _NUMBERS:
        value = theirs.get(name)
        yield from _same(name, getattr(ours, name), None if value is None else int(value))
    own = int(theirs.get("checkinterval") or 0) if settings.fork else 0
    yield from _same("checkinterval", ours.checkinterval, own or settings.checkinterval)
    yield from _same(
        "quiescent", ours.quiescent, theirs["quiescent"] == "yes" if "quiescent" in theirs else settings.quiescent
    )
    if theirs["checktype"] == "combined":
        yield from _same("connects", ours.connects, int(theirs["num_connects"]))
    yield from _where(ours, theirs)
    if all(real.address is not None for real in ours.reals):
        yield from _same("reals", len(ours.reals), len(theirs["real"]))
        for real, other in zip(ours.reals, theirs["real"], strict=False):
            yield from _real(real, other, ours)


def _where(ours: Virtual, theirs: Told) -> Iterator[str]:
    if ours.protocol == FWM:
        yield from _same("mark", ours.fwmark, int(theirs["fwm"]))
    elif ours.address is not None and not any(each.kind == kinds.ADDRESS_FORM for each in ours.obstacles):
        yield from _same("address", ours.address, theirs["server"].strip("[]"))
        yield from _same("port", ours.port, int(theirs["port"]))


def _real(ours: Real, theirs: Told, virtual: Virtual) -> Iterator[str]:
    if ours.address is not None:
        yield from _same("real address", ours.address, theirs["server"].strip("[]"))
    yield from _same("real port", ours.port, int(theirs["port"]))
    yield from _same("method", ours.method, theirs["forward"])
    yield from _same("weight", ours.weight, int(theirs["weight"]))
    request = virtual.request if ours.request is None else ours.request
    receive = virtual.receive if ours.receive is None else ours.receive
    yield from _same("request", request, _text(theirs["request"]))
    yield from _same("receive", receive, _text(theirs["receive"]))
