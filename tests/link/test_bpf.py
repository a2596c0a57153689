# SPDX-License-Identifier: GPL-2.0-or-later
"""The filters, run by an interpreter of our own; test_bpf_kernel.py runs the same cases in the kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.link.bpf import ACCEPT_OCTETS, DROP_ALL, MATCH_LIMIT, Assembler, pack_program, reply_filter
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.ip import PROTO_SCTP, PROTO_TCP, PROTO_UDP
from tests.link.bpf_interpreter import interpret
from tests.link.filter_cases import (
    CASES_V4,
    CASES_V6,
    DATAGRAM_CASES_V4,
    DATAGRAM_CASES_V6,
    DIRECTOR_V4,
    DIRECTOR_V6,
    PORT,
    REAL_V4,
    REAL_V6,
    VIPS_V4,
    VIPS_V6,
    Case,
)

FILTER_V4 = reply_filter(DIRECTOR_V4, VIPS_V4, [REAL_V4], [PORT])
FILTER_V6 = reply_filter(DIRECTOR_V6, VIPS_V6, [REAL_V6], [PORT])
DATAGRAMS = (PROTO_UDP, PROTO_SCTP)
DATAGRAM_FILTER_V4 = reply_filter(DIRECTOR_V4, VIPS_V4, [REAL_V4], [PORT], DATAGRAMS)
DATAGRAM_FILTER_V6 = reply_filter(DIRECTOR_V6, VIPS_V6, [REAL_V6], [PORT], DATAGRAMS)
OTHERHOST = 3


@pytest.mark.parametrize("case", CASES_V4, ids=repr)
def test_ipv4_filter(case: Case) -> None:
    assert interpret(FILTER_V4, case.octets, case.ethertype) == (ACCEPT_OCTETS if case.passes else 0)


@pytest.mark.parametrize("case", CASES_V6, ids=repr)
def test_ipv6_filter(case: Case) -> None:
    assert interpret(FILTER_V6, case.octets, case.ethertype) == (ACCEPT_OCTETS if case.passes else 0)


@pytest.mark.parametrize("case", DATAGRAM_CASES_V4, ids=repr)
def test_ipv4_filter_of_datagrams(case: Case) -> None:
    assert interpret(DATAGRAM_FILTER_V4, case.octets, case.ethertype) == (ACCEPT_OCTETS if case.passes else 0)


@pytest.mark.parametrize("case", DATAGRAM_CASES_V6, ids=repr)
def test_ipv6_filter_of_datagrams(case: Case) -> None:
    assert interpret(DATAGRAM_FILTER_V6, case.octets, case.ethertype) == (ACCEPT_OCTETS if case.passes else 0)


@pytest.mark.parametrize(("program", "case"), [(FILTER_V4, CASES_V4[0]), (FILTER_V6, CASES_V6[0])])
def test_a_frame_of_a_vlan_or_for_another_host_is_not_ours(
    program: list[tuple[int, int, int, int]], case: Case
) -> None:
    priority_only = 0x6000
    assert interpret(program, case.octets, case.ethertype, vlan_tag=priority_only, vlan_tag_present=1)
    assert not interpret(program, case.octets, case.ethertype, vlan_tag=10, vlan_tag_present=1)
    assert interpret(program, case.octets, case.ethertype, vlan_tag=10), "a tag that was taken off"
    assert not interpret(program, case.octets, case.ethertype, packet_type=OTHERHOST)


@pytest.mark.parametrize(("program", "case"), [(FILTER_V4, CASES_V4[0]), (FILTER_V6, CASES_V6[0])])
def test_a_segment_cut_before_its_ports_is_dropped(program: list[tuple[int, int, int, int]], case: Case) -> None:
    end_of_ports = (20 if case.ethertype == ETHERTYPE_IPV4 else 40) + 4
    for length in range(end_of_ports):
        assert not interpret(program, case.octets[:length], case.ethertype), length
    assert interpret(program, case.octets[:end_of_ports], case.ethertype)


@given(st.binary(max_size=80), st.sampled_from((ETHERTYPE_IPV4, ETHERTYPE_ARP, ETHERTYPE_IPV6)))
def test_every_frame_gets_a_verdict(octets: bytes, ethertype: int) -> None:
    assert interpret(FILTER_V4, octets, ethertype) in (0, ACCEPT_OCTETS)
    assert interpret(FILTER_V6, octets, ethertype) in (0, ACCEPT_OCTETS)


def test_without_ports_any_port_passes() -> None:
    other_port = next(case for case in CASES_V4 if "another port" in case.dump)
    assert interpret(reply_filter(DIRECTOR_V4, VIPS_V4, []), other_port.octets, ETHERTYPE_IPV4)


@pytest.mark.parametrize(
    ("director_ip", "case", "port_at"),
    [(DIRECTOR_V4, DATAGRAM_CASES_V4[0], 22), (DIRECTOR_V6, DATAGRAM_CASES_V6[0], 42)],
)
@pytest.mark.parametrize("many", [0, MATCH_LIMIT])
def test_udp_to_what_the_director_serves_itself_never_passes(
    director_ip: bytes, case: Case, port_at: int, many: int
) -> None:
    vips = [bytes([1]) * (len(director_ip) - 1) + bytes([number]) for number in range(many + 1)]
    program = reply_filter(director_ip, vips, [], (), (PROTO_TCP, PROTO_UDP))
    for port, passes in ((53, False), (1023, False), (1024, True), (32768, True), (65535, True)):
        octets = case.octets[:port_at] + port.to_bytes(2, "big") + case.octets[port_at + 2 :]
        assert bool(interpret(program, octets, case.ethertype)) == passes, port


def test_without_addresses_nothing_from_them_passes() -> None:
    program = reply_filter(DIRECTOR_V4, [], [], [PORT])
    assert not interpret(program, CASES_V4[0].octets, ETHERTYPE_IPV4)


def test_drop_all() -> None:
    assert interpret(DROP_ALL, CASES_V4[0].octets, ETHERTYPE_IPV4) == 0
    assert pack_program(DROP_ALL) == bytes.fromhex("0600000000000000")


def test_a_comparison_reaches_a_label_beyond_its_own_range() -> None:
    program = Assembler()
    program.jump_if(0x15, 0, "far")
    for _ in range(300):
        program.add(0x06, 0)
    program.label("far")
    program.add(0x06, 7)
    assert interpret(program.program(), b"", 0) == 7
