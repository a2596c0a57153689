# SPDX-License-Identifier: GPL-2.0-or-later
"""One flow told what arrives and what time it is: every reason, who may answer, and that a verdict is final."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.wire.ip import TTL_DEFAULT
from lvs_rawcheck.wire.tcp import ACK, FIN, RST, SYN
from tests.checks.scene import ISS_DISTANCE, NEW_MAC, OTHER_MAC, REAL_MAC, Scene, flags_of

DEADLINE = 2.0  # seconds; every scene begins at 0.0


@pytest.fixture
def scene() -> Scene:
    return Scene(DEADLINE)


# Verdicts ----------------------------------------------------------------------------------------------


def test_connected_is_healthy_and_leaves_by_reset(scene: Scene) -> None:
    scene.steer()
    assert flags_of(scene.sent()) == [SYN]
    scene.receive(SYN | ACK, now=0.01)
    assert scene.reason == Reason.OK
    assert flags_of(scene.sent()) == [ACK, RST | ACK]
    assert scene.flow.finished
    assert scene.flow.connected_at == 0.01


def test_a_reset_in_answer_to_the_syn_is_a_refusal(scene: Scene) -> None:
    scene.steer()
    scene.receive(RST | ACK)
    assert scene.reason == Reason.REFUSED
    assert scene.flow.finished


def test_a_reset_that_acknowledges_something_else_is_forged(scene: Scene) -> None:
    scene.steer()
    for ack in (-1, 0, 2, 1000):
        scene.receive(RST | ACK, ack=ack)
    scene.receive(RST)
    assert scene.reason is None
    scene.receive(SYN | ACK)
    assert scene.reason == Reason.OK


def test_a_syn_ack_that_acknowledges_something_else_is_not_believed(scene: Scene) -> None:
    scene.steer()
    for ack in (-1, 0, 2, 1000):
        scene.receive(SYN | ACK, ack=ack)
    assert scene.reason is None


def test_without_a_mac_until_the_deadline_there_is_no_neighbour(scene: Scene) -> None:
    scene.flow.handle_timer(DEADLINE - 0.001)
    assert scene.reason is None
    scene.flow.handle_timer(DEADLINE)
    assert scene.reason == Reason.NO_NEIGHBOUR
    assert scene.flow.finished
    assert scene.sent() == []


def test_silence_at_a_mac_is_no_answer(scene: Scene) -> None:
    scene.steer()
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER
    assert scene.flow.finished


def test_silence_at_a_mac_that_nobody_claims_is_no_neighbour(scene: Scene) -> None:
    scene.steer()
    scene.flow.silent_neighbour = True
    scene.expire()
    assert scene.reason == Reason.NO_NEIGHBOUR


def test_silence_at_a_mac_that_answered_for_itself_is_no_answer(scene: Scene) -> None:
    scene.steer()
    scene.flow.silent_neighbour = True
    scene.flow.silent_neighbour = False
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER


def test_silence_once_connected_is_a_timeout() -> None:
    scene = Scene(DEADLINE, expects=b"220 ")
    scene.steer()
    scene.receive(SYN | ACK)
    assert scene.reason is None
    scene.expire()
    assert scene.reason == Reason.TIMEOUT
    assert flags_of(scene.sent())[-1] == RST | ACK


def test_a_reset_in_the_conversation_is_closed() -> None:
    scene = Scene(DEADLINE, expects=b"220 ")
    scene.steer()
    scene.receive(SYN | ACK)
    scene.receive(RST | ACK, seq=1)
    assert scene.reason == Reason.CLOSED


def test_the_conversation_has_the_last_word() -> None:
    for payload, reason in ((b"220 ready", Reason.OK), (b"554 no", Reason.PROTOCOL)):
        scene = Scene(DEADLINE, expects=b"220 ")
        scene.steer()
        scene.receive(SYN | ACK)
        scene.receive(ACK, seq=1, payload=payload)
        assert scene.reason == reason


def test_the_peer_s_close_is_the_conversation_s_to_judge() -> None:
    scene = Scene(DEADLINE, expects=b"220 ")
    scene.steer()
    scene.receive(SYN | ACK)
    scene.receive(FIN | ACK, seq=1)
    assert scene.reason == Reason.CLOSED


def test_what_the_conversation_says_is_sent() -> None:
    scene = Scene(DEADLINE, expects=b"220 ", says=b"HELO")
    scene.steer()
    scene.receive(SYN | ACK)
    assert [segment.payload for segment in scene.sent()] == [b"", b"HELO"]


def test_what_it_has_ready_before_waits_for_the_connection() -> None:
    scene = Scene(DEADLINE, expects=b"220 ", says=b"HELO")
    scene.steer()
    scene.sent()
    scene.receive(ACK, ack=77)
    assert [segment.payload for segment in scene.sent()] == [b"", b""], "RST and SYN"
    scene.receive(SYN | ACK)
    assert [segment.payload for segment in scene.sent()] == [b"HELO"]


# Who may answer ----------------------------------------------------------------------------------------


def test_another_mac_does_not_count_by_default(scene: Scene) -> None:
    scene.steer()
    scene.receive(SYN | ACK, mac=OTHER_MAC)
    assert scene.reason is None
    scene.expire()
    assert scene.reason == Reason.WRONG_MAC
    assert "02:00:00:00:00:0c" in scene.detail


def test_a_right_answer_after_a_wrong_mac_counts(scene: Scene) -> None:
    scene.steer()
    scene.receive(SYN | ACK, mac=OTHER_MAC)
    scene.receive(SYN | ACK)
    assert scene.reason == Reason.OK
    assert "answered from" not in scene.detail


def test_a_refusal_by_another_mac_waits_too(scene: Scene) -> None:
    scene.steer()
    scene.receive(RST | ACK, mac=OTHER_MAC)
    assert scene.reason is None
    scene.expire()
    assert scene.reason == Reason.WRONG_MAC


def test_another_mac_that_answers_nothing_of_ours_is_not_remembered(scene: Scene) -> None:
    scene.steer()
    scene.receive(SYN | ACK, ack=7, mac=OTHER_MAC)
    scene.receive(ACK, mac=OTHER_MAC)
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER


def test_any_mac() -> None:
    scene = Scene(DEADLINE, rule="any")
    scene.steer()
    scene.receive(SYN | ACK, mac=OTHER_MAC)
    assert scene.reason == Reason.OK
    assert "answered from 02:00:00:00:00:0c" in scene.detail


def test_another_mac_is_named_only_where_it_decided() -> None:
    scene = Scene(DEADLINE, rule="any")
    scene.steer()
    scene.receive(ACK, ack=77, mac=OTHER_MAC)
    scene.receive(SYN | ACK)
    assert scene.reason == Reason.OK
    assert "answered from" not in scene.detail


def test_known_machines_do_not_count_unknown_ones_do() -> None:
    nobody: dict[bytes, bytes] = {}
    neighbours = {OTHER_MAC: bytes((10, 0, 0, 43))}
    for owners, reason in ((nobody, Reason.OK), (neighbours, Reason.WRONG_MAC)):
        scene = Scene(DEADLINE, rule="known", owners=owners)
        scene.steer()
        scene.receive(SYN | ACK, mac=OTHER_MAC)
        scene.expire()
        assert scene.reason == reason
        assert ("10.0.0.43" in scene.detail) is bool(owners)


def test_one_mac_by_name() -> None:
    for rule, reason in ((OTHER_MAC, Reason.OK), (NEW_MAC, Reason.WRONG_MAC)):
        scene = Scene(DEADLINE, rule=rule)
        scene.steer()
        scene.receive(SYN | ACK, mac=OTHER_MAC)
        scene.expire()
        assert scene.reason == reason


# Our own frames, and ICMP ------------------------------------------------------------------------------


def test_our_own_frame_one_hop_older_from_the_server_is_a_loop(scene: Scene) -> None:
    scene.steer()
    scene.receive_own(REAL_MAC, TTL_DEFAULT - 1)
    assert scene.reason == Reason.LOOPED
    assert scene.flow.finished


@pytest.mark.parametrize(
    ("mac", "ttl"), [(REAL_MAC, TTL_DEFAULT), (OTHER_MAC, TTL_DEFAULT - 1), (REAL_MAC, 255), (OTHER_MAC, 1)]
)
def test_a_mirror_port_shows_our_frames_and_is_no_loop(scene: Scene, mac: bytes, ttl: int) -> None:
    scene.steer()
    scene.receive_own(mac, ttl)
    assert scene.reason is None


@pytest.mark.parametrize("distance", [-1, 1, 1000, -(2**31)])
def test_a_frame_that_we_never_sent_is_no_loop(scene: Scene, distance: int) -> None:
    scene.steer()
    scene.receive_own(REAL_MAC, TTL_DEFAULT - 1, distance)
    assert scene.reason is None


def test_an_icmp_error_about_what_is_in_flight(scene: Scene) -> None:
    scene.steer()
    scene.flow.receive_icmp_error("ICMP 3/13", scene.iss, REAL_MAC)
    assert (scene.reason, scene.detail) == (Reason.UNREACHABLE, "ICMP 3/13")
    assert scene.flow.finished


@pytest.mark.parametrize("distance", [-1, 1, 1000, -(2**31)])
def test_an_icmp_error_about_something_else_is_forged(scene: Scene, distance: int) -> None:
    scene.steer()
    scene.flow.receive_icmp_error("ICMP 3/13", (scene.iss + distance) % 2**32, REAL_MAC)
    assert scene.reason is None


def test_an_icmp_error_from_another_mac_does_not_count(scene: Scene) -> None:
    scene.steer()
    scene.flow.receive_icmp_error("ICMP 3/13", scene.iss, OTHER_MAC)
    assert scene.reason is None


def test_an_icmp_error_about_what_was_acknowledged_is_late() -> None:
    scene = Scene(DEADLINE, expects=b"220 ")
    scene.steer()
    scene.receive(SYN | ACK)
    scene.flow.receive_icmp_error("ICMP 3/13", scene.iss, REAL_MAC)
    assert scene.reason is None


def test_nothing_counts_before_anything_was_sent(scene: Scene) -> None:
    scene.receive(SYN | ACK)
    scene.receive_own(REAL_MAC, 63)
    scene.flow.receive_icmp_error("ICMP 3/13", 0, REAL_MAC)
    assert scene.reason is None


# Steering ----------------------------------------------------------------------------------------------


def test_at_a_new_mac_it_begins_again(scene: Scene) -> None:
    scene.steer()
    first = scene.sent()[0]
    scene.flow.steer(NEW_MAC, 0.5)
    again = scene.sent()[0]
    assert (again.flags, scene.flow.mac) == (SYN, NEW_MAC)
    assert again.seq == (first.seq + ISS_DISTANCE * 0.5) % 2**32, "later by the clock of sequence numbers"
    scene.receive(SYN | ACK, ack=1, mac=REAL_MAC)
    assert scene.reason is None, "the old MAC's answer comes too late"
    scene.receive(SYN | ACK, mac=NEW_MAC)
    assert scene.reason == Reason.OK
    assert scene.flow.steered_at == 0.0


def test_the_same_mac_again_changes_nothing(scene: Scene) -> None:
    scene.steer()
    scene.sent()
    scene.flow.steer(REAL_MAC, 0.1)
    assert scene.sent() == []


def test_a_connection_is_not_torn_up_for_a_new_mac() -> None:
    scene = Scene(DEADLINE, expects=b"220 ")
    scene.steer()
    scene.receive(SYN | ACK)
    scene.flow.steer(NEW_MAC, 0.5)
    scene.receive(ACK, seq=1, payload=b"220 ready", mac=NEW_MAC)
    assert scene.reason == Reason.OK


def test_doubt_comes_with_a_syn_that_goes_unanswered(scene: Scene) -> None:
    scene.steer()
    scene.sent()
    scene.flow.handle_timer(0.1)
    assert not scene.flow.doubtful
    due = scene.flow.next_timer()
    assert due == pytest.approx(0.2)
    scene.flow.handle_timer(due)
    assert scene.flow.doubtful
    assert flags_of(scene.sent()) == [SYN]


@pytest.mark.parametrize("deadline", [0.01, 0.1, 0.2, 0.3])
def test_a_short_deadline_leaves_half_of_it_for_doubt(deadline: float) -> None:
    scene = Scene(deadline)
    scene.steer()
    scene.sent()
    due = scene.flow.next_timer()
    assert due == pytest.approx(deadline / 2)
    scene.flow.handle_timer(due)
    assert scene.flow.doubtful
    assert scene.sent() == [], "SYNs keep their pace"
    scene.flow.steer(NEW_MAC, due)
    assert flags_of(scene.sent()) == [SYN]
    scene.receive(SYN | ACK, mac=NEW_MAC)
    assert scene.reason == Reason.OK


def test_no_doubt_once_connected() -> None:
    scene = Scene(DEADLINE, expects=b"220 ", says=b"HELO")
    scene.steer()
    scene.receive(SYN | ACK)
    scene.sent()
    scene.flow.handle_timer(scene.flow.next_timer())
    assert not scene.flow.doubtful
    assert [segment.payload for segment in scene.sent()] == [b"HELO"]


def test_no_timer_is_later_than_the_deadline(scene: Scene) -> None:
    assert scene.flow.next_timer() == DEADLINE
    scene.steer()
    now = 0.0
    while not scene.flow.finished:
        assert now < scene.flow.next_timer() <= DEADLINE
        now = scene.flow.next_timer()
        scene.flow.handle_timer(now)
        scene.sent()
    assert now == DEADLINE


# Leaving -----------------------------------------------------------------------------------------------


@pytest.fixture
def leaving() -> Scene:
    """A flow that has its verdict and has sent its FIN."""
    scene = Scene(DEADLINE)
    scene.flow.close_cleanly()
    scene.steer()
    scene.receive(SYN | ACK)
    assert scene.reason == Reason.OK
    assert FIN | ACK in flags_of(scene.sent())
    assert not scene.flow.finished
    return scene


def test_a_clean_close_ends_with_both_fins(leaving: Scene) -> None:
    leaving.receive(FIN | ACK, seq=1, ack=2)
    assert flags_of(leaving.sent()) == [ACK]
    assert leaving.flow.finished
    assert leaving.reason == Reason.OK


def test_a_reset_instead_of_a_goodbye_changes_nothing(leaving: Scene) -> None:
    leaving.receive(RST, seq=1)
    assert leaving.flow.finished
    assert leaving.reason == Reason.OK


def test_silence_instead_of_a_goodbye_changes_nothing(leaving: Scene) -> None:
    leaving.expire()
    assert leaving.flow.finished
    assert leaving.reason == Reason.OK
    assert flags_of(leaving.sent())[-1] == RST | ACK, "the server is told that nobody waits"


def test_what_else_arrives_while_leaving_changes_nothing(leaving: Scene) -> None:
    leaving.receive(ACK, seq=1, payload=b"220 hello")
    leaving.receive(SYN | ACK, mac=OTHER_MAC)
    leaving.receive_own(REAL_MAC, 63, 1)
    leaving.flow.receive_icmp_error("ICMP 3/13", leaving.iss + 1, REAL_MAC)
    leaving.flow.steer(NEW_MAC, 0.5)
    assert leaving.reason == Reason.OK
    assert leaving.flow.mac == REAL_MAC
    assert not leaving.flow.finished
    leaving.receive(FIN | ACK, seq=10, ack=2)
    assert leaving.flow.finished


def test_a_bad_verdict_is_final_too(scene: Scene) -> None:
    scene.steer()
    scene.receive(RST | ACK)
    scene.receive(SYN | ACK)
    scene.expire()
    assert scene.reason == Reason.REFUSED
