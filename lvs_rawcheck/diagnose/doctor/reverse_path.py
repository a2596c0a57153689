# SPDX-License-Identifier: GPL-2.0-or-later
"""rp_filter, as far as it concerns checks.

Raw checks hear frames before the kernel judges their source. Standard checks do not: where answers come by another
interface than the one of the route to the server, a strict filter drops them. Only `reply_interface` says that they do.

Reading list: RFC 3704 2.2 and 2.4; IN_DEV_RPFILTER in include/linux/inetdevice.h: the larger of `all` and the
interface. IPv6 has no such setting.
"""

from __future__ import annotations

from lvs_rawcheck.checks.request import STANDBY_RAW
from lvs_rawcheck.diagnose.doctor.causes import found
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.doctor.sysctls import to_keep, to_set
from lvs_rawcheck.registry.service import RealServer
from lvs_rawcheck.wire.address import IPV4_OCTETS

_NAME = "rp_filter"
_STRICT, _LOOSE = 1, 2


def rp_filter(here: Surroundings) -> Section:
    """Look at the interfaces by which answers come that are sent by another one."""
    names = {interface.name for interface in here.interfaces.values()}
    others: dict[str, str] = {}
    for service, server in here.servers():
        asked = _other_interface(here, server)
        if asked is not None and asked in names:
            others.setdefault(asked, service.check_id(server))
    section = Section("rp_filter", f"{', '.join(sorted(others))}: not strict" if others else "")
    for name, check_id in sorted(others.items()):
        if here.sysctls.larger(name, _NAME) == _STRICT:
            what = f"{check_id} hears answers on {name}, where rp_filter is strict"
            fixes = [to_set(_LOOSE, "net", "ipv4", "conf", name, _NAME), to_keep()]
            section.findings.append(found("strict-reverse-path", name, what, fixes))
    return section


def _other_interface(here: Surroundings, server: RealServer) -> str | None:
    """Return the interface by which answers to standard checks come too, where it is not the route's."""
    settings = server.settings
    if len(server.address) != IPV4_OCTETS or settings.standby == STANDBY_RAW:
        return None
    out = here.way(server.address)
    return settings.reply_interface if out is not None and settings.reply_interface not in (None, out) else None
