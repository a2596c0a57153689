# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP datagrams.

Reading list: RFC 768, RFC 8200 8.1 (over IPv6 the checksum is mandatory).
"""

from __future__ import annotations

from struct import Struct

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.address import IPV6_OCTETS
from lvs_rawcheck.wire.checksum import internet_checksum, is_intact
from lvs_rawcheck.wire.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.wire.ip import Packet

_HEADER = Struct("!HHHH")
_DATAGRAM_OCTETS_MAX = 0xFFFF


class Datagram(Value):
    """One UDP datagram."""

    __slots__ = ("destination_port", "payload", "source_port")

    def __init__(self, source_port: int, destination_port: int, payload: bytes) -> None:
        self.source_port = source_port
        self.destination_port = destination_port
        self.payload = payload

    def to_octets(self, pseudo_sum: int) -> bytes:
        """Return the datagram with its checksum; pseudo_sum is the pseudo-header's without length.

        A checksum that comes out as zero is sent as 0xffff, since zero says that there is none (RFC 768).
        """
        length = _HEADER.size + len(self.payload)
        if length > _DATAGRAM_OCTETS_MAX:
            raise WireError(f"UDP datagram of {length} octets is too long")
        blank = _HEADER.pack(self.source_port, self.destination_port, length, 0) + self.payload
        checksum = internet_checksum(blank, pseudo_sum + length) or 0xFFFF
        return blank[:6] + checksum.to_bytes(2, "big") + blank[8:]


def parse_datagram(octets: bytes, packet: Packet, pseudo_sum: int | None) -> Datagram:
    """Return the datagram that is the payload of `packet` in `octets`.

    pseudo_sum: from `pseudo_header_sum`; None when the checksum is not to be judged. Octets of the packet
    after the datagram's own length are passed over.
    """
    present = packet.end - packet.payload_offset
    if present < _HEADER.size or packet.end > len(octets):
        raise Truncated(f"UDP header truncated: {present} octets")
    source_port, destination_port, length, checksum = _HEADER.unpack_from(octets, packet.payload_offset)
    if not _HEADER.size <= length <= present:
        raise WireError(f"UDP datagram says {length} octets, the packet has {present}")
    datagram = octets[packet.payload_offset : packet.payload_offset + length]
    if pseudo_sum is not None:
        _judge_checksum(datagram, checksum, packet, pseudo_sum)
    return Datagram(source_port, destination_port, datagram[_HEADER.size :])


def _judge_checksum(datagram: bytes, checksum: int, packet: Packet, pseudo_sum: int) -> None:
    if checksum == 0:
        if len(packet.source) == IPV6_OCTETS:
            raise BadChecksum("UDP over IPv6 without a checksum")
        return
    if not is_intact(datagram, pseudo_sum + len(datagram)):
        raise BadChecksum("UDP checksum is wrong")
