# SPDX-License-Identifier: GPL-2.0-or-later
"""One way out for all the probes of an audit: a packet socket, guarded source ports, the driver over both.

A segment is one interface and one address of the director on it. All of them are opened before the first frame is
read, so that root can be given up in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lvs_rawcheck.checks.driver import Driver
from lvs_rawcheck.checks.known_servers import KnownServers
from lvs_rawcheck.checks.path import Path
from lvs_rawcheck.checks.raw import make_steering, owner_of_mac
from lvs_rawcheck.checks.reply_mac import ReplyMac
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.steering import Steering
from lvs_rawcheck.diagnose.recording import RecordedFrame
from lvs_rawcheck.link.bpf import reply_filter
from lvs_rawcheck.link.guard import GuardPool
from lvs_rawcheck.link.packet import PacketLink
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.link.tracer import RECEIVED, Tracer
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6

_ERRORS_OF_ONE_MAC = 256
_ERRORS_IN_ALL = 8192
_ERROR_OCTETS_MOST = 1514  # RFC 1812 4.3.2.3 and RFC 4443 2.4 allow far less
_MAC_AT = 6  # of the sender, in an Ethernet frame
_TYPE_AT = 12
_PROTOCOL_AT = {ETHERTYPE_IPV4: 14 + 9, ETHERTYPE_IPV6: 14 + 6}  # RFC 791 3.1; RFC 8200 3, without extension headers
_ICMP = (PROTO_ICMP, PROTO_ICMPV6)


class Segment:
    """Opens its sockets; whoever makes one closes it. LinkError: they are not to be had.

    netlink: the caller's. vips, real_ips, protocols: of all the probes that will use it. ports: guarded at most, of
    each protocol.
    """

    def __init__(
        self,
        path: Path,
        netlink: Netlink,
        vips: Iterable[bytes],
        real_ips: Iterable[bytes],
        protocols: Sequence[int],
        ports: int,
    ) -> None:
        self.path = path
        self._netlink = netlink
        self._steerings: dict[bytes, Steering] = {}
        self._owners: dict[bytes, Callable[[bytes], bytes | None]] = {}
        self._errors: dict[bytes, list[RecordedFrame]] = {}
        self._error_count = 0
        self._guards = GuardPool(path.director_ip, ports)
        program = reply_filter(path.director_ip, vips, real_ips, (), protocols)
        try:
            link = PacketLink(path.interface.index, path.interface.mac, program, path.receive_index)
        except BaseException:
            self._guards.close()
            raise
        self.link = Tracer(link, self._overhear)
        self.driver = Driver(self.link, path, self._guards)

    def close(self) -> None:
        """Give back sockets and ports."""
        self.link.close()
        self._guards.close()

    def steering(self, real_ip: bytes) -> Steering:
        """Return the steering of one real server, the same for all of its probes."""
        found = self._steerings.get(real_ip)
        if found is None:
            found = self._steerings[real_ip] = make_steering(self._netlink, self.path, real_ip)
        return found

    def mac_of(self, real_ip: bytes) -> bytes | None:
        """Return where the frames to a real server went last, None where nobody knew."""
        steering = self._steerings.get(real_ip)
        return None if steering is None else steering.mac

    def reply_mac(self, request: Request) -> ReplyMac:
        """Return whose answers to a request count."""
        owner = self._owners.get(request.real_ip)
        if owner is None:
            owner = self._owners[request.real_ip] = owner_of_mac(self._netlink, self.path, request.real_ip)
        known: list[KnownServers] = []

        def settled() -> bool:
            if not known:
                # Only when a stranger answers.
                known.append(KnownServers(self._netlink, self._netlink, self.path, request))
            return known[0].settled()

        return ReplyMac(request.reply_mac, owner, settled)

    def errors_from(self, mac: bytes | None) -> list[RecordedFrame]:
        """Return the ICMP messages that a station has sent, the first ones."""
        return self._errors.get(mac, []) if mac is not None else []

    def _overhear(self, direction: str, octets: bytes, now: float) -> None:
        """Keep what may be an ICMP error, as much of it as there is room for."""
        if direction != RECEIVED or self._error_count >= _ERRORS_IN_ALL or len(octets) > _ERROR_OCTETS_MOST:
            return
        protocol_at = _PROTOCOL_AT.get(int.from_bytes(octets[_TYPE_AT : _TYPE_AT + 2], "big"))
        if protocol_at is None or len(octets) <= protocol_at or octets[protocol_at] not in _ICMP:
            return
        kept = self._errors.setdefault(octets[_MAC_AT:_TYPE_AT], [])
        if len(kept) < _ERRORS_OF_ONE_MAC:
            kept.append(RecordedFrame(direction, octets, now))
            self._error_count += 1
