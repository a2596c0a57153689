# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel knows about this host's links: routes, neighbours, addresses, interfaces.

Reading list: RFC 3549 3.1; rtnetlink(7); include/uapi/linux/rtnetlink.h, neighbour.h, if_addr.h, if_link.h.
Invariants: read only; every question is put to the kernel when it is asked, nothing is remembered.
"""

from __future__ import annotations

import _socket
from errno import EACCES, EAGAIN, EHOSTUNREACH, EINVAL, ENETUNREACH, ENODEV, ENOENT, ERANGE
from struct import Struct, pack

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.netlink import (
    ANSWER_TIMEOUT,
    NETLINK_ROUTE,
    KernelError,
    Message,
    NetlinkSocket,
    attribute_number,
    format_attribute,
    parse_attributes,
)
from lvs_rawcheck.wire.address import MAC_OCTETS, socket_family
from lvs_rawcheck.wire.ethernet import is_unicast_mac
from lvs_rawcheck.wire.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NUD_INCOMPLETE = 0x01
NUD_REACHABLE = 0x02
NUD_STALE = 0x04
NUD_DELAY = 0x08
NUD_PROBE = 0x10
NUD_FAILED = 0x20
NUD_NOARP = 0x40
NUD_PERMANENT = 0x80
NUD_USABLE = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP

SCOPE_UNIVERSE = 0
SCOPE_LINK = 253
SCOPE_HOST = 254

IFA_F_DADFAILED = 0x08
IFA_F_DEPRECATED = 0x20
IFA_F_TENTATIVE = 0x40

_RTM_GETLINK = 18
_RTM_GETADDR = 22
_RTM_GETROUTE = 26
_RTM_GETNEIGH = 30

_IFLA_ADDRESS = 1
_IFLA_IFNAME = 3
_IFLA_MTU = 4
_IFLA_LINKINFO = 18
_IFLA_INFO_KIND = 1  # within IFLA_LINKINFO
_IFLA_EXT_MASK = 29
_IFLA_ALT_IFNAME = 53
_RTEXT_FILTER_SKIP_STATS = 1 << 3

_IFA_ADDRESS = 1
_IFA_LOCAL = 2
_IFA_FLAGS = 8

_RTA_DST = 1
_RTA_SRC = 2
_RTA_OIF = 4
_RTA_GATEWAY = 5
_RTA_PREFSRC = 7
_RTA_VIA = 18

_NDA_DST = 1
_NDA_LLADDR = 2
_NDA_IFINDEX = 8

_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_ARPHRD_ETHER = 1

_INTERFACE_HEADER = Struct("=BxHiII")  # struct ifinfomsg: family, hardware type, index, flags, change mask
_ADDRESS_HEADER = Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, index
# struct rtmsg: family, two prefix lengths, tos, table, protocol, scope, type, flags
_ROUTE_HEADER = Struct("=BBBBBBBBI")
_NEIGHBOUR_HEADER = Struct("=BxxxiHBB")  # struct ndmsg: family, interface index, state, flags, type

# rtm_type (rtnetlink(7)) of routes that lead somewhere; 6 to 9 are blackhole, unreachable, prohibit and
# throw.
_ROUTE_KINDS = {1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast"}
_NO_ROUTE = (ENETUNREACH, EHOSTUNREACH, EACCES, EAGAIN, EINVAL)  # EINVAL: a blackhole route


_LEAN = format_attribute(_IFLA_EXT_MASK, pack("=I", _RTEXT_FILTER_SKIP_STATS))


class NoSuchInterface(LinkError):
    """This host has no interface of that name or index, or has it no longer."""


class Interface(Value):
    """One network interface.

    mac: 6 octets on Ethernet. up: the administrator wants it up (IFF_UP). running: it can carry frames,
    with a carrier (IFF_RUNNING). kind: what the driver calls it, such as "dummy" or "macvlan"; None for
    hardware.
    """

    __slots__ = ("ethernet", "index", "kind", "mac", "mtu", "name", "running", "up")

    def __init__(
        self, index: int, name: str, mac: bytes, mtu: int, flags: int, hardware: int, kind: str | None
    ) -> None:
        self.index = index
        self.name = name
        self.mac = mac
        self.mtu = mtu
        self.up = bool(flags & _IFF_UP)
        self.running = bool(flags & _IFF_RUNNING)
        self.ethernet = hardware == _ARPHRD_ETHER
        self.kind = kind


class LocalAddress(Value):
    """An address of this host. scope: SCOPE_*, rtnetlink(7). flags: IFA_F_*."""

    __slots__ = ("address", "flags", "interface_index", "prefix_length", "scope")

    def __init__(self, interface_index: int, address: bytes, prefix_length: int, scope: int, flags: int) -> None:
        self.interface_index = interface_index
        self.address = address
        self.prefix_length = prefix_length
        self.scope = scope
        self.flags = flags


class Route(Value):
    """Where the kernel would send a packet.

    kind: "unicast", "local" (the address is this host's own), "broadcast", "anycast" or "multicast".
    gateway: the next hop, None where the destination itself is on the link. source: the address that the
    kernel would send from, None where it names none.
    """

    __slots__ = ("gateway", "interface_index", "kind", "source")

    def __init__(self, kind: str, interface_index: int, gateway: bytes | None, source: bytes | None) -> None:
        self.kind = kind
        self.interface_index = interface_index
        self.gateway = gateway
        self.source = source


class Neighbour(Value):
    """An entry of the kernel's neighbour table. mac: None while unresolved. state: NUD_*."""

    __slots__ = ("address", "mac", "state")

    def __init__(self, address: bytes, mac: bytes | None, state: int) -> None:
        self.address = address
        self.mac = mac
        self.state = state

    @property
    def usable(self) -> bool:
        """Whether the kernel would send a packet to this MAC now, verified or not (RFC 4861 7.3.2).

        NUD_NOARP is an administrator's word too, where it names one machine: groups have such entries as well.
        """
        if not self.state & NUD_USABLE or self.mac is None or len(self.mac) != MAC_OCTETS:
            return False
        return not self.state & NUD_NOARP or is_unicast_mac(self.mac)


def _unpack(header: Struct, body: bytes) -> tuple[int, ...]:
    if len(body) < header.size:
        raise LinkError(f"netlink message cut off: {len(body)} octets, its header has {header.size}")
    return header.unpack_from(body)


def parse_interface(body: bytes) -> Interface:
    """Return the interface of an RTM_NEWLINK message."""
    _, hardware, index, flags, _ = _unpack(_INTERFACE_HEADER, body)
    attributes = parse_attributes(body, _INTERFACE_HEADER.size)
    name = attributes.get(_IFLA_IFNAME, b"").rstrip(b"\0").decode("utf-8", "surrogateescape")
    details = parse_attributes(attributes.get(_IFLA_LINKINFO, b""))
    kind = details.get(_IFLA_INFO_KIND, b"").rstrip(b"\0").decode("ascii", "replace")
    mac = attributes.get(_IFLA_ADDRESS, b"")
    return Interface(index, name, mac, attribute_number(attributes, _IFLA_MTU), flags, hardware, kind or None)


def parse_local_address(body: bytes) -> LocalAddress | None:
    """Return the address of an RTM_NEWADDR message, None if it carries none."""
    _, prefix_length, short_flags, scope, index = _unpack(_ADDRESS_HEADER, body)
    attributes = parse_attributes(body, _ADDRESS_HEADER.size)
    # On a point-to-point link IFA_ADDRESS is the peer's; IFA_LOCAL, where present, is always ours.
    address = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if address is None:
        return None
    flags = attribute_number(attributes, _IFA_FLAGS) or short_flags
    return LocalAddress(index, address, prefix_length, scope, flags)


def parse_route(body: bytes) -> Route | None:
    """Return the route of an RTM_NEWROUTE message, None if it leads nowhere (unreachable, prohibited)."""
    kind = _ROUTE_KINDS.get(_unpack(_ROUTE_HEADER, body)[7])
    if kind is None:
        return None
    attributes = parse_attributes(body, _ROUTE_HEADER.size)
    gateway = attributes.get(_RTA_GATEWAY)
    if gateway is None and _RTA_VIA in attributes:
        gateway = attributes[_RTA_VIA][2:]  # struct rtvia: family, then a next hop of the other family
    return Route(kind, attribute_number(attributes, _RTA_OIF), gateway, attributes.get(_RTA_PREFSRC))


def parse_neighbour(body: bytes) -> tuple[int, Neighbour]:
    """Return interface index and entry of an RTM_NEWNEIGH message."""
    _, index, state, _, _ = _unpack(_NEIGHBOUR_HEADER, body)
    attributes = parse_attributes(body, _NEIGHBOUR_HEADER.size)
    return index, Neighbour(attributes.get(_NDA_DST, b""), attributes.get(_NDA_LLADDR) or None, state)


class Netlink:
    """Questions about this host's network, over one socket. Whoever makes it closes it, or uses `with`.

    answer_timeout: seconds to wait for each answer.
    """

    def __init__(self, answer_timeout: float = ANSWER_TIMEOUT) -> None:
        self._netlink = NetlinkSocket(NETLINK_ROUTE, answer_timeout)

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; twice is harmless."""
        self._netlink.close()

    def route(
        self, destination: bytes, interface_index: int | None = None, source: bytes | None = None
    ) -> Route | None:
        """Return the kernel's route to destination, None if it has none, as `ip route get` would show.

        interface_index, source: ask for the route through this interface, for packets from this address.
        Asked about an interface, the kernel takes an IPv4 destination without a route to be on that link.
        """
        source_bits = 0 if source is None else 8 * len(source)
        header = _ROUTE_HEADER.pack(socket_family(destination), 8 * len(destination), source_bits, 0, 0, 0, 0, 0, 0)
        body = header + format_attribute(_RTA_DST, destination)
        if source is not None:
            body += format_attribute(_RTA_SRC, source)
        if interface_index is not None:
            body += format_attribute(_RTA_OIF, pack("=I", interface_index))
        try:
            return parse_route(self._netlink.request(_RTM_GETROUTE, body).body)
        except KernelError as refused:
            if refused.errno in _NO_ROUTE:
                return None
            raise

    def neighbour(self, interface_index: int, address: bytes) -> Neighbour | None:
        """Return the kernel's entry for an address on an interface, None if it has none."""
        header = _NEIGHBOUR_HEADER.pack(socket_family(address), interface_index, 0, 0, 0)
        try:
            answer = self._netlink.request(_RTM_GETNEIGH, header + format_attribute(_NDA_DST, address))
        except KernelError as refused:
            if refused.errno == ENOENT:
                return None
            raise
        return parse_neighbour(answer.body)[1]

    def neighbours(self, interface_index: int | None = None) -> list[Neighbour]:
        """Return all entries, of one interface or of all, both families."""
        found = self.all_neighbours(interface_index)
        return [neighbour for (index, _), neighbour in found if interface_index in (None, index)]

    def all_neighbours(self, interface_index: int | None = None) -> list[tuple[tuple[int, bytes], Neighbour]]:
        """Return the entries with interface index and address before each, of one interface where that is given."""
        found = []
        for family in (_socket.AF_INET, _socket.AF_INET6):
            body = _NEIGHBOUR_HEADER.pack(family, 0, 0, 0, 0)
            if interface_index is not None:
                body += format_attribute(_NDA_IFINDEX, pack("=I", interface_index))
            for message in self._netlink.dump(_RTM_GETNEIGH, body):
                index, neighbour = parse_neighbour(message.body)
                found.append(((index, neighbour.address), neighbour))
        return found

    def addresses_of(self, mac: bytes) -> list[bytes]:
        """Return the addresses that have this MAC on any interface."""
        return [neighbour.address for neighbour in self.neighbours() if neighbour.mac == mac]

    def known(self, addresses: Iterable[bytes]) -> set[bytes]:
        """Return which of these addresses the kernel has a usable entry for on any interface."""
        return {neighbour.address for neighbour in self.neighbours() if neighbour.usable}.intersection(addresses)

    def addresses(self, family: int) -> list[LocalAddress]:
        """Return the addresses of this host of one family (AF_INET or AF_INET6), in the kernel's order."""
        messages = self._netlink.dump(_RTM_GETADDR, _ADDRESS_HEADER.pack(family, 0, 0, 0, 0))
        parsed = [parse_local_address(message.body) for message in messages]
        return [address for address in parsed if address is not None]

    def interface(self, name: str) -> Interface:
        """Return the interface of that name or alternative name; LinkError if there is none."""
        octets = name.encode("utf-8", "surrogateescape") + b"\0"
        # IFLA_ALT_IFNAME finds proper names too, and may be longer than they.
        return self._interface(0, format_attribute(_IFLA_ALT_IFNAME, octets), f"interface {name}")

    def interface_by_index(self, index: int) -> Interface:
        """Return the interface of that index; LinkError if there is none."""
        return self._interface(index, b"", f"interface with index {index}")

    def interfaces(self) -> list[Interface]:
        """Return all interfaces."""
        messages = self._netlink.dump(_RTM_GETLINK, _INTERFACE_HEADER.pack(_socket.AF_UNSPEC, 0, 0, 0, 0) + _LEAN)
        return [parse_interface(message.body) for message in messages]

    def _interface(self, index: int, selector: bytes, wanted: str) -> Interface:
        header = _INTERFACE_HEADER.pack(_socket.AF_UNSPEC, 0, index, 0, 0)
        try:
            answer: Message = self._netlink.request(_RTM_GETLINK, header + _LEAN + selector)
        except KernelError as refused:
            if refused.errno in (ENODEV, EINVAL, ERANGE):
                raise NoSuchInterface(f"no {wanted}") from refused
            raise
        return parse_interface(answer.body)
