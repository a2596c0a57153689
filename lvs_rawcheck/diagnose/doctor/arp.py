# SPDX-License-Identifier: GPL-2.0-or-later
"""arp_ignore on a director, which must answer for its VIPs while it is master, and never as the standby.

Reading list: arp_ignore() in net/ipv4/arp.c and ip-sysctl.rst. 0: answer for any address of this host; 1: for
one of the interface that was asked; 2: besides, to askers of the same subnet; 3: for none of scope host; 8: for none.
The larger of `all` and the interface's own counts. A VIP in no subnet of this host is routed here: nobody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from lvs_rawcheck.checks.request import ROLE_AUTO
from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.doctor.sysctls import ALL, setting, to_keep, to_set
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.director.role import BACKUP, read_role
from lvs_rawcheck.link.rtnetlink import LocalAddress
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address

_NAME, _ANNOUNCE = "arp_ignore", "arp_announce"
_NOT_OF_HOST, _NEVER = 3, 8
_SCOPE_HOST = 254  # rtnetlink(7)
_HOST_PREFIX = 32
_MASTER_ANSWERS = 1  # of the interface that was asked, where keepalived puts VIPs


def arp_settings(here: Surroundings) -> Section:
    """Look at what answers for the IPv4 VIPs that are here."""
    held = [each for each in here.held if len(each.address) == IPV4_OCTETS]
    section = Section("ARP for VIPs", f"{len({each.address for each in held})} VIPs held" if held else "")
    loud = {each.address for each in held if not here.is_silent(each.interface_index)}
    section.findings += _unanswered(here, [each for each in held if each.address in loud])
    section.findings += _answered_twice(here, {each.address for each in held} - loud)
    return section


def _unanswered(here: Surroundings, held: list[LocalAddress]) -> Iterator[Finding]:
    for each in held:
        if here.is_silent(each.interface_index) or not _subnets(here, each.address):
            continue
        name = here.interfaces[each.interface_index].name
        value = here.sysctls.larger(name, _NAME)
        if _is_silenced(value, each):
            vip = format_address(each.address)
            what = f"{setting('net', 'ipv4', 'conf', name, _NAME)} comes to {value}, and {vip} is on {name}"
            scopes = [scope for scope in (ALL, name) if _value(here, scope) > _MASTER_ANSWERS]
            fixes = [to_set(_MASTER_ANSWERS, "net", "ipv4", "conf", scope, _NAME) for scope in scopes]
            yield found("vip-not-announced", f"{vip} on {name}", what, [*fixes, to_keep()])


def _value(here: Surroundings, scope: str) -> int:
    return here.sysctls.number("net", "ipv4", "conf", scope, _NAME) or 0


def _is_silenced(value: int, held: LocalAddress) -> bool:
    return value == _NEVER or (value == _NOT_OF_HOST and held.scope == _SCOPE_HOST)


def _answered_twice(here: Surroundings, vips: set[bytes]) -> Iterator[Finding]:
    """Yield the VIPs on lo that this standby answers for. Whose role nobody tells may be the master that way."""
    for vip in sorted(vips & _vips_of_standby(here)):
        open_to = [name for name in _subnets(here, vip) if here.sysctls.larger(name, _NAME) == 0]
        if open_to:
            shown = format_address(vip)
            what = f"{shown} is on a loopback interface, the role file says backup, and arp_ignore is 0 on"
            fixes = [to_set(1, "net", "ipv4", "conf", ALL, _NAME), to_set(2, "net", "ipv4", "conf", ALL, _ANNOUNCE)]
            fixes += [to_keep(), instruction("let clients and routers forget: flush their ARP entries for the VIP")]
            yield found("vip-announced-by-standby", shown, f"{what} {', '.join(open_to)}", fixes)


def _subnets(here: Surroundings, vip: bytes) -> list[str]:
    """Return the interfaces whose neighbours take a VIP to be on their link, and ask who has it."""
    links = (each for each in here.addresses if not here.is_silent(each.interface_index) and _is_on_link(each, vip))
    return list(dict.fromkeys(here.interfaces[each.interface_index].name for each in links))


def _vips_of_standby(here: Surroundings) -> set[bytes]:
    """Return the VIPs of services whose role file says, in so many words, that this is the standby."""
    roles: dict[str, bool] = {}
    found_vips: set[bytes] = set()
    for service, server in here.servers():
        path = server.settings.role_file
        if path in (None, ROLE_AUTO):
            continue
        assert path is not None
        if path not in roles:
            roles[path] = read_role(path) == (BACKUP, None)
        if roles[path]:
            found_vips |= {endpoint.vip for endpoint in service.endpoints}
    return found_vips


def _is_on_link(local: LocalAddress, address: bytes) -> bool:
    """Return whether an address lies in the subnet of one of this host's."""
    if len(local.address) != len(address) or local.prefix_length == _HOST_PREFIX:
        return False
    shift = 8 * len(address) - local.prefix_length
    return int.from_bytes(local.address) >> shift == int.from_bytes(address) >> shift
