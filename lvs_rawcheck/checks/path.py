# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the frames of a check leave, and under which address: asked of the kernel, as IPVS asks it.

Invariant: the source is never a VIP. Real servers hold the VIPs themselves, and would answer to themselves.
"""

from __future__ import annotations

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.request import INTERFACE_ANY
from lvs_rawcheck.errors import LinkError, UsageError
from lvs_rawcheck.link.packet import ANY_INTERFACE
from lvs_rawcheck.link.rtnetlink import IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE, SCOPE_LINK
from lvs_rawcheck.wire.address import IPV4_OCTETS, format_address, socket_family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.request import Request
    from lvs_rawcheck.link.rtnetlink import Interface, LocalAddress, Netlink, Route

_NOT_OURS = IFA_F_DADFAILED | IFA_F_TENTATIVE
_UNFIT = _NOT_OURS | IFA_F_DEPRECATED
_LINK_LOCAL4 = b"\xa9\xfe"  # 169.254.0.0/16
_LOOPBACK_NET = 127  # RFC 1122 3.2.1.3
_LOOPBACK6 = bytes(15) + b"\x01"
_TCP_AND_IP_OCTETS = {4: 40, 16: 60}  # headers without options, by the length of an address


class Path:
    """One way out: the interface, the director's own address there, and where answers are heard."""

    __slots__ = ("director_ip", "interface", "receive_index")

    def __init__(self, interface: Interface, director_ip: bytes, receive_index: int) -> None:
        self.interface = interface
        self.director_ip = director_ip
        self.receive_index = receive_index
        """Index of the interface of the answers, ANY_INTERFACE for all."""

    @property
    def mss(self) -> int:
        """Return the largest segment that fits this interface, octets of data (RFC 9293 3.7.1)."""
        return self.interface.mtu - _TCP_AND_IP_OCTETS[len(self.director_ip)]

    @property
    def hears_neighbours(self) -> bool:
        """Return whether answers to our own ARP requests and solicitations reach our socket."""
        return self.receive_index in (ANY_INTERFACE, self.interface.index)


class LocalServer:
    """The real server is this host: its frames never reach a wire."""

    __slots__ = ()


def find_path(netlink: Netlink, request: Request) -> Path | LocalServer | Verdict:
    """Return the way to the real server, or the verdict where direct routing has none.

    LinkError: the interface cannot be used, or holds no address that may be the source.
    """
    forced = netlink.interface(request.interface) if request.interface else None
    real_server = format_address(request.real_ip)
    route = _route(netlink, request.real_ip, forced)
    if route is None:
        _judge_own_side(netlink, request, forced)
        return Verdict(Reason.NOT_ON_LINK, f"no route to {real_server}")
    if route.kind == "local":
        return LocalServer()
    if route.kind != "unicast":
        raise UsageError(f"the real server's address {real_server} is a {route.kind} address")
    if route.gateway:
        _judge_own_side(netlink, request, forced)
        return Verdict(
            Reason.NOT_ON_LINK,
            f"{real_server} is behind gateway {format_address(route.gateway)}: direct routing needs it on the link",
        )
    interface = forced or netlink.interface_by_index(route.interface_index)
    _judge_interface(interface)
    receive_index = interface.index
    if request.reply_interface == INTERFACE_ANY:
        receive_index = ANY_INTERFACE
    elif request.reply_interface:
        receive_index = netlink.interface(request.reply_interface).index
    return Path(interface, _choose_source(netlink, request, interface, route.source), receive_index)


def source_of_connection(netlink: Netlink, request: Request) -> bytes | None:
    """Return the source for a connection of the kernel's to the real server, None: the kernel's own choice.

    An active director's kernel may choose a VIP, and the real server would answer to itself.
    """
    route = netlink.route(request.real_ip)
    if route is None or route.kind != "unicast" or route.gateway is not None:
        return None
    return _own_source(netlink, request, netlink.interface_by_index(route.interface_index), route.source)


def judge_again(netlink: Netlink, path: Path) -> None:
    """Raise LinkError if an interface of the path was lost since: what was not heard then is no silence."""
    for index in {path.interface.index, path.receive_index or path.interface.index}:
        _judge_carrier(netlink.interface_by_index(index))


def _route(netlink: Netlink, real_ip: bytes, forced: Interface | None) -> Route | None:
    """Return the kernel's route, through the interface asked for where there is one.

    Asked about an interface, the kernel takes even an address of this host to be out there; so it is first
    asked without, and once more only where its own way is another.
    """
    route = netlink.route(real_ip)
    if forced is None or (route is not None and (route.kind == "local" or route.interface_index == forced.index)):
        return route
    return netlink.route(real_ip, forced.index)


def _judge_own_side(netlink: Netlink, request: Request, forced: Interface | None) -> None:
    """Raise LinkError where the route on the link is missing because an interface of ours is out of order.

    Routes go with their interface, and what is left may be a default one.
    """
    if forced is not None:
        _judge_interface(forced)
        return
    for address in netlink.addresses(socket_family(request.real_ip)):
        if _contains(address, request.real_ip):
            _judge_carrier(netlink.interface_by_index(address.interface_index))


def _judge_carrier(interface: Interface) -> None:
    if not interface.up:
        raise LinkError(f"interface {interface.name} is down")
    if not interface.running:
        raise LinkError(f"interface {interface.name} has no carrier")


def _judge_interface(interface: Interface) -> None:
    _judge_carrier(interface)
    if not interface.ethernet:
        raise LinkError(f"interface {interface.name} is not Ethernet: direct routing writes MAC addresses")


def _choose_source(netlink: Netlink, request: Request, interface: Interface, preferred: bytes | None) -> bytes:
    """Return the source: the one asked for, else the route's, else the interface's next that is no VIP."""
    if request.source is None:
        return _own_source(netlink, request, interface, preferred)
    source = format_address(request.source)
    if request.is_vip(request.source):
        raise UsageError(f"source {source} is a VIP: a real server would answer to itself")
    # With net.ipv4.ip_nonlocal_bind the kernel would let us be anybody, and answers would go to that host.
    if all(request.source != own.address for own in netlink.addresses(socket_family(request.source))):
        raise LinkError(f"source {source} is no address of this host")
    if request.source == _LOOPBACK6 or (len(request.source) == IPV4_OCTETS and request.source[0] == _LOOPBACK_NET):
        raise UsageError(f"source {source} is a loopback address: no real server could answer to it")
    return request.source


def _own_source(netlink: Netlink, request: Request, interface: Interface, preferred: bytes | None) -> bytes:
    """Return the director's own address there: the one that its kernel prefers, unless that is a VIP.

    In IPv4 the kernel prefers the address of the real server's subnet. In IPv6 it may prefer a host address
    (/128) that came later: most likely a VIP, of a service that this check knows nothing of. And while there is
    no other, it prefers one that means nothing beyond the link, or that is not ours yet (RFC 4862 5.4).
    """
    usable = preferred if preferred is not None and not request.is_vip(preferred) else None
    if usable is not None and len(usable) == IPV4_OCTETS and not _is_link_local4(usable):
        return usable
    all_held = netlink.addresses(socket_family(request.real_ip))
    if any(own.address == usable and (own.flags & _NOT_OURS or own.scope >= SCOPE_LINK) for own in all_held):
        usable = None
    held = [
        address
        for address in all_held
        if address.interface_index == interface.index
        and not address.flags & _UNFIT
        and address.scope < SCOPE_LINK
        and not _is_link_local4(address.address)
        and not request.is_vip(address.address)
    ]
    # A source in the real server's own subnet is answered over this link, another one perhaps elsewhere.
    neighbours = [address.address for address in held if _contains(address, request.real_ip)]
    if neighbours:
        return usable if usable in neighbours else neighbours[0]
    if usable is not None:
        return usable
    if held:
        return held[0].address
    raise LinkError(
        f"interface {interface.name} holds no address that can be the source, which VIPs, link-local"
        " and tentative ones cannot: use --source"
    )


def _is_link_local4(address: bytes) -> bool:
    """Return whether an IPv4 address is link-local (RFC 3927), whatever scope it was given."""
    return len(address) == IPV4_OCTETS and address.startswith(_LINK_LOCAL4)


def _contains(network: LocalAddress, address: bytes) -> bool:
    shift = len(address) * 8 - network.prefix_length
    return int.from_bytes(network.address, "big") >> shift == int.from_bytes(address, "big") >> shift
