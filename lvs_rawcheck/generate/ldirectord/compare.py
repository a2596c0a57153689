# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the result says what was meant: read again, and compared with what it was made of.

Everything is the same, but the checktype, checkcommand and checktimeout of the virtuals that were planned.
"""

from __future__ import annotations

from collections.abc import Mapping

from lvs_rawcheck.config.ldirectord import Configuration
from lvs_rawcheck.config.ldirectord.model import EXTERNAL, Globals, Real, Settings, Virtual
from lvs_rawcheck.errors import RawCheckError
from lvs_rawcheck.generate.ldirectord.block import NAMES
from lvs_rawcheck.generate.ldirectord.virtual import Converted

Signature = tuple[object, ...]


class PlanMismatch(RawCheckError):
    """The result is not what was planned: a fault of ours. Nothing of it may be used."""


def demand_same_site(
    present: Configuration, original: Configuration, result: Configuration, converted: Mapping[int, Converted]
) -> None:
    """Raise PlanMismatch if the result is not the configuration with the planned checks.

    present: the configuration as it is; original: the same without lines of ours.
    """
    for finding in result.errors:
        raise PlanMismatch(f"ldirectord would not read the result as it is meant: {finding}")
    if _of_globals(original.site.settings) != _of_globals(result.site.settings):
        raise PlanMismatch("what applies to all virtuals would not be the same")
    if len(original.site.virtuals) != len(result.site.virtuals):
        raise PlanMismatch("there would be other virtuals")
    for number, now in enumerate(result.site.virtuals):
        found = converted.get(number)
        before = (original if found is not None else present).site.virtuals[number]
        if _of_rest(before) != _of_rest(now):
            raise PlanMismatch(f"virtual {before.label} would not be the same")
        wanted = _of_check(before) if found is None else _of_planned(found)
        if _of_check(now) != wanted:
            raise PlanMismatch(f"virtual {before.label}: ldirectord would not have the check that was planned")


def _of_planned(converted: Converted) -> Signature:
    return EXTERNAL, converted.external.command, converted.external.timeout


def _of_check(virtual: Virtual) -> Signature:
    return virtual.checktype, virtual.checkcommand, virtual.checktimeout


def _of_globals(settings: Globals) -> Signature:
    return (
        *(settings.fork, settings.autoreload, settings.quiescent, settings.readdquiescent, settings.supervised),
        *(settings.cleanstop, settings.checkinterval, settings.executes, settings.maintenance_folder),
        _lines(settings),
    )


def _of_rest(virtual: Virtual) -> Signature:
    return (
        *(virtual.label, virtual.family, virtual.address, virtual.port, virtual.fwmark, virtual.protocol),
        *(virtual.service, virtual.checkport, virtual.request, virtual.receive, virtual.virtualhost),
        *(virtual.httpmethod, virtual.login, virtual.passwd, virtual.database, virtual.secret, virtual.scheduler),
        *(virtual.persistent, virtual.checkinterval, virtual.checkcount, virtual.failurecount, virtual.quiescent),
        [_of_real(real) for real in virtual.reals],
        _lines(virtual),
    )


def _of_real(real: Real) -> Signature:
    return real.host, real.address, real.port, real.method, real.weight, real.request, real.receive


def _lines(settings: Settings) -> dict[str, list[str]]:
    """Return what all other lines say, by name."""
    return {
        name: [directive.value for directive in directives]
        for name, directives in settings.directives.items()
        if name not in NAMES
    }
