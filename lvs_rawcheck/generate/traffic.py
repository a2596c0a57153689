# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual server forwards: VIPs and ports, for each program alike; and names that files can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.generate.options import Marked
from lvs_rawcheck.generate.refusal import Refused
from lvs_rawcheck.registry.names import is_name

ENDPOINTS_WITHOUT_DAEMON = 64
_IN_NAMES = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is forwarded. targets: VIP and port, 0 for any; protocol: tcp, udp or sctp."""

    targets: tuple[tuple[bytes, int], ...]
    protocol: str

    @property
    def any_port(self) -> bool:
        """Return whether a port has to be found where none is said."""
        return any(port == 0 for _, port in self.targets)

    def endpoints(self, port_for_any: int) -> tuple[Endpoint, ...]:
        """Return the endpoints, each once; port_for_any: what stands in for any port, 0: none does. Refused."""
        if not port_for_any and self.any_port:
            raise Refused("the virtual server forwards any port, and no port was checked before")
        found = dict.fromkeys((vip, port or port_for_any) for vip, port in self.targets)
        return tuple(Endpoint(vip, port) for vip, port in found)


def traffic_of_mark(fwmark: int, fwmarks: Mapping[int, Marked]) -> Traffic:
    """Return what a firewall mark stands for; Refused where its user has not said it."""
    marked = fwmarks.get(fwmark)
    if marked is None:
        raise Refused(f"firewall mark {fwmark}: which VIPs it stands for is not said here: --fwmark {fwmark}=VIP:PORT")
    return Traffic(tuple((endpoint.vip, endpoint.port) for endpoint in marked.endpoints), marked.protocol)


def safe_name(name: str) -> str:
    """Return a text with `-` for every octet that no file name of ours has."""
    octets = name.encode("utf-8", "surrogateescape")
    return "".join(chr(octet) if chr(octet) in _IN_NAMES else "-" for octet in octets).replace("..", "--")


def demand_name(name: str) -> str:
    """Return what a service can be called; Refused."""
    if not is_name(name):
        raise Refused(f"no file can be called {name[:80]!r}")
    return name
