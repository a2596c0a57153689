# SPDX-License-Identifier: GPL-2.0-or-later
"""Classic BPF: the filters that keep foreign frames out of this process.

Reading list: Documentation/networking/filter.rst; include/uapi/linux/filter.h, bpf_common.h; McCanne and
Jacobson, "The BSD Packet Filter" (1993). Offsets count from the network header: a packet socket of type
SOCK_DGRAM shows its filter no link header. A load beyond the packet's end drops it, so a short frame needs
no test of its own.
Invariants: what a filter passes is a suspicion, never a proof; who receives a frame judges it again.
"""

from __future__ import annotations

from _socket import SOL_SOCKET
from errno import EPERM
from struct import Struct, pack, unpack

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable, Iterable, Sequence

    Instruction = tuple[int, int, int, int]
    """code, jump if true, jump if false (instructions to skip), operand k"""
    Program = Sequence[Instruction]
    Step = tuple[int, int, int | str, int | str]
    """An instruction that may still name the label to which it jumps."""

    Search = Callable[["Assembler"], None]
    """Puts together what jumps to "accept" if what is in M[ADDRESS] (and A) is looked for, and else goes on."""

# Classes, sizes and modes of bpf_common.h, joined to the instructions that are used here.
LOAD_WORD = 0x20  # A <- 32 bits at k
LOAD_HALF = 0x28
LOAD_OCTET = 0x30
LOAD_OCTET_AT_X = 0x50  # A <- octet at X + k
LOAD_HALF_AT_X = 0x48  # A <- 16 bits at X + k
LOAD_MEMORY = 0x60  # A <- M[k]
LOAD_X_IPV4_HEADER_LENGTH = 0xB1  # X <- 4 * (octet at k & 0xf)
STORE_MEMORY = 0x02  # M[k] <- A
JUMP = 0x05
JUMP_EQUAL = 0x15  # A == k
JUMP_GREATER = 0x25  # A > k
JUMP_NOT_LESS = 0x35  # A >= k
JUMP_ANY_BIT = 0x45  # A & k
RETURN = 0x06

# Loads from this address on read what the kernel knows about the frame (SKF_AD_* of filter.h).
_ANCILLARY = 0xFFFFF000
FRAME_PROTOCOL = _ANCILLARY + 0
FRAME_PACKET_TYPE = _ANCILLARY + 4
FRAME_VLAN_TAG = _ANCILLARY + 44
FRAME_VLAN_TAG_PRESENT = _ANCILLARY + 48

ACCEPT_OCTETS = 0x40000  # more than any frame has: pass it whole
MATCH_LIMIT = 16
"""A list of no more addresses is looked through one by one, a longer one by `address_search`; a longer list of ports is
not looked through for each foreign frame: who receives it judges alone."""

KERNEL_OCTETS_MOST = 20480  # for all options of one socket, its filter too: net.core.optmem_max until Linux 6.7
UDP_PORT_LEAST = 1024
"""No guard has a lower one: what the director serves itself, to names, clocks and logs, is kept off."""

_SO_ATTACH_FILTER = 26  # include/uapi/asm-generic/socket.h
_INSTRUCTION = Struct("=HBBI")  # struct sock_filter
_VLAN_ID = 0x0FFF  # 0 is a priority tag, no VLAN
_PACKET_OTHERHOST = 3

_IPV4_FRAGMENT = 0x3FFF  # more fragments, or an offset: RFC 791 3.1
_IPV6_HEADER = 40  # octets
_IPV6_EXTENSION_HEADERS = (0, 43, 60)  # hop-by-hop, routing, destination options: RFC 8200 4.1
_ICMP_ECHO_REPLY = 0
_ICMP_ERRORS = (3, 11, 12)  # destination unreachable, time exceeded, parameter problem: RFC 792
_ICMPV6_ERRORS = (1, 2, 3, 4)  # the same and packet too big: RFC 4443 3
_ICMPV6_ECHO_REPLY = 129
_NEIGHBOUR_ADVERTISEMENT = 136  # RFC 4861 4.4

# Where a program keeps addresses in its scratch memory, up to four words each.
ADDRESS = 0
"""That which is looked for: a packet's source, unless it is our own, or whom a neighbour speaks of."""
_DESTINATION = 4

DROP_ALL: Program = ((RETURN, 0, 0, 0),)


class Assembler:
    """Puts a program together, with labels to jump to; all jumps lead forward, as the kernel wants them."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._labels: dict[str, int] = {}

    def add(self, code: int, k: int) -> None:
        """Append an instruction that does not jump."""
        self._steps.append((code, 0, 0, k))

    def extend(self, steps: Iterable[Step]) -> None:
        """Append instructions that are made already; their unconditional jumps may lead to labels."""
        self._steps += steps

    def label(self, name: str) -> None:
        """Name the next instruction."""
        self._labels[name] = len(self._steps)

    def fresh_label(self) -> str:
        """Return a name that no label has yet."""
        return f"after {len(self._steps)}"

    def jump(self, target: str) -> None:
        """Append a jump of any length."""
        self._steps.append((JUMP, 0, 0, target))

    def jump_if(self, code: int, k: int, target: str) -> None:
        """Append a jump of any length, taken if the comparison holds.

        A conditional jump reaches 255 instructions, an unconditional one the whole program, so it is one of
        each.
        """
        self._steps.append((code, 0, 1, k))
        self.jump(target)

    def skip_unless_equal(self, k: int, target: str) -> None:
        """Append a jump of at most 255 instructions, taken unless A == k."""
        self._steps.append((JUMP_EQUAL, 0, target, k))

    def program(self) -> Program:
        """Return the instructions with every label resolved."""
        return [self._resolve(position) for position in range(len(self._steps))]

    def _resolve(self, position: int) -> Instruction:
        code, if_true, if_false, k = self._steps[position]
        if isinstance(if_false, str):
            if_false = self._labels[if_false] - position - 1
        if isinstance(k, str):
            k = self._labels[k] - position - 1
        return code, if_true, if_false, k


def pack_program(program: Program) -> bytes:
    """Return the instructions as the kernel's array of struct sock_filter."""
    return b"".join([_INSTRUCTION.pack(*instruction) for instruction in program])


def attach(sock: _socket.socket, program: Program) -> None:
    """Attach the filter to a socket, in place of the one it has; LinkError if the kernel refuses."""
    instructions = pack_program(program)
    # struct sock_fprog: their number and where they lie; the kernel copies them within the call. A bytes
    # object lies at its id() and ends in its octets and a NUL: so is CPython made. The modules that would
    # tell the address, `array` and `ctypes`, take longer to import than everything else here.
    where = id(instructions) + bytes.__basicsize__ - 1
    try:
        sock.setsockopt(SOL_SOCKET, _SO_ATTACH_FILTER, pack("@HP", len(program), where))
    except OSError as refused:
        size = f"{len(program)} instructions"
        permission = " (a locked filter, or CAP_NET_RAW and CAP_BPF kept from us)" if refused.errno == EPERM else ""
        raise LinkError(f"the kernel refused a filter of {size}: {refused.strerror}{permission}") from refused


def reply_filter(
    director_ip: bytes,
    vips: Iterable[bytes],
    real_ips: Iterable[bytes],
    ports: Iterable[int] = (),
    protocols: Sequence[int] = (PROTO_TCP,),
    udp_ports: Iterable[int] = (),
    room: int = KERNEL_OCTETS_MOST,
) -> Program:
    """Return the program that passes what can be an answer to our checks, and nothing else.

    All addresses are of director_ip's family. protocols: of TCP, UDP and SCTP those that are spoken; ports: ours,
    of all of them (empty: any port); udp_ports: of UDP, besides (empty: any from UDP_PORT_LEAST on). It passes
    - TCP and SCTP from a VIP to director_ip, to one of ports;
    - UDP from anybody to director_ip, to one of ports and of udp_ports: a server may answer from another address than
      the VIP;
    - our own packets of these protocols, and ICMP, coming back: from director_ip to a VIP;
    - ICMP errors to director_ip from anybody, echo replies to it from a VIP;
    - ARP replies or neighbour advertisements that speak of one of real_ips or of a VIP;
    - IPv6 with extension headers in front, between director_ip and a VIP, in either direction.
    Not fragments, not frames for another host's MAC, not frames of a VLAN above this interface (IEEE
    802.1Q; a priority tag, VLAN 0, is no VLAN).

    However many addresses and udp_ports there are, each is told from its neighbours, as long as the kernel has room for
    that, octets of its memory; beyond, see `address_search.most_exact`.
    """
    vips, others = list(dict.fromkeys(vips)), list(dict.fromkeys(real_ips))
    words = [port.to_bytes(4, "big") for port in udp_ports]
    sought = (vips, others, words)

    def assemble(find_vip: Search, find_other: Search, find_port: Search) -> Program:
        searches = find_vip, find_other, find_port if words else _any_that_has_guards
        return _assemble(director_ip, searches, list(ports), protocols)

    if room >= KERNEL_OCTETS_MOST and max(map(len, sought)) <= MATCH_LIMIT:
        return assemble(*map(_one_by_one, sought))
    from lvs_rawcheck.link.address_search import most_exact  # by programs only that have many checks

    return most_exact(*sought, assemble, room)


def _assemble(
    director_ip: bytes, searches: tuple[Search, Search, Search], ports: list[int], protocols: Sequence[int]
) -> Program:
    """Return the whole program. The search for a VIP is there once, as the last that is asked of any packet."""
    find_vip, find_other, find_port = searches
    program = Assembler()
    program.add(LOAD_WORD, FRAME_PACKET_TYPE)
    program.jump_if(JUMP_EQUAL, _PACKET_OTHERHOST, "drop")
    drop_other_vlans(program)
    program.add(LOAD_WORD, FRAME_PROTOCOL)
    director = unpack(f"!{len(director_ip) // 4}I", director_ip)
    if len(director) == 1:
        program.jump_if(JUMP_EQUAL, ETHERTYPE_IPV4, "ip")
        program.jump_if(JUMP_EQUAL, ETHERTYPE_ARP, "arp")
        program.jump("drop")
        _pass_arp_replies(program, find_other)
        _pass_ipv4(program, director, protocols)
        _pass_between(program, director)
        program.add(LOAD_X_IPV4_HEADER_LENGTH, 0)
        _pass_ports(program, LOAD_HALF_AT_X, 2, ports)
        if PROTO_UDP in protocols:
            _pass_udp(program, 9, (LOAD_HALF_AT_X, 2), find_port)
    else:
        program.jump_if(JUMP_EQUAL, ETHERTYPE_IPV6, "ip")
        program.jump("drop")
        _pass_ipv6(program, director, find_other, protocols)
        _pass_between(program, director)
        _pass_ports(program, LOAD_HALF, _IPV6_HEADER + 2, ports)
        if PROTO_UDP in protocols:
            _pass_udp(program, 6, (LOAD_HALF, _IPV6_HEADER + 2), find_port)
    program.label("a VIP's")
    find_vip(program)
    program.label("drop")
    program.add(RETURN, 0)
    program.label("accept")
    program.add(RETURN, ACCEPT_OCTETS)
    return program.program()


def drop_other_vlans(program: Assembler) -> None:
    """Jump to "drop" if the frame is of a VLAN above this interface (IEEE 802.1Q); else go on."""
    # On a VLAN's own interface Linux 6.1 leaves the tag where it was and only says that it is none any more.
    program.add(LOAD_WORD, FRAME_VLAN_TAG_PRESENT)
    program.jump_if(JUMP_EQUAL, 0, "untagged")
    program.add(LOAD_WORD, FRAME_VLAN_TAG)
    program.jump_if(JUMP_ANY_BIT, _VLAN_ID, "drop")
    program.label("untagged")


def _load_address(program: Assembler, offset: int, words: int, memory: int) -> None:
    """Copy an address of the packet into M[memory] and the following: comparing it there is cheaper."""
    for position in range(words):
        program.add(LOAD_WORD, offset + 4 * position)
        program.add(STORE_MEMORY, memory + position)


def _jump_if_equal(program: Assembler, memory: int, words: Sequence[int], target: str) -> None:
    """Jump to target if the address in M[memory] is this one."""
    other = program.fresh_label()
    # The last word first: neighbours differ there, and a comparison that fails early is the cheapest.
    for position in reversed(range(len(words))):
        program.add(LOAD_MEMORY, memory + position)
        program.skip_unless_equal(words[position], other)
    program.jump(target)
    program.label(other)


def _one_by_one(addresses: Iterable[bytes]) -> Search:
    """Return the search among a few."""

    def search(program: Assembler) -> None:
        for address in addresses:
            _jump_if_equal(program, ADDRESS, unpack(f"!{len(address) // 4}I", address), "accept")

    return search


def _pass_arp_replies(program: Assembler, find_other: Search) -> None:
    """RFC 826: hardware type 1, protocol IPv4, lengths 6 and 4, opcode 2, then sender MAC and address."""
    program.label("arp")
    for offset, value in ((0, 0x00010800), (4, 0x06040002)):
        program.add(LOAD_WORD, offset)
        program.skip_unless_equal(value, "not a reply")
    _load_address(program, 14, 1, ADDRESS)
    program.jump("a reply")
    program.label("not a reply")
    program.jump("drop")
    program.label("a reply")
    find_other(program)
    program.jump("a VIP's")


def _jump_by_protocol(program: Assembler, protocols: Sequence[int]) -> None:
    """Jump to where the addresses are judged, for a packet of one of protocols, A being its protocol."""
    for protocol in (PROTO_TCP, PROTO_SCTP, PROTO_UDP):
        if protocol in protocols:
            program.jump_if(JUMP_EQUAL, protocol, "with ports")


def _pass_ipv4(program: Assembler, director: Sequence[int], protocols: Sequence[int]) -> None:
    program.label("ip")
    program.add(LOAD_HALF, 6)
    program.jump_if(JUMP_ANY_BIT, _IPV4_FRAGMENT, "drop")
    _load_address(program, 12, 1, ADDRESS)
    _load_address(program, 16, 1, _DESTINATION)
    program.add(LOAD_OCTET, 9)
    _jump_by_protocol(program, protocols)
    program.jump_if(JUMP_EQUAL, PROTO_ICMP, "icmp")
    program.jump("drop")
    program.label("icmp")
    _jump_if_equal(program, ADDRESS, director, "own frame")
    program.add(LOAD_X_IPV4_HEADER_LENGTH, 0)
    program.add(LOAD_OCTET_AT_X, 0)
    for error in _ICMP_ERRORS:
        program.jump_if(JUMP_EQUAL, error, "from anybody")
    program.jump_if(JUMP_EQUAL, _ICMP_ECHO_REPLY, "from a VIP")
    program.jump("drop")


def _pass_ipv6(program: Assembler, director: Sequence[int], find_other: Search, protocols: Sequence[int]) -> None:
    program.label("ip")
    _load_address(program, 8, 4, ADDRESS)
    _load_address(program, 24, 4, _DESTINATION)
    program.add(LOAD_OCTET, 6)
    _jump_by_protocol(program, protocols)
    program.jump_if(JUMP_EQUAL, PROTO_ICMPV6, "icmp")
    for header in _IPV6_EXTENSION_HEADERS:
        program.jump_if(JUMP_EQUAL, header, "extended")
    program.jump("drop")
    program.label("extended")
    _jump_if_equal(program, ADDRESS, director, "own frame")
    program.jump("from a VIP")
    program.label("icmp")
    _jump_if_equal(program, ADDRESS, director, "own frame")
    program.add(LOAD_OCTET, _IPV6_HEADER)
    for error in _ICMPV6_ERRORS:
        program.jump_if(JUMP_EQUAL, error, "from anybody")
    program.jump_if(JUMP_EQUAL, _ICMPV6_ECHO_REPLY, "from a VIP")
    program.jump_if(JUMP_EQUAL, _NEIGHBOUR_ADVERTISEMENT, "advertisement")
    program.jump("drop")
    program.label("advertisement")
    _load_address(program, _IPV6_HEADER + 8, 4, ADDRESS)
    find_other(program)
    program.jump("a VIP's")


def _pass_between(program: Assembler, director: Sequence[int]) -> None:
    """The blocks that judge addresses only; what has ports and is for the director falls through to what follows."""
    program.label("with ports")
    _jump_if_equal(program, ADDRESS, director, "own frame")
    _jump_if_equal(program, _DESTINATION, director, "port")
    program.jump("drop")
    program.label("own frame")
    for position in range(len(director)):
        program.add(LOAD_MEMORY, _DESTINATION + position)
        program.add(STORE_MEMORY, ADDRESS + position)
    program.jump("a VIP's")
    program.label("from anybody")
    _jump_if_equal(program, _DESTINATION, director, "accept")
    program.jump("drop")
    program.label("from a VIP")
    _jump_if_equal(program, _DESTINATION, director, "a VIP's")
    program.jump("drop")
    program.label("port")


def _pass_ports(program: Assembler, load: int, offset: int, ports: list[int]) -> None:
    """Drop a packet unless its destination port, loaded at offset, is one of ports or ports is empty."""
    program.add(load, offset)  # also for its own sake: what ends before its ports is no answer
    if 0 < len(ports) <= MATCH_LIMIT:
        for port in ports:
            program.jump_if(JUMP_EQUAL, port, "right port")
        program.jump("drop")
    program.label("right port")


def _pass_udp(program: Assembler, offset: int, port: tuple[int, int], find_port: Search) -> None:
    """Accept UDP by its port, the protocol being at offset; the source of the others is still to be judged.

    port: how its destination port is loaded, and from where.
    """
    program.add(LOAD_OCTET, offset)
    program.jump_if(JUMP_EQUAL, PROTO_UDP, "of UDP")
    program.jump("a VIP's")
    program.label("of UDP")
    program.add(*port)
    program.add(STORE_MEMORY, ADDRESS)
    find_port(program)
    program.jump("drop")


def _any_that_has_guards(program: Assembler) -> None:
    """Accept any port that a guard may have."""
    program.jump_if(JUMP_NOT_LESS, UDP_PORT_LEAST, "accept")
