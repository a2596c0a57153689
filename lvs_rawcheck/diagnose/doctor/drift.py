# SPDX-License-Identifier: GPL-2.0-or-later
"""The configurations against the registry: what one calls, the other has, and the other way round."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lvs_rawcheck.config.disk import Unusable, read_regular_file
from lvs_rawcheck.config.ldirectord.model import EXTERNAL, FWM, Virtual
from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.scripts import is_hidden
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.diagnose.verify.finding import Finding as Difference
from lvs_rawcheck.diagnose.verify.planned import PlannedCheck
from lvs_rawcheck.generate.in_use import origin_of
from lvs_rawcheck.generate.keepalived.naming import named_by
from lvs_rawcheck.generate.options import WRAPPERS_DIR
from lvs_rawcheck.generate.scripts import script_fault
from lvs_rawcheck.registry.names import parse_check_id
from lvs_rawcheck.registry.service import Service
from lvs_rawcheck.wire.address import format_endpoint, parse_address

_CAUSES = {
    "left-out": "left-out",
    "marker": "left-out",
    "unregistered": "unregistered",
    "other-server": "other-target",
    "other-vip": "other-target",
}
"""By what verify calls it. Its `mode` is told by the daemon's subject."""


def drift(here: Surroundings) -> Section:
    """Look at each check that a configuration calls, and at each service that was made of one."""
    section = Section("services.d against configurations")
    called = 0
    names: set[str] = set()
    if here.keepalived is not None:
        planned, as_it_stands = here.planned
        called += len(planned)
        known = [check for check in planned if not _is_closed(here, check)]
        if len(known) < len(planned):
            section.gaps.append(f"{len(planned) - len(known)} checks, whose service files we may not read")
        differences = [each for check in known for each in here.registered.findings(check, None)]
        section.findings += _told([*as_it_stands, *differences])
        names |= named_by(file.octets for file in here.keepalived.files.values()).services
    if here.ldirectord is not None:
        for virtual in here.ldirectord.site.virtuals:
            name = _service_of(here, virtual)
            if name is not None:
                called += 1
                names.add(name)
                section.findings += _of_virtual(here, virtual, name)
    section.findings += _unused(here, names)
    section.looked_at = f"{called} checks and wrappers are called, and there" if called else ""
    return section


def _is_closed(here: Surroundings, check: PlannedCheck) -> bool:
    return check.check_id is not None and here.is_closed(parse_check_id(check.check_id)[0])


def _told(differences: list[Difference]) -> Iterator[Finding]:
    for each in dict.fromkeys(differences):
        if each.kind in _CAUSES:
            yield found(_CAUSES[each.kind], each.where, each.what, [instruction(each.fix)])


def _service_of(here: Surroundings, virtual: Virtual) -> str | None:
    """Return the service whose wrapper a virtual calls, None: it calls none."""
    folder, _, name = virtual.checkcommand.strip('"').rpartition("/")
    if virtual.checktype != EXTERNAL or not name:
        return None
    return name if folder == WRAPPERS_DIR or name in here.registered.registry.services else None


def _of_virtual(here: Surroundings, virtual: Virtual, name: str) -> Iterator[Finding]:
    path = virtual.checkcommand.strip('"')
    label = f"{virtual.line or virtual.label}"
    again = "generate anew (lvs-rawcheck generate ldirectord FILE --write)"
    fault = script_fault(path, None)
    if fault is not None and not is_hidden(fault):
        yield found("wrapper", label, fault, [instruction(f"{again}, or correct the path and its permissions")])
    service = here.registered.registry.services.get(name)
    if service is None:
        if here.is_closed(name):
            return
        what = f"{path} asks for the service {name}, which is not there or cannot be read"
        yield found("unregistered", label, what, [instruction(f"{again}, or put {here.services}/{name}.toml back")])
        return
    missing = [
        real.address for real in virtual.reals if real.address and parse_address(real.address) not in service.addresses
    ]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        what = f"{service.path} has no real server {missing[0]}{more}"
        yield found("unregistered", label, what, [instruction(again)])
    yield from _another_vip(virtual, service, label, again)


def _another_vip(virtual: Virtual, service: Service, label: str, again: str) -> Iterator[Finding]:
    if virtual.protocol == FWM or virtual.address is None:
        return
    vip, port = parse_address(virtual.address), virtual.port
    if not any(endpoint.vip == vip and port in (0, endpoint.port) for endpoint in service.endpoints):
        what = f"{service.path} does not prove {format_endpoint(vip, port)}"
        yield found("other-target", label, what, [instruction(f"correct its endpoint, or {again}")])


def _unused(here: Surroundings, names: set[str]) -> Iterator[Finding]:
    """Yield the services that were made of a configuration that was read, and are called by none."""
    read = {
        os.path.realpath(path)
        for configuration in (here.keepalived, here.ldirectord)
        if configuration is not None
        for path in configuration.files
    }
    for service in here.registered.registry.services.values():
        if service.name in names:
            continue
        try:
            origin = origin_of(read_regular_file(service.path).octets)
        except Unusable:
            continue
        if origin is not None and os.path.realpath(origin) in read:
            advice = f"generate anew: what is not needed is removed then; {service.path} stays if it was edited"
            yield found("unused-service", service.path, f"it was made of {origin}", [instruction(advice)])
