# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver between a cable and its flows: who gets which frame, steering, deadlines, and nothing left behind."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

import pytest

from lvs_rawcheck.checks.base import Conversation, Reason, Verdict
from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.wire.ip import PROTO_TCP, build_packet
from lvs_rawcheck.wire.tcp import ACK, FIN, RST, SYN
from tests.checks.cable_site import NEW_MAC, OTHER_MAC, PERMANENT, REAL_MAC, CableSite, answer_to
from tests.checks.rig import reason
from tests.checks.site import BOTH, Family

LATE = 0.01  # seconds after its deadline at which a flow must be over
ATTEMPTS = 5  # a busy machine may be late in a driver's place: one of so many must be in time


class Silent(Conversation):
    """Says nothing, and is never content."""

    def connected(self) -> Verdict | None:
        return None


@pytest.fixture(params=BOTH, ids=[family.name for family in BOTH])
def site(request: pytest.FixtureRequest) -> Iterator[CableSite]:
    family: Family = request.param
    with CableSite(family) as made:
        yield made


def serve_until_done(site: CableSite, flags: int = SYN | ACK, mac: bytes = REAL_MAC) -> None:
    """Answer every SYN until no flow is left."""
    while site.driver.in_flight:
        site.serve(flags, mac)
        site.driver.turn()


def test_a_healthy_server(site: CableSite) -> None:
    finished: list[Flow] = []
    flow = site.start(done=finished.append)
    assert site.driver.in_flight == 1
    assert site.serve() == 1
    site.driver.run()
    assert finished == [flow]
    assert reason(flow) == Reason.OK
    assert [segment.flags for segment in site.segments()] == [ACK, RST | ACK]


def test_a_refusal(site: CableSite) -> None:
    flow = site.start()
    serve_until_done(site, RST | ACK)
    assert reason(flow) == Reason.REFUSED


def test_frames_find_their_flow_by_its_port(site: CableSite) -> None:
    order: list[Flow] = []
    flows = [site.start(done=order.append) for _ in range(10)]
    syns = site.segments()
    for syn in reversed(syns):
        site.send_segment(answer_to(syn))
    site.driver.run()
    assert order == flows[::-1]
    assert len({flow.source_port for flow in flows}) == 10


def test_two_vips_on_one_wire(site: CableSite) -> None:
    other_vip = site.vip[:-1] + b"\x65"
    flows = [site.start(), site.start(vip=other_vip)]
    serve_until_done(site)
    assert [reason(flow) for flow in flows] == ["ok", "ok"]


def test_an_answer_as_another_vip_is_no_answer(site: CableSite) -> None:
    site.learn(REAL_MAC, PERMANENT)
    flow = site.start(timeout=0.3)
    for syn in site.segments():
        site.send_segment(answer_to(syn), vip=site.vip[:-1] + b"\x65")
    site.driver.run()
    assert reason(flow) == Reason.NO_ANSWER


def test_an_answer_from_another_port_is_no_answer(site: CableSite) -> None:
    site.learn(REAL_MAC, PERMANENT)
    flow = site.start(timeout=0.3)
    for syn in site.segments():
        answer = answer_to(syn)
        answer.source_port += 1
        site.send_segment(answer)
    site.driver.run()
    assert reason(flow) == Reason.NO_ANSWER


def test_another_mac_alone_is_wrong(site: CableSite) -> None:
    flow = site.start(timeout=0.5)
    serve_until_done(site, mac=OTHER_MAC)
    assert reason(flow) == Reason.WRONG_MAC


def test_our_own_syn_comes_back_from_the_server(site: CableSite) -> None:
    flow = site.start()
    site.send(site.own_packet(site.segments()[0], 63), REAL_MAC, site.ethertype)
    site.driver.run()
    assert reason(flow) == Reason.LOOPED


def test_what_only_resembles_it_changes_nothing(site: CableSite) -> None:
    """Cut off, with a broken checksum, of another sequence number: none is our frame."""
    site.learn(REAL_MAC, PERMANENT)
    flow = site.start(timeout=0.3)
    syn = site.segments()[0]
    octets = site.own_packet(syn, 63)
    header = len(octets) - 20 - len(syn.options)
    syn.seq = (syn.seq + 1) % 2**32
    broken = octets[:-1] + bytes((octets[-1] ^ 1,))
    cut = build_packet(site.director_ip, site.vip, PROTO_TCP, octets[header : header + 8], 63)
    for packet in (site.own_packet(syn, 63), broken, cut):
        site.send(packet, REAL_MAC, site.ethertype)
    site.driver.run()
    assert reason(flow) == Reason.NO_ANSWER


# Neighbours --------------------------------------------------------------------------------------------


def test_one_answer_serves_all_flows_of_that_server(site: CableSite) -> None:
    site.entry = None
    flows = [site.start() for _ in range(5)]
    frames = site.arrived()
    assert len(frames) == 1, "one question, and nothing to a MAC that nobody knows"
    assert site.nudges == 1
    octets, ethertype = site.neighbour_answer()
    site.send(octets, REAL_MAC, ethertype)
    serve_until_done(site)
    assert [reason(flow) for flow in flows] == ["ok"] * 5


def test_an_entry_that_the_kernel_makes_serves_all_flows(site: CableSite) -> None:
    site.entry = None
    flows = [site.start() for _ in range(5)]
    site.learn(REAL_MAC)
    serve_until_done(site)
    assert [reason(flow) for flow in flows] == ["ok"] * 5


def test_doubt_asks_and_begins_again_at_the_new_mac(site: CableSite) -> None:
    flow = site.start()
    first = site.segments()[0]
    while not (asked := [frame for frame in site.arrived() if is_question(site, frame.octets, frame.ethertype)]):
        site.driver.turn()
    assert len(asked) == 1
    site.learn(NEW_MAC)
    octets, ethertype = site.neighbour_answer(NEW_MAC)
    site.send(octets, NEW_MAC, ethertype)
    site.driver.turn()
    again = site.segments()[-1]
    assert (again.flags, flow.mac) == (SYN, NEW_MAC)
    assert again.seq != first.seq
    site.send_segment(answer_to(again), NEW_MAC)
    site.driver.run()
    assert reason(flow) == Reason.OK


def is_question(site: CableSite, octets: bytes, ethertype: int) -> bool:
    return ethertype != site.ethertype or (octets[:1] == b"\x60" and octets[6] == 58)


def test_nobody_there(site: CableSite) -> None:
    site.entry = None
    flow = site.start(timeout=0.5)
    site.driver.run()
    assert reason(flow) == Reason.NO_NEIGHBOUR
    questions = [frame for frame in site.arrived() if is_question(site, frame.octets, frame.ethertype)]
    assert len(questions) == 3


def test_an_entry_but_nobody_there(site: CableSite) -> None:
    flow = site.start(timeout=0.7)
    site.driver.run()
    assert reason(flow) == Reason.NO_NEIGHBOUR


def test_somebody_there_but_no_vip(site: CableSite) -> None:
    flow = site.start(timeout=0.7)
    while site.driver.in_flight:
        if any(is_question(site, frame.octets, frame.ethertype) for frame in site.arrived()):
            octets, ethertype = site.neighbour_answer()
            site.send(octets, REAL_MAC, ethertype)
        site.driver.turn()
    assert reason(flow) == Reason.NO_ANSWER


def test_a_server_that_answers_is_asked_for_no_longer(site: CableSite) -> None:
    flow = site.start()
    while not site.steering.asking:
        site.driver.turn()
    assert site.steering.silent
    serve_until_done(site)
    assert reason(flow) == Reason.OK
    assert not site.steering.asking
    assert not site.steering.silent


def test_what_is_asked_is_asked_of_all_and_only_once_for_all(site: CableSite) -> None:
    flows = [site.start(timeout=0.35) for _ in range(20)]
    site.driver.run()
    questions = [frame for frame in site.arrived() if is_question(site, frame.octets, frame.ethertype)]
    assert len(questions) == 1
    assert {reason(flow) for flow in flows} == {Reason.NO_NEIGHBOUR}


def test_short_checks_of_a_dead_host_agree(site: CableSite) -> None:
    """A reason that comes and goes would be logged as a change each time."""
    reasons = []
    for _ in range(5):
        flow = site.start(timeout=0.25)
        site.driver.run()
        reasons.append(reason(flow))
    assert reasons == [Reason.NO_NEIGHBOUR] * 5


# Deadlines ---------------------------------------------------------------------------------------------


def overtime(conversation: Callable[[float], None], timeout: float) -> float:
    """Return the seconds that a conversation of one deadline took longer than that; the least of a few attempts."""
    least = LATE
    for _ in range(ATTEMPTS):
        began = time.monotonic()
        conversation(timeout)
        elapsed = time.monotonic() - began
        assert elapsed >= timeout
        least = min(least, elapsed - timeout)
        if least < LATE:
            break
    return least


@pytest.mark.parametrize("timeout", [0.001, 0.05, 0.2, 0.201, 0.4, 0.55])
def test_no_flow_outlives_its_deadline(site: CableSite, timeout: float) -> None:
    def nobody_answers(timeout: float) -> None:
        flow = site.start(timeout=timeout)
        site.driver.run()
        assert reason(flow) in (Reason.NO_ANSWER, Reason.NO_NEIGHBOUR)

    assert overtime(nobody_answers, timeout) < LATE


def test_nor_does_a_goodbye_that_is_not_answered(site: CableSite) -> None:
    def no_goodbye(timeout: float) -> None:
        flow = site.start(timeout=timeout)
        flow.close_cleanly()
        site.serve()
        site.driver.run()
        assert reason(flow) == Reason.OK
        flags = [segment.flags for segment in site.segments()]
        assert flags[-1] == RST | ACK
        assert flags.count(FIN | ACK) >= 2, "sent again until then"

    assert overtime(no_goodbye, 0.5) < LATE


def test_nor_does_silence_once_connected(site: CableSite) -> None:
    def silence(timeout: float) -> None:
        flow = site.start(timeout=timeout, conversation=Silent)
        serve_until_done(site)
        assert reason(flow) == Reason.TIMEOUT

    assert overtime(silence, 0.3) < LATE


def test_answers_that_came_in_time_count_though_they_are_read_late(site: CableSite) -> None:
    """A busy director gets to them only when the deadline is over."""
    flows = [site.start(timeout=0.0) for _ in range(20)]
    assert site.serve() == len(flows)
    site.driver.run()
    assert {reason(flow) for flow in flows} == {Reason.OK}


def test_several_vips_share_one_deadline(site: CableSite) -> None:
    site.learn(REAL_MAC, PERMANENT)

    def all_silent(timeout: float) -> None:
        flows = [site.start(timeout=timeout, vip=site.vip[:-1] + bytes((last,))) for last in range(1, 20)]
        site.driver.run()
        assert {reason(flow) for flow in flows} == {Reason.NO_ANSWER}

    assert overtime(all_silent, 0.3) < LATE


def test_syns_go_out_at_a_fixed_pace(site: CableSite) -> None:
    site.start(timeout=0.95)
    site.driver.run()
    assert len([segment for segment in site.segments() if segment.flags == SYN]) == 5


def test_waiting_costs_no_turns(site: CableSite) -> None:
    site.start(timeout=0.5)
    turns = 0
    while site.driver.in_flight:
        site.driver.turn()
        turns += 1
    assert turns < 40, "SYNs, questions, readings of the table and the deadline; not a busy loop"


# A link that fails -------------------------------------------------------------------------------------


def unplug(site: CableSite) -> None:
    """Let nothing be sent any more."""

    def refuse(octets: bytes, destination_mac: bytes, ethertype: int) -> None:
        raise LinkError("interface cable0 is down")

    site.link.send = refuse  # type: ignore[assignment]


def test_a_verdict_outlives_the_link(site: CableSite) -> None:
    """There is no farewell then, and no deadline to wait for."""
    finished: list[Flow] = []
    flow = site.start(done=finished.append)
    flow.close_cleanly()
    site.serve()
    unplug(site)
    site.driver.run()
    assert finished == [flow]
    assert reason(flow) == Reason.OK


def test_without_a_verdict_the_link_is_to_blame(site: CableSite) -> None:
    judged, waiting = site.start(), site.start()
    judged.close_cleanly()
    site.send_segment(answer_to(site.segments()[0]))
    site.driver.turn()
    unplug(site)
    with pytest.raises(LinkError, match="cable0 is down"):
        site.driver.run()
    assert judged.verdict is not None
    assert waiting.verdict is None
    assert site.driver.in_flight == 1


# What it holds -----------------------------------------------------------------------------------------


def test_ports_are_given_back_and_come_round_late() -> None:
    with CableSite(BOTH[0], ports=3) as site:
        ports = []
        for _ in range(7):
            flow = site.start()
            ports.append(flow.source_port)
            serve_until_done(site)
        assert len(set(ports)) == 3
        assert ports[3:6] == ports[:3]


def test_no_port_is_free() -> None:
    with CableSite(BOTH[0], ports=2) as site:
        site.start(timeout=0.2)
        site.start(timeout=0.2)
        with pytest.raises(LinkError, match="no source port is free"):
            site.start()
        assert site.driver.in_flight == 2
        site.driver.run()
        site.start(timeout=0.1)
        site.driver.run()


def test_done_may_start_the_next_one(site: CableSite) -> None:
    left = [5]
    seen: list[Flow] = []

    def next_one(flow: Flow) -> None:
        seen.append(flow)
        if left[0]:
            left[0] -= 1
            site.start(done=next_one)

    site.start(done=next_one)
    serve_until_done(site)
    assert [reason(flow) for flow in seen] == ["ok"] * 6


def test_a_hundred_checks_leave_no_cycles(site: CableSite) -> None:
    """A daemon makes thousands a second: what it drops must go at once, not when a collector passes by."""

    def check() -> None:
        flow = site.start()
        serve_until_done(site, RST | ACK if flow.source_port % 2 else SYN | ACK)
        site.arrived()

    check()  # imports, caches
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            check()
        assert gc.collect() == 0
    finally:
        gc.enable()
