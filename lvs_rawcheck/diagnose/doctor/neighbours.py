# SPDX-License-Identifier: GPL-2.0-or-later
"""The size of the kernel's neighbour tables against the real servers, which all need an entry at the same time.

Reading list: neigh_alloc() and neigh_forced_gc() in net/core/neighbour.c: above gc_thresh2 entries older than five
seconds go, at gc_thresh3 there are no new ones. The tables, one a family, are shared by all network namespaces; only
the first one shows the limits.
"""

from __future__ import annotations

from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.doctor.sysctls import setting, to_keep, to_set
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.address import IPV4_OCTETS, IPV6_OCTETS

_FAMILIES = (("ipv4", IPV4_OCTETS, "arp_cache"), ("ipv6", IPV6_OCTETS, "ndisc_cache"))
STATISTICS = "/proc/net/stat"
_OVERFLOWS = "table_fulls"
_LIMITS = ("gc_thresh1", "gc_thresh2", "gc_thresh3")


def neighbour_tables(here: Surroundings) -> Section:
    """Look at the limits and at what happened, for each family that the registry has real servers of."""
    section = Section("neighbour tables")
    seen = []
    for family, octets, statistics in _FAMILIES:
        servers = {server.address for _, server in here.servers() if len(server.address) == octets}
        if not servers:
            continue
        overflows = _overflows(f"{STATISTICS}/{statistics}")
        if overflows:
            section.findings.append(_overflowed(family, overflows))
        limit = here.sysctls.number("net", family, "neigh", "default", _LIMITS[1])
        if limit is None:
            section.gaps.append(
                f"{setting('net', family, 'neigh', 'default', _LIMITS[1])}: only the host's first network namespace"
                " shows it"
            )
            continue
        needed = _needed(servers, octets)
        seen.append(f"{family}: {needed} needed, {limit} fit")
        if needed > limit:
            section.findings.append(_too_small(here, family, needed, len(servers), limit))
    section.looked_at = "; ".join(seen)
    return section


def _needed(servers: set[bytes], octets: int) -> int:
    """Return how many entries there are when each real server has one."""
    with Netlink() as netlink:
        known = {each.address for each in netlink.neighbours() if len(each.address) == octets and each.usable}
    return len(servers | known)


def _too_small(here: Surroundings, family: str, needed: int, servers: int, limit: int) -> Finding:
    where = setting("net", family, "neigh", "default", _LIMITS[1])
    what = f"{needed} neighbours, {servers} of them real servers, and {where} is {limit}"
    room = 1 << (2 * needed - 1).bit_length()
    fixes = []
    for place, name in reversed(list(enumerate(_LIMITS))):
        setting_of = ("net", family, "neigh", "default", name)
        if (here.sysctls.number(*setting_of) or 0) < room << place:  # what is larger is so for a reason
            fixes.append(to_set(room << place, *setting_of))
    return found("neighbour-table-small", where, what, [*fixes, to_keep()])


def _overflowed(family: str, times: int) -> Finding:
    what = f"new entries of {family} were refused {times} times"
    advice = (
        "raise gc_thresh1, 2 and 3 (a finding `neighbour-table-small` has the commands), or find who fills the table: "
    )
    advice += "ip -s neighbour; the count starts anew at the next boot"
    return found("neighbour-table-overflowed", f"neighbour table of {family}", what, [instruction(advice)])


def _overflows(path: str) -> int:
    """Return how often there was no room, of all processors; 0 where the kernel does not tell."""
    try:
        with open(path, encoding="ascii") as file:
            names, *rows = (line.split() for line in file)
        column = names.index(_OVERFLOWS)
        return sum(int(row[column], 16) for row in rows)
    except (OSError, ValueError, IndexError):
        return 0
