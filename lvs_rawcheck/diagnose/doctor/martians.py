# SPDX-License-Identifier: GPL-2.0-or-later
"""log_martians: the kernel's log on an active director, a line for each answer to a raw check.

Reading list: ip_handle_martian_source() in net/ipv4/route.c; IN_DEV_LOG_MARTIANS in include/linux/inetdevice.h: either
of `all` and the interface's own. There is no such rule in IPv6.
"""

from __future__ import annotations

from lvs_rawcheck.checks.request import INTERFACE_ANY
from lvs_rawcheck.diagnose.doctor.causes import found
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.doctor.sysctls import ALL, setting, to_keep, to_set
from lvs_rawcheck.diagnose.fix import Fix
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address

_NAME = "log_martians"


def log_martians(here: Surroundings) -> Section:
    """Look at the interfaces by which answers from this director's own IPv4 VIPs come."""
    held = {each.address for each in here.held if len(each.address) == IPV4_OCTETS}
    if not held:
        return Section("log_martians")
    names = sorted(_answering(here, held))
    section = Section("log_martians", f"{', '.join(names)}: answers from VIPs are not logged" if names else "")
    on = [name for name in names if here.sysctls.larger(name, _NAME)]
    if on:
        vip = format_address(min(held))
        shown = f"{', '.join(on)}: answers come from {vip}, which this director holds itself"
        section.findings.append(
            found("log-martians", ", ".join(on), shown, _fixes(here, on), _values(here, on)),
        )
    return section


def _answering(here: Surroundings, held: set[bytes]) -> set[str]:
    """Return the interfaces by which answers from these VIPs come."""
    names: set[str] = set()
    for service, server in here.servers():
        if not any(endpoint.vip in held for endpoint in service.endpoints):
            continue
        settings = server.settings
        asked = settings.reply_interface
        if asked == INTERFACE_ANY:
            names |= {each.name for index, each in here.interfaces.items() if not here.is_silent(index)}
        else:
            names |= {name for name in (asked or settings.interface or here.way(server.address),) if name}
    return names


def _scopes(here: Surroundings, names: list[str]) -> list[str]:
    return [scope for scope in (ALL, *names) if here.sysctls.number("net", "ipv4", "conf", scope, _NAME)]


def _values(here: Surroundings, names: list[str]) -> list[str]:
    return [f"{setting('net', 'ipv4', 'conf', scope, _NAME)} = 1" for scope in _scopes(here, names)]


def _fixes(here: Surroundings, names: list[str]) -> list[Fix]:
    return [*(to_set(0, "net", "ipv4", "conf", scope, _NAME) for scope in _scopes(here, names)), to_keep()]
