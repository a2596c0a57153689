# SPDX-License-Identifier: GPL-2.0-or-later
"""What the C tool gets wrong on a TCP check, one test each, by the command that takes its place."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.wire.address import parse_address, parse_mac
from lvs_rawcheck.wire.arp import REPLY, ArpPacket
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4
from lvs_rawcheck.wire.icmp import DESTINATION_UNREACHABLE, IcmpMessage, icmp_to_octets
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.tcp import ACK, ECE, FIN, PSH, RST, SYN, parse_options
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.cli.commands import Desk, Outcome
from tests.cli.puppet import Puppet, answer_truly
from tests.cli.site import DIRECTOR_IP, NOBODY_IP, PORT, REAL_IP, VIP, Site
from tests.cli.stage import START_UP, Stage, connect
from tests.netns.roles import director
from tests.netns.services import tcp_server
from tests.netns.topology import Network, end_process

pytestmark = pytest.mark.netns

WORDS = ("eth0", REAL_IP, VIP, PORT)


@pytest.fixture
def stage(network: Network, desk: Desk) -> Stage:
    return Stage(network, desk, "check_tcp_raw", WORDS)


@pytest.fixture
def puppet(stage: Stage) -> Iterator[Puppet]:
    with Puppet(stage.puppet_host) as made:
        yield made


def flag_letters(outcome: Outcome) -> list[str]:
    """Return the flags of the packets that -v showed, in order."""
    return [line.split("Flags ")[1].split(",")[0] for line in outcome.stderr.splitlines() if "Flags" in line]


def test_defect_2_clean_close_against_a_current_kernel(desk: Desk, site: Site) -> None:
    outcome = desk.drop_in(site.director, "-c", "-v", *WORDS)
    assert outcome.status == 0
    letters = flag_letters(outcome)
    assert letters[-1] == "[.]"
    # A kernel whose server is slow to close acknowledges our FIN before it sends its own.
    assert [each for each in letters if each != "[.]"] == ["[S]", "[S.]", "[F.]", "[F.]"]
    assert outcome.stderr.splitlines()[-1].endswith("seq 3, ack 3")


def test_defect_3_short_foreign_frames(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    syn = puppet.next_segment(wanted=SYN)
    whole = puppet.packet(syn, SYN | ACK)
    for length in range(1, len(whole)):  # each says that it is ours, and ends early
        puppet.send_frame(ETHERTYPE_IPV4, whole[:length])
    tiny = build_packet(parse_address(NOBODY_IP), parse_address(DIRECTOR_IP), PROTO_UDP, b"")
    puppet.send_frame(ETHERTYPE_IPV4, tiny)
    puppet.answer(syn, SYN | ACK)
    assert stage.finish(child).status == 0


@pytest.mark.parametrize("octets", [4, 600, 1472], ids=["tiny", "600 octets", "a full frame"])
def test_defect_5_a_flood_of_foreign_frames(desk: Desk, site: Site, octets: int) -> None:
    program = str(Path(__file__).with_name("flood.py"))
    flood = site.server.popen([sys.executable, "-I", "-S", program, DIRECTOR_IP, "20", str(octets)])
    assert flood.stdout is not None
    assert flood.stdout.readline() == "READY\n"
    try:
        outcomes = [desk.drop_in(site.director, *WORDS) for _ in range(10)]
        assert flood.poll() is None, "the flood was over before the checks were"
    finally:
        end_process(flood)
    assert [outcome.stdout for outcome in outcomes if outcome.status != 0] == []


def test_defect_6_our_syn_has_an_mss_option(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    syn = puppet.next_segment(wanted=SYN)
    assert parse_options(syn.options).mss == 1460
    puppet.answer(syn, RST | ACK)
    assert stage.finish(child).status == 1


def test_defect_7_lost_segments_are_sent_again(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-c")
    first = puppet.next_segment(wanted=SYN)
    again = puppet.next_segment(wanted=SYN)
    assert (again.source_port, again.seq) == (first.source_port, first.seq)
    puppet.answer(again, SYN | ACK)
    fin = puppet.next_segment(wanted=FIN)
    fin_again = puppet.next_segment(wanted=FIN)
    assert fin_again.seq == fin.seq
    puppet.answer(fin_again, FIN | ACK, seq=1)
    assert puppet.next_segment(wanted=ACK).ack == puppet.iss + 2
    assert stage.finish(child).status == 0


def test_defect_8_ece_on_the_answer(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    connect(puppet, SYN | ACK | ECE)
    assert stage.finish(child).status == 0


def test_defect_8_data_with_the_acknowledgement_of_our_fin(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-c")
    fin = connect(puppet)
    assert fin.flags & FIN
    puppet.answer(fin, ACK | PSH, seq=1, payload=b"late words")
    assert puppet.next_segment(wanted=ACK).ack == puppet.iss + 11
    puppet.answer(fin, FIN | ACK, seq=11)
    assert puppet.next_segment(wanted=ACK).ack == puppet.iss + 12
    assert stage.finish(child).status == 0


def test_defect_8_fin_with_data(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-c")
    fin = connect(puppet)
    assert fin.flags & FIN
    puppet.answer(fin, FIN | ACK | PSH, seq=1, payload=b"bye")
    assert puppet.next_segment(wanted=ACK).ack == puppet.iss + 5
    assert stage.finish(child).status == 0


@pytest.mark.parametrize("habit", ["banner", "close", "send:100000"])
def test_defect_9_a_server_that_speaks_or_leaves_first(desk: Desk, site: Site, habit: str) -> None:
    port = {"banner": 2500, "close": 2501, "send:100000": 2502}[habit]
    server = tcp_server(site.server, VIP, port, habit)
    try:
        for options in ((), ("-c",)):
            assert desk.drop_in(site.director, *options, "eth0", REAL_IP, VIP, str(port)).status == 0
    finally:
        server.stop()


def test_defect_10_a_reset_while_closing_changes_no_verdict(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-c")
    fin = connect(puppet)
    assert fin.flags & FIN
    puppet.answer(fin, RST | ACK, seq=1)
    outcome = stage.finish(child)
    assert (outcome.status, outcome.log) == (0, [])


def test_defect_10_an_icmp_error_while_closing_changes_no_verdict(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-c")
    fin = connect(puppet)
    addresses = AddressPair(parse_address(DIRECTOR_IP), parse_address(VIP))
    quoted = SegmentTemplate(addresses, fin.source_port, int(PORT)).packet(fin)
    prohibited = icmp_to_octets(IcmpMessage(DESTINATION_UNREACHABLE, 13, bytes(4), quoted))
    packet = build_packet(parse_address(REAL_IP), parse_address(DIRECTOR_IP), PROTO_ICMP, prohibited)
    puppet.send_frame(ETHERTYPE_IPV4, packet)
    puppet.answer(fin, FIN | ACK, seq=1)
    outcome = stage.finish(child)
    assert (outcome.status, outcome.log) == (0, [])


def test_defect_10_silence_while_closing_changes_no_verdict(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-c", "-t", "300")
    assert connect(puppet).flags & FIN
    outcome = stage.finish(child)
    assert outcome.status == 0
    assert outcome.seconds < 0.6 + START_UP


def test_defect_11_the_standby_obeys_the_timeout(desk: Desk, site: Site, network: Network) -> None:
    with Puppet(network.host("puppet")) as silent:
        standby = director(network, "standby", [f"{DIRECTOR_IP}/24"])
        standby.ip("neighbour", "add", REAL_IP, "lladdr", silent.mac.hex(":"), "dev", "eth0")
        role = desk.file("role", "0")
        started = time.monotonic()
        outcome = desk.drop_in(standby, "-t", "300", "-r", str(role), *WORDS)
        seconds = time.monotonic() - started
    assert outcome.status == 1
    assert f"{VIP}:80 via {REAL_IP} down: no-answer (standard check)" in outcome.stdout
    assert 0.6 <= seconds < 0.6 + START_UP


def test_defect_12_the_timeout_counts_time_whatever_arrives(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-t", "300")
    started = time.monotonic()
    syn = puppet.next_segment(wanted=SYN)
    while child.poll() is None and time.monotonic() - started < 5.0:
        puppet.answer(syn, SYN | ACK, ack=syn.seq - 1000)  # from the VIP to the right port, and not an answer
        puppet.silent_for(0.01)
    seconds = time.monotonic() - started
    assert stage.finish(child).status == 1
    assert seconds < 0.6 + START_UP


def test_defect_13_a_reset_that_answers_nothing_of_ours_is_no_answer(stage: Stage, puppet: Puppet) -> None:
    child = stage.start()
    syn = puppet.next_segment(wanted=SYN)
    puppet.answer(syn, RST, seq=0)
    puppet.answer(syn, RST | ACK, ack=syn.seq)
    puppet.answer(syn, RST | ACK, ack=syn.seq + 2)
    puppet.answer(syn, SYN | ACK)
    assert stage.finish(child).status == 0


def test_defect_13_a_reset_outside_the_window_ends_nothing(stage: Stage, puppet: Puppet) -> None:
    child = stage.start("-c", "-v")
    fin = connect(puppet)
    assert fin.flags & FIN
    puppet.answer(fin, RST, seq=-1)
    puppet.answer(fin, FIN | ACK, seq=1)
    assert puppet.next_segment(wanted=ACK).ack == puppet.iss + 2
    assert stage.finish(child).status == 0


def test_defect_13_sequence_numbers_differ_within_a_second(stage: Stage, puppet: Puppet) -> None:
    numbers = set()
    for _ in range(3):
        child = stage.start()
        syn = puppet.next_segment(wanted=SYN)
        numbers.add(syn.seq)
        puppet.answer(syn, RST | ACK)
        assert stage.finish(child).status == 1
    assert len(numbers) == 3


def test_defect_14_an_arp_packet_that_is_no_reply_is_no_answer(stage: Stage) -> None:
    reply_of_reverse_arp = 4  # RFC 903

    def answer_falsely_first(puppet: Puppet, request: ArpPacket) -> None:
        puppet.send_arp(reply_of_reverse_arp, parse_mac("02:00:00:00:66:66"), request)
        answer_truly(puppet, request)

    with Puppet(stage.puppet_host, answer_falsely_first) as puppet:
        child = stage.start()
        connect(puppet)  # its frames came to the puppet's own MAC
        assert stage.finish(child).status == 0


def test_defect_14_a_reply_about_another_address_is_no_answer(stage: Stage) -> None:
    def answer_for_another_first(puppet: Puppet, request: ArpPacket) -> None:
        other = ArpPacket(
            request.operation, request.sender_mac, request.sender_ip, request.target_mac, parse_address(NOBODY_IP)
        )
        puppet.send_arp(REPLY, parse_mac("02:00:00:00:66:66"), other)
        answer_truly(puppet, request)

    with Puppet(stage.puppet_host, answer_for_another_first) as puppet:
        child = stage.start()
        connect(puppet)
        assert stage.finish(child).status == 0


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("eth0", REAL_IP, VIP, "http"), 0, f"{VIP}:80 via {REAL_IP} up"),
        (("eth0", REAL_IP, VIP, "no-such-service"), 1, "nor a TCP service known to this system"),
        (("-t", "-5", *WORDS), 1, "not a time in milliseconds"),
        (("-t", "4294967291", *WORDS), 1, "not a time in milliseconds"),
    ],
)
def test_defect_18_service_names_and_negative_times(
    desk: Desk, site: Site, words: tuple[str, ...], status: int, told: str
) -> None:
    outcome = desk.drop_in(site.director, *words)
    assert outcome.status == status
    assert told in outcome.stdout + outcome.stderr
