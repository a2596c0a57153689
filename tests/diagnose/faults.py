# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of direct routing made for real between a director and its real server, and mended by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.finding import ERROR
from lvs_rawcheck.diagnose.fix import THIS_HOST, Fix
from lvs_rawcheck.wire.address import format_endpoint, parse_address
from tests.diagnose.site import IPV4, PORT, Site
from tests.netns.roles import director, host_prefix, lose_vip, set_forwarding
from tests.netns.services import tcp_server

FOREIGN_MAC = "02:00:00:00:99:99"
FULL_MTU, SHORT_MTU = "1500", "1400"
OTHER_TABLE = "77"  # a routing table that nothing else uses


@dataclass(frozen=True)
class Fault:
    """One state that is wrong. by_commands: whether the commands of the remedy alone mend it; else `mend` does.

    touches: what it changes; two that touch the same cannot be had at once.
    """

    name: str
    cause: str
    make: Callable[[Site], None]
    mend: Callable[[Site], None]
    by_commands: bool = False
    severity: str = ERROR
    touches: str = ""


def has_vip_again(site: Site) -> None:
    site.server.add_address(host_prefix(site.family.vip), "lo")


def vip_missing(site: Site) -> None:
    lose_vip(site.server, site.family.vip)


def vip_missing_and_ready_to_steal_it(site: Site) -> None:
    lose_vip(site.server, site.family.vip)
    site.server.sysctl("net.ipv4.conf.all.arp_ignore", 0)
    site.server.sysctl("net.ipv4.conf.all.arp_announce", 0)


def has_vip_again_and_keeps_quiet(site: Site) -> None:
    site.server.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    site.server.sysctl("net.ipv4.conf.all.arp_announce", 2)
    has_vip_again(site)


def vip_missing_forwarding(site: Site) -> None:
    lose_vip(site.server, site.family.vip)
    set_forwarding(site.server, 1)


def vip_there_again_forwarding(site: Site) -> None:
    set_forwarding(site.server, 0)
    has_vip_again(site)


def all_dropped(site: Site) -> None:
    site.refuse_on(site.family.vip, "drop")


def port_dropped(site: Site) -> None:
    site.refuse_on(site.family.vip, "drop", f"tcp dport {PORT}")


def port_rejected(site: Site) -> None:
    site.refuse_on(site.family.vip, "reject with icmpx type admin-prohibited", f"tcp dport {PORT}")


def firewall_gone(site: Site) -> None:
    site.server.nft("delete table inet filter")


def bound_to_real_address(site: Site) -> None:
    site.on_vip.stop()


def nothing_listens(site: Site) -> None:
    for service in site.services():
        service.stop()


def service_started(site: Site) -> None:
    for address in (site.family.vip, site.family.real_ip):
        wanted = format_endpoint(parse_address(address), PORT)
        if wanted not in site.server.run(["ss", "-Hltn"]).stdout:
            tcp_server(site.server, address, PORT)


def announces_the_vip(site: Site) -> None:
    if site.family is IPV4:
        site.server.sysctl("net.ipv4.conf.all.arp_ignore", 0)
    else:
        site.server.add_address(host_prefix(site.family.vip), "eth0")


def announces_it_no_more(site: Site) -> None:
    if site.family is IPV4:
        site.server.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    else:
        site.server.remove_address(host_prefix(site.family.vip), "eth0")


def asks_as_the_vip(site: Site) -> None:
    """The director knows it well and does not ask first; in IPv6 what it would answer for the VIP is held back."""
    know_it_well(site)
    if site.family is IPV4:
        site.server.sysctl("net.ipv4.conf.all.arp_announce", 0)
    else:
        site.server.add_address(host_prefix(site.family.vip), "eth0")
        rule = f"ip6 saddr {site.family.vip} icmpv6 type nd-neighbor-advert drop"
        site.server.nft(f"table ip6 quiet {{\n chain output {{\n type filter hook output priority 0\n {rule}\n }}\n}}")
    forget_neighbours(site)


def asks_as_itself(site: Site) -> None:
    if site.family is IPV4:
        site.server.sysctl("net.ipv4.conf.all.arp_announce", 2)
    else:
        site.server.remove_address(host_prefix(site.family.vip), "eth0")
        site.server.nft("delete table ip6 quiet")


def know_it_well(site: Site) -> None:
    """Let the director know the server's MAC, so that it need not ask, and be known by that, before it sends."""
    site.director.run(["ping", "-c1", "-W1", "-I", site.family.director_ip, site.family.real_ip])


def forget_neighbours(site: Site) -> None:
    """Let the server know no neighbour: what it answers next, it has to ask the way for."""
    site.server.ip("neigh", "flush", "dev", "eth0")


def entry_wrong(site: Site) -> None:
    site.director.ip("neigh", "replace", site.family.real_ip, "lladdr", FOREIGN_MAC, "dev", "eth0", "nud", "permanent")


def entry_gone(site: Site) -> None:
    site.director.ip("neigh", "del", site.family.real_ip, "dev", "eth0")


def host_down(site: Site) -> None:
    site.network.unplug(site.server)


def host_up(site: Site) -> None:
    site.network.carry_again(site.server)


def vip_elsewhere(site: Site) -> None:
    """A further host that takes itself for a director."""
    address = "10.0.0.77" if site.family is IPV4 else "2001:db8::77"
    site.stranger = director(site.network, "stranger", site.family.on_link(address), [site.family.vip])


def vip_nowhere_else(site: Site) -> None:
    assert site.stranger is not None
    site.stranger.remove_address(host_prefix(site.family.vip), "eth0")


def short_frames_only(site: Site) -> None:
    site.server.ip("link", "set", "eth0", "mtu", SHORT_MTU)


def full_frames(site: Site) -> None:
    site.server.ip("link", "set", "eth0", "mtu", FULL_MTU)


def balances_again(site: Site) -> None:
    """Pass TCP for the VIP's port back to the director, as a second IPVS does; all else is its own."""
    family, server = site.family, site.server
    which = ["-4"] if family is IPV4 else ["-6"]
    set_forwarding(server, 1)
    server.ip(*which, "route", "add", host_prefix(family.vip), "via", family.director_ip, "table", OTHER_TABLE)
    server.ip(*which, "rule", "add", "pref", "10", "lookup", "local")
    server.ip(*which, "rule", "add", "pref", "5", "to", family.vip, "ipproto", "tcp", "dport", str(PORT), "lookup",
              OTHER_TABLE)  # fmt: skip
    server.ip(*which, "rule", "del", "pref", "0")


def balances_no_more(site: Site) -> None:
    which = ["-4"] if site.family is IPV4 else ["-6"]
    site.server.ip(*which, "rule", "del", "pref", "5")
    set_forwarding(site.server, 0)


FAULTS = (
    Fault("entry wrong", signatures.NEIGHBOUR_ENTRY_WRONG, entry_wrong, entry_gone, by_commands=True, touches="entry"),
    Fault("host down", signatures.HOST_DOWN, host_down, host_up, touches="link"),
    Fault(
        "VIP missing", signatures.VIP_MISSING_OR_FILTERED, vip_missing, has_vip_again, by_commands=True, touches="vip"
    ),
    Fault(
        "VIP missing, would be stolen",
        signatures.VIP_MISSING_OR_FILTERED,
        vip_missing_and_ready_to_steal_it,
        has_vip_again_and_keeps_quiet,
        by_commands=True,
        touches="vip arp",
    ),
    Fault(
        "VIP missing, forwarding",
        signatures.VIP_MISSING_FORWARDING,
        vip_missing_forwarding,
        vip_there_again_forwarding,
        by_commands=True,
        touches="vip forwarding",
    ),
    Fault("all dropped", signatures.VIP_MISSING_OR_FILTERED, all_dropped, firewall_gone, touches="firewall"),
    Fault("balances again", signatures.DIRECTOR_CIRCLE, balances_again, balances_no_more, touches="vip forwarding"),
    Fault("port rejected", signatures.REJECTED, port_rejected, firewall_gone, touches="firewall"),
    Fault("port dropped", signatures.FILTERED_PORT, port_dropped, firewall_gone, touches="firewall"),
    Fault("short frames only", signatures.PATH_MTU, short_frames_only, full_frames, touches="mtu"),
    Fault(
        "bound to its own address",
        signatures.BOUND_TO_REAL_ADDRESS,
        bound_to_real_address,
        service_started,
        touches="service",
    ),
    Fault("nothing listens", signatures.SERVICE_DOWN, nothing_listens, service_started, touches="service"),
    Fault("VIP elsewhere", signatures.VIP_DUPLICATE, vip_elsewhere, vip_nowhere_else, touches="stranger"),
    Fault(
        "answers for the VIP",
        signatures.ARP_LEAK,
        announces_the_vip,
        announces_it_no_more,
        True,
        severity="warning",
        touches="vip arp",
    ),
    Fault(
        "asks as the VIP",
        signatures.ARP_ANNOUNCE,
        asks_as_the_vip,
        asks_as_itself,
        True,
        severity="warning",
        touches="vip arp",
    ),
)


def take_commands(site: Site, fixes: list[Fix]) -> None:
    """Do what a remedy says: its commands, as they are written, in order; what is kept in /etc goes nowhere."""
    hosts = {THIS_HOST: site.director, site.family.real_ip: site.server}
    for fix in fixes:
        if fix.command:
            shell = f"mount -t tmpfs tmpfs /etc/sysctl.d && {fix.command}"
            hosts[fix.host].run(["unshare", "-m", "sh", "-ec", shell])
