# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether each check of the registry has a way out as it is configured: interfaces, sources, and this host's own.

A server behind a gateway, or one that does not answer, is not this host's fault: `audit` looks at those. keepalived's
own checkers that connect from an address of somebody else are looked at here, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from lvs_rawcheck.checks.path import find_path
from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import KERNEL_SECONDS, Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.errors import ConfigError, LinkError, UsageError
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.registry.requests import request_of
from lvs_rawcheck.wire.address import format_address, parse_address, socket_family

_NONLOCAL = {2: "ipv4"}  # socket.AF_INET; the other family is IPv6
_NAME = "ip_nonlocal_bind"


def ways(here: Surroundings) -> Section:
    """Look at the way of each check, and at where keepalived's checkers connect from."""
    section = Section("ways to the real servers")
    troubles: dict[str, list[str]] = {}
    count = 0
    asked: set[tuple[bytes, str | None, bytes | None, str | None]] = set()
    with Netlink(KERNEL_SECONDS) as netlink:
        for service, server in here.servers():
            count += 1
            settings = server.settings
            way = (server.address, settings.interface, settings.source, settings.reply_interface)
            if way in asked:
                continue
            asked.add(way)
            try:
                request = request_of(service, server)
                request.is_registry_vip = here.vips.__contains__
                find_path(netlink, request)
            except (LinkError, UsageError) as error:
                troubles.setdefault(str(error), []).append(service.check_id(server))
            except ConfigError as error:
                section.gaps.append(str(error))
    section.looked_at = f"{count} checks" if count else ""
    for trouble, check_ids in troubles.items():
        section.findings.append(_finding(trouble, check_ids))
    section.findings += _bound_elsewhere(here)
    return section


def _finding(trouble: str, check_ids: list[str]) -> Finding:
    more = f" and {len(check_ids) - 1} more" if len(check_ids) > 1 else ""
    advice = (
        "bring the interface up (ip link; ip address), or correct interface, source or reply_interface of the service"
    )
    return found("no-way", f"{check_ids[0]}{more}", trouble, [instruction(advice)])


def _bound_elsewhere(here: Surroundings) -> Iterator[Finding]:
    """Yield the checkers of keepalived's that connect from an address that is not here, and may."""
    local = {each.address for each in here.addresses}
    for virtual in here.keepalived.site.virtual_servers if here.keepalived is not None else ():
        for checker in (checker for real in virtual.real_servers for checker in real.checkers):
            text = checker.connection.bindto
            if text is None:
                continue
            try:
                source = parse_address(text)
            except UsageError:
                continue
            family = _NONLOCAL.get(socket_family(source), "ipv6")
            if source not in local and here.sysctls.number("net", family, _NAME):
                what = f"it connects from {format_address(source)}, which is not here, and net.{family}.{_NAME} is 1"
                advice = f"take bindto out of this checker; or, if nothing else here needs it, set net.{family}.{_NAME}"
                advice += " to 0: then the checker keeps its state while the address is elsewhere"
                yield found("nonlocal-bind", f"{checker.block.span}", what, [instruction(advice)])
