# SPDX-License-Identifier: GPL-2.0-or-later
"""Which addresses, which protocol, which words: all that a cause's sentence and remedy leave open."""

from __future__ import annotations

from dataclasses import dataclass

from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, format_endpoint
from lvs_rawcheck.wire.ip import PROTO_SCTP, PROTO_TCP, PROTO_UDP


@dataclass(frozen=True)
class Scene:
    """What the words of a cause speak of. Addresses as octets; interface: None where none was found."""

    real_ip: bytes
    vip: bytes
    port: int
    interface: str | None = None
    """This director's, towards the real server."""
    mac: str | None = None
    """Where this director sends what is for the real server."""
    detail: str = ""
    """The verdict's own sentence, or what the configuration says."""
    protocol: int = PROTO_TCP
    """What carried the check: an IP protocol number."""
    strangers: str = ""
    """Who else has the VIP, in words: MAC addresses."""
    real_port: int | None = None
    """The real server's port in the configuration, where one is written."""

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
            "real_port": str(self.real_port or self.port),
            "endpoint": format_endpoint(self.vip, self.port),
            "interface": self.interface or "IFACE",
            "mac": self.mac or "its MAC",
            "strangers": self.strangers or "another machine",
            "detail": self.detail,
            "prefix": "32" if ipv4 else "128",
            "ip": "ip" if ipv4 else "ip -6",
            "inet": "inet" if ipv4 else "inet6",
            "iptables": "iptables" if ipv4 else "ip6tables",
            "forwarding": "net.ipv4.ip_forward" if ipv4 else "net.ipv6.conf.all.forwarding",
            "arp": "ARP" if ipv4 else "neighbour discovery",
            **self._protocol_words(),
        }

    def _protocol_words(self) -> dict[str, str]:
        carrier = _CARRIERS.get(self.protocol)
        if carrier is None:
            return {"what": "echo", "ss": "ss -lnp", "silent": "the host limits its answers"}
        return {
            "what": f"{carrier.name} port {self.port}",
            "ss": f"ss {carrier.ss} 'sport = :{self.port}'",
            "silent": carrier.silent,
        }


@dataclass(frozen=True)
class _Carrier:
    """How a protocol with ports is called and shown by ss, and why a service on it may be silent."""

    name: str
    ss: str
    silent: str


_CARRIERS = {
    PROTO_TCP: _Carrier("TCP", "-ltnp", "the service's queue is full"),
    PROTO_UDP: _Carrier("UDP", "-lunp", "the service does not answer such a question"),
    PROTO_SCTP: _Carrier("SCTP", "-lSnp", "the service does not answer"),
}
