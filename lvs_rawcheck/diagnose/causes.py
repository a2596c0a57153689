# SPDX-License-Identifier: GPL-2.0-or-later
"""Each cause in words: what is wrong, and the command that would put it right, addresses filled in."""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, format_endpoint
from lvs_rawcheck.wire.ip import PROTO_SCTP, PROTO_TCP, PROTO_UDP


@dataclass(frozen=True)
class Cause:
    """A cause, in a sentence and commands with the names of `Scene.words` in braces."""

    sentence: str
    fix: tuple[str, ...]
    """What to do, a line each; empty where nothing is wrong."""
    fix_ipv6: tuple[str, ...] = ()
    """The same for IPv6, where that is another thing."""


@dataclass(frozen=True)
class Scene:
    """What the words of a cause speak of. Addresses as octets; interface: None where none was found."""

    real_ip: bytes
    vip: bytes
    port: int
    interface: str | None = None
    mac: str | None = None
    detail: str = ""
    """The verdict's own sentence."""
    protocol: int = PROTO_TCP
    """What carried the check: an IP protocol number."""

    @property
    def is_ipv6(self) -> bool:
        """Return whether it is about IPv6."""
        return len(self.vip) != IPV4_OCTETS

    def words(self) -> dict[str, str]:
        """Return the names that may stand in braces, and what they stand for here."""
        ipv4 = not self.is_ipv6
        return {
            "real": format_address(self.real_ip),
            "vip": format_address(self.vip),
            "port": str(self.port),
            "endpoint": format_endpoint(self.vip, self.port),
            "interface": self.interface or "IFACE",
            "mac": self.mac or "its MAC",
            "detail": self.detail,
            "prefix": "32" if ipv4 else "128",
            "ip": "ip" if ipv4 else "ip -6",
            "iptables": "iptables" if ipv4 else "ip6tables",
            "forwarding": "net.ipv4.ip_forward" if ipv4 else "net.ipv6.conf.all.forwarding",
            "arp": "ARP" if ipv4 else "neighbour discovery",
            **self._protocol_words(),
        }

    def _protocol_words(self) -> dict[str, str]:
        carrier = _CARRIERS.get(self.protocol)
        if carrier is None:
            icmp = "icmp" if not self.is_ipv6 else "ipv6-icmp"
            return {"what": "echo", "match": f"-p {icmp}", "ss": "ss -lnp", "silent": "the host limits its answers"}
        return {
            "what": f"port {self.port}",
            "match": f"-p {carrier.name} --dport {self.port}",
            "ss": f"ss {carrier.ss} 'sport = :{self.port}'",
            "silent": carrier.silent,
        }


@dataclass(frozen=True)
class _Carrier:
    """How a protocol with ports is called by iptables and shown by ss, and why a service on it may be silent."""

    name: str
    ss: str
    silent: str


_CARRIERS = {
    PROTO_TCP: _Carrier("tcp", "-ltnp", "the service's queue is full"),
    PROTO_UDP: _Carrier("udp", "-lunp", "the service does not answer such a question"),
    PROTO_SCTP: _Carrier("sctp", "-lSnp", "the service does not answer"),
}

_ADD_VIP = "on {real}: {ip} addr add {vip}/{prefix} dev lo"
_ACCEPT = "on {real}: {iptables} -I INPUT -d {vip} {match} -j ACCEPT"
_SHOW_LISTENERS = "on {real}: {ss}"

CAUSES = {
    signatures.HEALTHY: Cause("The data path works.", ()),
    signatures.ARP_LEAK: Cause(
        "{real} answers {arp} for {vip}: it can draw clients to itself, past the director.",
        (
            "on {real}: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
            "on {real}: keep both in /etc/sysctl.d/, and {vip} on lo alone (ip addr show to {vip})",
        ),
        (
            _ADD_VIP,
            "on {real}: take {vip} from every other interface (ip -6 addr show to {vip})",
        ),
    ),
    signatures.CANNOT_JUDGE: Cause(
        "The fault is on this director, and says nothing of the server: {detail}.",
        ("on this director: put that right, then explain again (as root, or with CAP_NET_RAW)",),
    ),
    signatures.NOT_ON_LINK: Cause(
        "{detail}. Director and server must share an Ethernet segment.",
        ("on this director: {ip} route get {real}; give it an address in the subnet of {real}",),
    ),
    signatures.HOST_DOWN: Cause(
        "Nobody answers for {real}, by any means: the host is down, unplugged, in another VLAN, or has another"
        " address.",
        ("bring {real} up, or correct its address in the director's configuration",),
    ),
    signatures.NEIGHBOUR_ENTRY_WRONG: Cause(
        "This director sends to {mac}, but {real} answers {arp} from another MAC: IPVS, too, sends to the wrong one.",
        ("on this director: {ip} neigh del {real} dev {interface}",),
    ),
    signatures.WRONG_MACHINE: Cause(
        "Another machine answered for the VIP: {real} most likely lacks {vip} and passes the frames on.",
        (
            _ADD_VIP,
            "on {real}: sysctl -w {forwarding}=0, unless it is meant to be a router",
            "or, if it has {vip} and answers by another network card: check with --reply-mac known",
        ),
    ),
    signatures.VIP_MISSING_FORWARDING: Cause(
        "{real} does not have {vip}, and forwards what it gets for it.",
        (_ADD_VIP, "on {real}: sysctl -w {forwarding}=0, unless it is meant to be a router"),
    ),
    signatures.VIP_MISSING_OR_FILTERED: Cause(
        "{real} is up, but what is sent to {vip} at its MAC vanishes: the VIP is not there, or everything to it"
        " is filtered.",
        (_ADD_VIP, "or, if it is there: look for what drops {vip} in nft list ruleset on {real}"),
    ),
    signatures.VIP_MISSING_LOCAL: Cause(
        "This host is the real server itself, and does not have {vip}.",
        ("on this director: {ip} addr add {vip}/{prefix} dev lo",),
    ),
    signatures.FILTERED_PORT: Cause(
        "{vip} is there and answers echo, but what is sent to {what} vanishes: a firewall drops it, or {silent}.",
        (_ACCEPT, "or, if no rule drops it, perhaps {silent}: " + _SHOW_LISTENERS),
    ),
    signatures.REJECTED: Cause(
        "{vip} is there, but a firewall rejects {what}: {detail}.",
        (_ACCEPT,),
    ),
    signatures.BOUND_TO_REAL_ADDRESS: Cause(
        "{vip} is there, and the service listens on {real} port {port}, but not on {endpoint}.",
        ("on {real}: let the service listen on {endpoint} too, or on all addresses", _SHOW_LISTENERS),
    ),
    signatures.SERVICE_DOWN: Cause(
        "{vip} is there, but nothing listens on port {port}.",
        ("on {real}: start the service", _SHOW_LISTENERS),
    ),
    signatures.SERVICE_UNHEALTHY: Cause(
        "The data path to {vip} at {real} works; it is the service that does not pass: {detail}.",
        (
            "on {real}: see what the service itself says, in its log and when asked at {endpoint}",
            _SHOW_LISTENERS,
        ),
    ),
    signatures.SERVICE_DIFFERS_BY_ADDRESS: Cause(
        "The data path works, but the service passes at {real}, its own address, and not at {endpoint}: {detail}. It"
        " treats the two differently: by virtual host, access list or certificate, or another program has one of them.",
        (
            "on {real}: give {endpoint} what {real} has in the service's configuration",
            _SHOW_LISTENERS,
            "or, if it came right in between: explain again",
        ),
    ),
    signatures.ANSWERS_FROM_REAL_ADDRESS: Cause(
        "{vip} is there and the service gets what is sent to it, but answers in another name, and clients drop that:"
        " {detail}.",
        (
            "on {real}: bind the service to {vip} itself, besides its other addresses, not to 0.0.0.0 or ::"
            " (BIND: listen-on; Unbound: interface or interface-automatic; FreeRADIUS: ipaddr)",
            _SHOW_LISTENERS,
        ),
    ),
    signatures.ANSWERS_SOMETHING_ELSE: Cause(
        "{vip} is there and something answers on {what}, but not what was asked: it speaks another protocol, or its"
        " shared secret is another one.",
        ("on {real}: compare the service's configuration with the options of this check", _SHOW_LISTENERS),
    ),
    signatures.UNCLEAR: Cause(
        "These answers fit no known cause: {detail}.",
        ("on {real}: tcpdump -eni any host {vip}, while this command runs once more",),
    ),
}


def explain_cause(cause: str, scene: Scene) -> tuple[str, list[str]]:
    """Return a cause's sentence, and the lines of its fix."""
    told = CAUSES[cause]
    fix = told.fix_ipv6 if scene.is_ipv6 and told.fix_ipv6 else told.fix
    words = scene.words()
    return told.sentence.format_map(words), [line.format_map(words) for line in fix]
