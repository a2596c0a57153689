# SPDX-License-Identifier: GPL-2.0-or-later
"""All that one check was asked: the parameters that every kind has in common."""

from __future__ import annotations

from lvs_rawcheck.checks.base import NO_PORT
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lvs_rawcheck.checks.base import Endpoint
    from lvs_rawcheck.checks.kind import Step
    from lvs_rawcheck.checks.standard_check import StandardCheck

ROLE_AUTO = "auto"
FALLBACK, STANDBY_RAW = "fallback", "raw"
DOWN, STANDARD_INSTEAD = "down", "standard"
MAC_REAL_SERVER, MAC_KNOWN, MAC_ANY = "real-server", "known", "any"
VIPS_ALL, VIPS_ANY = "all", "any"
INTERFACE_ANY = "any"
TIMEOUT_DEFAULT = 2.0  # seconds
TIMEOUT_MAX = 300.0  # seconds: longer than any delay between checks makes sense

_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 2.5.5.2
_LOOPBACK6 = bytes(15) + b"\x01"


def no_registry(address: bytes) -> bool:
    """Return False: where there is no registry, no address is a VIP by it."""
    return False


def demand_host_address(what: str, address: bytes) -> None:
    """Raise UsageError for an address that no host can have (RFC 1122 3.2.1.3, RFC 4291 2.5.2, 2.5.5.2 and 2.7)."""
    first = address[0]
    impossible = first == 0 or first >= 224 if len(address) == IPV4_OCTETS else first == 0xFF or not any(address)
    if impossible:
        raise UsageError(f"{what} {format_address(address)}: no host can have this address")
    if address.startswith(_MAPPED) and len(address) != IPV4_OCTETS:
        raise UsageError(
            f"{what} {format_address(address)}: write this IPv4 address as IPv4, it is never on an IPv6 wire"
        )


def _demand_vip(address: bytes) -> None:
    """Raise UsageError for an address that no director can forward to."""
    demand_host_address("VIP", address)
    if _is_loopback(address):
        raise UsageError(f"VIP {format_address(address)}: a loopback address is never on a wire")
    _demand_routable("VIP", address)


def _demand_real_server(address: bytes) -> None:
    """Raise UsageError for what cannot be a real server; a loopback address can: a director that is its own."""
    demand_host_address("real server", address)
    _demand_routable("real server", address)


def _demand_routable(what: str, address: bytes) -> None:
    if _is_link_local(address):
        raise UsageError(f"{what} {format_address(address)}: a link-local address does not say on which link")


def _is_loopback(address: bytes) -> bool:
    """Return whether it is 127.0.0.0/8 or ::1 (RFC 1122 3.2.1.3, RFC 4291 2.5.3)."""
    return address[0] == 127 if len(address) == IPV4_OCTETS else address == _LOOPBACK6


def _is_link_local(address: bytes) -> bool:
    """Return whether it is 169.254.0.0/16 or fe80::/10 (RFC 3927 2.1, RFC 4291 2.5.6)."""
    if len(address) == IPV4_OCTETS:
        return address[:2] == b"\xa9\xfe"
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


class Request:
    """One check of one real server. Addresses as 4 or 16 octets, times in seconds."""

    __slots__ = (
        "clean_close",
        "endpoints",
        "interface",
        "is_registry_vip",
        "kind",
        "known_servers",
        "on_cannot_judge",
        "only_path",
        "real_ip",
        "reply_interface",
        "reply_mac",
        "role_file",
        "source",
        "standard_checks",
        "standby",
        "steps",
        "timeout",
        "vip_policy",
    )

    def __init__(self, kind: str, steps: Sequence[Step], real_ip: bytes, endpoints: list[Endpoint]) -> None:
        """Raise UsageError where real server and VIPs cannot belong together."""
        if not endpoints:
            raise UsageError("no VIP given")
        _demand_real_server(real_ip)
        for endpoint in endpoints:
            _demand_vip(endpoint.vip)
            if len(endpoint.vip) != len(real_ip):
                raise UsageError(
                    f"VIP {format_address(endpoint.vip)} is not of the real server's family: {format_address(real_ip)}"
                )
            if endpoint.vip == real_ip:
                raise UsageError(f"real server and VIP are the same address: {format_address(real_ip)}")
        self.kind = kind
        self.steps = steps
        """Each makes its conversation, or exchange, anew for an endpoint; one after the other, all must pass."""
        self.real_ip = real_ip
        self.endpoints = endpoints
        self.interface: str | None = None
        """None: the one that the route to the real server names."""
        self.source: bytes | None = None
        """None: chosen, never a VIP."""
        self.reply_interface: str | None = None
        """None: the same interface; INTERFACE_ANY: any."""
        self.role_file: str | None = None
        """A path, ROLE_AUTO, or None: raw whatever the role."""
        self.standby = FALLBACK
        self.timeout = TIMEOUT_DEFAULT
        """The one deadline for all of it."""
        self.reply_mac: str | bytes = MAC_REAL_SERVER
        """MAC_REAL_SERVER, MAC_KNOWN, MAC_ANY, or the 6 octets of the one other MAC that may answer."""
        self.on_cannot_judge = DOWN
        self.clean_close = False
        self.vip_policy = VIPS_ALL
        """Of several endpoints all must pass, or any one."""
        self.known_servers: Sequence[bytes] = ()
        """Further real servers, whose MACs are asked for before an unknown one may answer (MAC_KNOWN)."""
        self.only_path: str | None = None
        """RAW: what the standard path would judge is left unasked; STANDARD: no raw probe; None: both, by the role."""
        self.standard_checks: Sequence[StandardCheck] = ()
        """What the standard path runs; empty: the steps, at the real server's address and the endpoint's port."""
        self.is_registry_vip: Callable[[bytes], bool] = no_registry
        """Whether the registry names an address as a VIP: such a one is never a source."""

    @property
    def vips(self) -> tuple[bytes, ...]:
        """Return the distinct VIPs, in order."""
        return tuple(dict.fromkeys(endpoint.vip for endpoint in self.endpoints))

    def standard_port_of(self, endpoint: Endpoint | None) -> int:
        """Return the port that tells an endpoint's standard check from others; 0 where each step brings its own."""
        checks = self.standard_checks
        if endpoint is None or (checks and all(check.port is not None for check in checks)):
            return NO_PORT
        return endpoint.port

    def is_vip(self, address: bytes) -> bool:
        """Return whether real servers may hold this address themselves, and so would answer to themselves."""
        return address in self.vips or self.is_registry_vip(address)
