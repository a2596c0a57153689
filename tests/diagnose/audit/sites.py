# SPDX-License-Identifier: GPL-2.0-or-later
"""Audits of three sites, as the audit itself would leave them: a healthy one, one with many faults, a large one."""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.checks.base import Endpoint, Reason, Result, Verdict
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.model import Audit, Cell, Target
from lvs_rawcheck.diagnose.finding import ERROR, WARNING, Finding
from lvs_rawcheck.diagnose.fix import THIS_HOST, Fix
from lvs_rawcheck.wire.address import parse_address

SOURCE = "/etc/keepalived/keepalived.conf (keepalived)"
BEGAN = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
SYN_LINE = "0.000 > 10.0.0.21:50001 > 10.0.0.100:80 S 0:0(0) win 64240 <mss 1460,sackOK>"


INSTEAD = "tcp: the site's own check is a script, /usr/local/bin/check-tls, which cannot be asked raw"


def cell(
    real: str, vip: str, port: int, kind: str = "tcp", sorry: bool = False, protocol: str = "tcp", instead: str = ""
) -> Cell:
    """Return a cell that passed."""
    real_ip, endpoint = parse_address(real), Endpoint(parse_address(vip), port)
    target = Target(
        Request(kind, [TcpConversation], real_ip, [endpoint]), f"keepalived.conf:{port}", sorry, protocol, instead
    )
    return Cell(target, Result(kind, real_ip, endpoint, Verdict(Reason.OK, "connected")), signatures.HEALTHY)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell: its verdict, and what the finding says."""

    cause: str
    reason: str
    detail: str
    sentence: str
    evidence: tuple[str, ...]
    fixes: tuple[tuple[str, str], ...] = ()
    """Commands and instructions of the real server: one of two is empty."""
    severity: str = ERROR

    def strike(self, cells: list[Cell], where: str, host: str) -> Finding:
        """Let these cells fail, and return the one finding that tells of them."""
        fixes = [Fix(host, command, instruction) for command, instruction in self.fixes]
        finding = Finding(self.cause, self.severity, where, self.sentence, list(self.evidence), fixes)
        for each in cells:
            each.cause = self.cause
            each.result.verdict = Verdict(self.reason, self.detail)
            each.findings.append(finding)
        return finding


NO_VIP = Fault(
    "vip-missing-or-filtered",
    Reason.NO_ANSWER,
    "nothing came back for 3 SYNs",
    "10.0.0.42 is up, but what is sent to 10.0.0.100 at its MAC vanishes: the VIP is not there, or everything to it"
    " is filtered.",
    (
        SYN_LINE,
        "0.200 > 10.0.0.21:50001 > 10.0.0.100:80 S 0:0(0) win 64240 <mss 1460,sackOK>",
        "0.600 > 10.0.0.21:50001 > 10.0.0.100:80 S 0:0(0) win 64240 <mss 1460,sackOK>",
        "echo to the VIP: silence",
        "its own address, port 80: connected",
    ),
    (
        ("sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2", ""),
        ("ip addr add 10.0.0.100/32 dev lo", ""),
        (
            "printf '%s\\n' net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"
            " > /etc/sysctl.d/60-lvs-rawcheck.conf",
            "",
        ),
        ("", "add 10.0.0.100/32 to lo in /etc/network/interfaces or the networkd file of lo, so that it lasts"),
    ),
)
LEAK = Fault(
    "arp-leak",
    Reason.OK,
    "connected",
    "10.0.0.43 answers ARP for 10.0.0.100: it can draw clients to itself, past the director.",
    ("0.301 > ARP who-has 10.0.0.100 tell 10.0.0.21", "0.302 < ARP 10.0.0.100 is-at 02:00:0a:00:00:2b"),
    (
        ("sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2", ""),
        ("", "keep both in /etc/sysctl.d/, and 10.0.0.100 on lo alone (ip addr show to 10.0.0.100)"),
    ),
    WARNING,
)
DOWN_HOST = Fault(
    "host-down",
    Reason.NO_NEIGHBOUR,
    "nobody answers ARP for 10.0.0.44",
    "Nobody answers for 10.0.0.44, by any means: the host is down, unplugged, in another VLAN, or has another address.",
    ("0.000 > ARP who-has 10.0.0.44 tell 10.0.0.21", "its own address, port 80: silence"),
    (("", "bring 10.0.0.44 up, or correct its address in the director's configuration"),),
)
FORWARDS = Fault(
    "vip-missing-forwarding",
    Reason.LOOPED,
    "our own SYN came back, TTL 63",
    "10.0.0.45 does not have 10.0.0.100, and forwards what it gets for it.",
    (SYN_LINE, "0.001 < 10.0.0.21:50001 > 10.0.0.100:80 S 0:0(0) ttl 63", "0.001 < ICMP redirect 5/1"),
    (("ip addr add 10.0.0.100/32 dev lo", ""), ("sysctl -w net.ipv4.ip_forward=0", "")),
)
STOPPED = Fault(
    "service-down",
    Reason.REFUSED,
    "RST in SYN_SENT",
    "10.0.0.100 is there, but nothing listens on port 443.",
    (SYN_LINE, "0.001 < R. 0:0(0) ack 1"),
    (("", "start the service"), ("ss -ltnp 'sport = :443'", "")),
)
BOUND = Fault(
    "bound-to-real-address",
    Reason.REFUSED,
    "RST in SYN_SENT",
    "10.0.0.100 is there, and the service listens on 10.0.0.47 port 443, but not on 10.0.0.100:443.",
    (SYN_LINE, "0.001 < R. 0:0(0) ack 1", "its own address, port 443: connected"),
    (("", "let the service listen on 10.0.0.100:443 too, or on all addresses"),),
)
FILTERED = Fault(
    "filtered-port",
    Reason.NO_ANSWER,
    "nothing came back for 3 SYNs",
    "10.0.0.101 is there and answers echo, but what is sent to port 25 vanishes: a firewall drops it, or the"
    " service's queue is full.",
    (SYN_LINE, "echo to the VIP: reply"),
    (("", "look for the rule that drops it: nft list ruleset"),),
)
SICK = Fault(
    "service-unhealthy",
    Reason.STATUS,
    "status 503 Service Unavailable, 200 was expected",
    "The data path to 10.0.0.101 at 10.0.0.49 works; it is the service that does not pass: status 503 Service"
    " Unavailable, 200 was expected.",
    (*(f"0.00{line} < header {line} of an answer that was long" for line in range(1, 10)), "0.010 < body 0"),
    (("", "see what the service itself says, in its log and when asked at 10.0.0.101:8080"),),
)
UNJUDGED = Fault(
    "cannot-judge",
    Reason.CANNOT_JUDGE,
    "no packet socket: Operation not permitted",
    "The fault is on this director, and says nothing of the server: no packet socket: Operation not permitted.",
    (),
    (("", "explain again as root"),),
)


def healthy_site() -> Audit:
    """Return two servers at one VIP where all is well."""
    cells = [cell(real, "10.0.0.100", port) for real in ("10.0.0.42", "10.0.0.43") for port in (80, 443)]
    return Audit(SOURCE, cells, director="lb1", began=BEGAN, seconds=0.04)


def troubled_site() -> Audit:
    """Return ten servers at two VIPs, and two of IPv6, with nine causes, a sorry server, and something unasked."""
    reals = [f"10.0.0.{number}" for number in range(42, 52)]
    web = {
        (real, vip, port): cell(real, vip, port)
        for real in reals
        for vip, port in (("10.0.0.100", 80), ("10.0.0.100", 443), ("10.0.0.101", 8080), ("10.0.0.101", 25))
    }
    faults = (
        (NO_VIP, "10.0.0.42", "10.0.0.100", (80, 443)),
        (LEAK, "10.0.0.43", "10.0.0.100", (80, 443)),
        (FORWARDS, "10.0.0.45", "10.0.0.100", (80, 443)),
        (STOPPED, "10.0.0.46", "10.0.0.100", (443,)),
        (BOUND, "10.0.0.47", "10.0.0.100", (443,)),
        (FILTERED, "10.0.0.48", "10.0.0.101", (25,)),
        (SICK, "10.0.0.49", "10.0.0.101", (8080,)),
        (UNJUDGED, "10.0.0.50", "10.0.0.101", (25,)),
    )
    findings = [
        fault.strike([web[real, vip, port] for port in ports], f"{vip} at {real}", real)
        for fault, real, vip, ports in faults
    ]
    down = [each for (real, _, _), each in web.items() if real == "10.0.0.44"]
    findings.append(DOWN_HOST.strike(down, "10.0.0.44", THIS_HOST))
    sorry = cell("10.0.0.60", "10.0.0.100", 80, sorry=True)
    findings.append(NO_VIP.strike([sorry], "10.0.0.100 at 10.0.0.60 (sorry server)", "10.0.0.60"))
    names = [
        cell(real, "10.0.0.102", 53, kind, protocol=protocol)
        for real in ("10.0.0.70", "10.0.0.71")
        for kind, protocol in (("dns", "udp"), ("tcp", "udp"), ("tcp", "tcp"))
    ]
    six = [cell(f"2001:db8::{number}", "2001:db8::100", 443, instead=INSTEAD) for number in (42, 43)]
    gaps = ["ended by SIGINT: 3 real servers were not asked"]
    notes = ["10.0.0.80 is forwarded to by NAT (lb_kind NAT): it has no data path of this kind and was left out"]
    cells = [*web.values(), sorry, *names, *six]
    return Audit(
        SOURCE, cells, findings, gaps=gaps, notes=notes, seconds=1.234, director="lb1.example.net", began=BEGAN
    )


def large_site(servers: int = 200, vips: int = 10) -> Audit:
    """Return so many servers at so many VIPs with two ports each, one in twenty servers without its first VIP."""
    audit = Audit("the registry, /etc/lvs-rawcheck/services.d", seconds=7.5, director="lb1", began=BEGAN)
    for number in range(servers):
        real = f"10.1.{number // 250}.{number % 250 + 1}"
        row = [cell(real, f"10.1.10.{vip + 1}", port) for vip in range(vips) for port in (80, 443)]
        audit.cells += row
        if number % 20 == 7:
            audit.findings.append(NO_VIP.strike(row[:2], f"10.1.10.1 at {real}", real))
        if number % 50 == 11:
            audit.findings.append(STOPPED.strike(row[5:6], f"10.1.10.3:443 at {real}", real))
    return audit
