# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of this host that would eat what checks send, or the answers to standard checks.

Packet sockets hear frames before every rule but XDP programs, and send past all of netfilter but the egress hook of
netdev tables (net/core/dev.c: __netif_receive_skb_core, __dev_queue_xmit). A standard check is a connection like
others: it goes through output and postrouting, and its answers through ingress, prerouting and input.

Rules are read, not tried: what cannot be told from outside is said to be not looked at.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from math import ceil

from lvs_rawcheck.diagnose.doctor.causes import found, instruction
from lvs_rawcheck.diagnose.doctor.ruleset import DROPPED, Packet, Ruleset
from lvs_rawcheck.diagnose.doctor.section import Section
from lvs_rawcheck.diagnose.doctor.surroundings import Surroundings
from lvs_rawcheck.diagnose.finding import Finding
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.generate.asking import ask
from lvs_rawcheck.registry.service import RealServer, Service
from lvs_rawcheck.wire.address import format_address

_SECONDS_MOST = 10.0
_JUDGEMENTS_MOST = 500_000  # packets times rules: a second or two
_LEGACY_TABLES = ("/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")
_NAMED = re.compile(r"\s*(?P<what>table netdev|chain) (?P<name>\S+) \{")
_DEVICES = re.compile(r" devices?(?: =)? (\{[^}]*\}|\"[^\"]*\"|\S+)")
_DEVICE = re.compile(r"[^\s\"{},]+")
_OUR_PORT = 40000  # any ephemeral one
_PROTOCOLS = ("tcp", "udp")

RAW, STANDARD, ANSWER = "raw checks", "standard checks", "answers to standard checks"
_HOOKS = {RAW: ("egress",), STANDARD: ("output", "postrouting", "egress"), ANSWER: ("ingress", "prerouting", "input")}


def firewall(here: Surroundings) -> Section:
    """Look at the rules that each check's packets meet."""
    section = Section("firewall rules")
    section.gaps += [
        f"rules of iptables-legacy ({os.path.basename(path).split('_', 1)[0]}): they are not read"
        for path in _LEGACY_TABLES
        if _has_content(path)
    ]
    packets = list(dict.fromkeys(_packets(here)))
    section.gaps += _early_programs({packet.outgoing or packet.incoming for _, packet in packets})
    ruleset = _read_rules(section)
    if ruleset is None or not packets:
        return section
    step = ceil(ruleset.size * len(packets) / _JUDGEMENTS_MOST)
    if step > 1:
        step += step % len(_HOOKS) == 0  # else it would always be the same one of a check's packets
        section.gaps.append(
            f"{ruleset.size} rules of nftables for {len(packets)} packets: only one in {step} was judged"
        )
        packets = packets[::step]
    section.looked_at = f"{ruleset.size} rules of nftables, none drops what checks need"
    for place, (verdict, what, packet) in _judged(ruleset, packets).items():
        if verdict == DROPPED:
            section.findings.append(_finding(place, what, packet))
        else:
            shown = f"nftables, {place}: whether it drops {what} ({_shown(packet)}) cannot be told from outside"
            section.gaps.append(shown)
    return section


def _judged(ruleset: Ruleset, packets: list[tuple[str, Packet]]) -> dict[str, tuple[str, str, Packet]]:
    """Return by rule what it does and to which first packet; a drop before a doubt."""
    places: dict[str, tuple[str, str, Packet]] = {}
    for what, packet in packets:
        for judgement in ruleset.judge(packet, _HOOKS[what]):
            known = places.get(judgement.place)
            if known is None or (known[0] != DROPPED and judgement.verdict == DROPPED):
                places[judgement.place] = (judgement.verdict, what, packet)
    return places


def _has_content(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def _early_programs(names: set[str]) -> list[str]:
    """Return the interfaces of checks with an XDP program, which alone comes before packet sockets, a sentence each."""
    try:
        listed = json.loads(ask("ip", ["ip", "-json", "link", "show"], "/", _SECONDS_MOST).output or b"[]")
    except (LinkError, ValueError) as error:
        return [f"XDP programs: {error}"]
    found = [str(each.get("ifname")) for each in listed if isinstance(each, dict) and "xdp" in each]
    return [f"{name}: whether its XDP program drops answers to checks" for name in sorted(names & set(found))]


def _read_rules(section: Section) -> Ruleset | None:
    if os.geteuid() != 0:
        section.gaps.append("rules of nftables: this needs root")
        return None
    try:
        answer = ask("nft", ["nft", "-j", "list", "ruleset"], "/", _SECONDS_MOST)
        if answer.status == 0:
            # Older versions leave the devices of a chain out of their JSON.
            listed = ask("nft", ["nft", "list", "chains", "netdev"], "/", _SECONDS_MOST)
            return Ruleset(json.loads(answer.output), devices_of(listed.output.decode("utf-8", "replace")))
        trouble = answer.messages[0] if answer.messages else f"nft ended with {answer.status}"
    except (LinkError, ValueError, RecursionError) as error:
        trouble = str(error)
    section.gaps.append(f"rules of nftables: {trouble}")
    return None


def devices_of(listed: str) -> dict[str, set[str]]:
    """Return the devices of each chain that `nft list chains netdev` lists, by the chain's label."""
    found: dict[str, set[str]] = {}
    table = chain = ""
    for line in listed.splitlines():
        if names := _NAMED.match(line):
            table, chain = (names["name"], chain) if names["what"] == "table netdev" else (table, names["name"])
        elif devices := _DEVICES.search(line):
            found[f"netdev {table} {chain}"] = set(_DEVICE.findall(devices[1]))
    return found


def _packets(here: Surroundings) -> Iterator[tuple[str, Packet]]:
    """Yield what each check sends, and the answer to the standard one, with what it is."""
    for service, server in here.servers():
        route = here.routes.get(server.address)
        out = server.settings.interface or here.way(server.address)
        if service.protocol not in _PROTOCOLS or route is None or route.source is None or out is None:
            continue
        own, real = format_address(server.settings.source or route.source), format_address(server.address)
        protocol = service.protocol
        for endpoint in service.endpoints:
            vip = format_address(endpoint.vip)
            yield RAW, Packet(own, vip, protocol, _OUR_PORT, endpoint.port, "", out, "")
        for port in sorted(_standard_ports(service, server)):
            yield STANDARD, Packet(own, real, protocol, _OUR_PORT, port, "", out, "new")
            yield ANSWER, Packet(real, own, protocol, port, _OUR_PORT, out, "", "established")


def _standard_ports(service: Service, server: RealServer) -> set[int]:
    """Return where standard checks go on the server's own address."""
    if not server.standby_checks:
        return {server.port or endpoint.port for endpoint in service.endpoints}
    ways = [spec.way for spec in server.standby_checks if spec.way.octets("connect_ip") in (None, server.address)]
    return {way.number("connect_port") or server.port or service.endpoints[0].port for way in ways}


def _shown(packet: Packet) -> str:
    ends = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
    one, other = (f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address, port in ends)
    return f"{packet.protocol} {one} to {other}"


def _finding(place: str, what: str, packet: Packet) -> Finding:
    shown = f"{what} are dropped ({_shown(packet)})"
    chain = place.partition(",")[0]
    advice = f"look at the rule (nft -a list chain {chain}) and let these packets pass before it"
    return found("output-dropped", f"nftables, {place}", shown, [instruction(advice)])
