# SPDX-License-Identifier: GPL-2.0-or-later
"""One exchange alone: what is sent when, whose answers count, and what silence means."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason, Verdict
from tests.checks.datagram.stage import OTHER_MAC, REAL_IP, REAL_MAC, STRANGER_IP, Asks, DatagramScene

SILENT = Verdict(Reason.OK, "silence will do")


def test_an_answer_from_the_vip() -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive(now=0.25)
    assert (scene.reason, scene.detail) == (Reason.OK, "answer")
    assert scene.flow.finished
    assert scene.flow.was_answered
    assert scene.flow.phases == [0.25]


def test_a_wrong_answer_is_one() -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive(b"away")
    assert (scene.reason, scene.detail) == (Reason.RESPONSE, "away")


def test_it_is_sent_again_until_the_deadline() -> None:
    scene = DatagramScene(1.8)
    scene.begin()
    times = [0.0]
    while scene.reason is None:
        now = scene.flow.next_timer()
        assert now > times[-1], "or it would never end"
        scene.flow.handle_timer(now)
        if scene.sent(now):
            times.append(now)
    assert times == [0.0, 0.5, 1.0, 1.5]
    assert scene.reason == Reason.NO_ANSWER
    assert "vanish" in scene.detail
    assert not scene.flow.was_answered


def test_nothing_is_sent_before_the_mac_is_known_or_after_the_verdict() -> None:
    scene = DatagramScene(2.0)
    assert scene.sent(0.0) == []
    scene.receive()
    assert scene.reason is None, "nobody was asked yet"
    scene.begin()
    scene.receive()
    assert scene.sent(1.0) == []


def test_a_new_mac_is_asked_at_once() -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.flow.steer(OTHER_MAC, 0.2)
    assert scene.sent(0.2) == [b"ask"]
    assert scene.flow.steered_at == 0.0
    scene.receive(mac=OTHER_MAC)
    assert scene.reason == Reason.OK


def test_a_farewell_is_sent_once_to_who_answered() -> None:
    scene = DatagramScene(2.0, Asks(farewell=b"bye"))
    scene.begin()
    scene.receive()
    assert not scene.flow.finished
    assert scene.sent(0.3) == [b"bye"]
    assert scene.flow.finished
    silent = DatagramScene(2.0, Asks(farewell=b"bye"))
    silent.begin()
    silent.expire()
    assert silent.flow.finished


# What does not count -----------------------------------------------------------------------------------


def test_what_is_no_answer_changes_nothing() -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive(b"noise")
    scene.receive(port=8080)
    scene.receive(source=STRANGER_IP, mac=OTHER_MAC)
    assert scene.reason is None
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER


def test_an_answer_from_the_server_s_own_address_is_told_at_the_deadline() -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive(source=REAL_IP)
    assert scene.reason is None, "a right answer may still come"
    scene.expire()
    assert scene.reason == Reason.WRONG_ADDRESS
    assert "10.0.0.42, not from the VIP" in scene.detail
    assert "bind the service to the VIP" in scene.detail


def test_a_right_answer_after_one_from_the_wrong_address() -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive(source=REAL_IP)
    scene.receive(now=0.6)
    assert scene.reason == Reason.OK


@pytest.mark.parametrize("mac", [REAL_MAC, OTHER_MAC])
def test_what_is_no_answer_is_none_from_a_wrong_address_either(mac: bytes) -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive(b"noise", source=REAL_IP, mac=mac)
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER


def test_silence_does_not_pass_where_the_wrong_address_answered() -> None:
    scene = DatagramScene(2.0, Asks(SILENT))
    scene.begin()
    scene.receive(source=REAL_IP)
    scene.expire()
    assert scene.reason == Reason.WRONG_ADDRESS


# Whose answers count -----------------------------------------------------------------------------------


def test_another_machine_s_answer_is_told_at_the_deadline() -> None:
    scene = DatagramScene(2.0, Asks(SILENT))
    scene.begin()
    scene.receive(mac=OTHER_MAC)
    assert scene.reason is None
    scene.expire()
    assert scene.reason == Reason.WRONG_MAC
    assert "02:00:00:00:00:0c" in scene.detail


def test_what_is_no_answer_shows_nothing_about_another_machine() -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive(b"noise", mac=OTHER_MAC)
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER


@pytest.mark.parametrize("rule", ["any", "known", OTHER_MAC])
def test_another_machine_that_may_answer_is_named(rule: str | bytes) -> None:
    scene = DatagramScene(2.0, rule=rule)
    scene.begin()
    scene.receive(mac=OTHER_MAC)
    assert scene.reason == Reason.OK
    assert scene.detail.endswith("; answered from 02:00:00:00:00:0c")


def test_a_known_machine_may_not_answer() -> None:
    scene = DatagramScene(2.0, rule="known", owners={OTHER_MAC: STRANGER_IP})
    scene.begin()
    scene.receive(mac=OTHER_MAC)
    scene.expire()
    assert scene.reason == Reason.WRONG_MAC
    assert "10.0.0.99" in scene.detail


# Our own coming back, and errors -----------------------------------------------------------------------


def test_our_own_datagram_came_back_forwarded() -> None:
    scene = DatagramScene(2.0, Asks(SILENT))
    scene.begin()
    scene.receive_own(REAL_MAC, 63)
    assert scene.reason == Reason.LOOPED


@pytest.mark.parametrize(
    ("mac", "ttl", "payload"), [(REAL_MAC, 64, b"ask"), (OTHER_MAC, 63, b"ask"), (REAL_MAC, 63, b"else")]
)
def test_what_a_mirror_shows_or_a_forger_makes_up_is_not_forwarded(mac: bytes, ttl: int, payload: bytes) -> None:
    scene = DatagramScene(2.0)
    scene.begin()
    scene.receive_own(mac, ttl, payload)
    assert scene.reason is None


def test_an_icmp_error_ends_it_if_it_comes_from_the_right_machine() -> None:
    scene = DatagramScene(2.0)
    scene.flow.receive_icmp_error("ICMP 3/3", None, REAL_MAC)
    assert scene.reason is None, "nothing was sent"
    scene.begin()
    scene.flow.receive_icmp_error("ICMP 3/3", None, OTHER_MAC)
    assert scene.reason is None
    scene.flow.receive_icmp_error("ICMP 3/3", None, REAL_MAC)
    assert scene.detail == "ICMP 3/3"
    assert scene.flow.verdict is not None
    assert scene.flow.verdict.reason == Reason.UNREACHABLE


# Silence -----------------------------------------------------------------------------------------------


def test_silence_passes_where_nothing_speaks_against_it() -> None:
    scene = DatagramScene(2.0, Asks(SILENT))
    scene.begin()
    scene.expire()
    assert scene.flow.verdict is SILENT
    assert not scene.flow.was_answered, "the MAC is no better known for it"


def test_silence_does_not_pass_where_the_server_is_not_on_the_wire() -> None:
    unsteered = DatagramScene(2.0, Asks(SILENT))
    unsteered.expire()
    assert unsteered.reason == Reason.NO_NEIGHBOUR
    silent = DatagramScene(2.0, Asks(SILENT))
    silent.begin()
    silent.flow.silent_neighbour = True
    silent.expire()
    assert silent.reason == Reason.NO_NEIGHBOUR


def with_companion(exchange: Asks | None = None) -> tuple[DatagramScene, DatagramScene]:
    """Return a scene whose silence would pass, and that of its companion; both have been asked."""
    companion = DatagramScene(2.0, exchange, source_port=4711)
    companion.begin()
    scene = DatagramScene(2.0, Asks(SILENT), companion=companion.flow)
    scene.begin()
    return scene, companion


def test_silence_passes_if_the_companion_was_answered() -> None:
    scene, companion = with_companion()
    companion.receive()
    scene.flow.silent_neighbour = True  # it may filter ARP: that it answers shows that it is there
    scene.expire()
    assert scene.flow.verdict is SILENT


def test_silence_does_not_pass_without_the_companion_s_answer() -> None:
    scene, _ = with_companion()
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER
    assert "no proof that the VIP is there" in scene.detail


def test_an_answer_at_the_former_mac_proves_nothing_at_the_new_one() -> None:
    scene, companion = with_companion()
    companion.receive()
    scene.flow.steer(OTHER_MAC, 0.5)
    scene.expire()
    assert scene.reason == Reason.NO_ANSWER


def test_what_became_of_the_companion_is_told() -> None:
    scene, companion = with_companion()
    companion.receive_own(REAL_MAC, 63)
    scene.expire()
    assert scene.reason == Reason.LOOPED
    scene, companion = with_companion()
    companion.receive(mac=OTHER_MAC)
    scene.expire()
    assert scene.reason == Reason.WRONG_MAC
    scene, companion = with_companion()
    companion.receive(b"away")
    scene.expire()
    assert scene.reason == Reason.RESPONSE


def test_another_machine_s_answer_is_not_made_good_by_the_companion() -> None:
    scene, companion = with_companion()
    companion.receive()
    scene.receive(mac=OTHER_MAC)
    scene.expire()
    assert scene.reason == Reason.WRONG_MAC


# Doubt -------------------------------------------------------------------------------------------------


def doubts(scene: DatagramScene) -> list[float]:
    """Return when it doubts its MAC, until the deadline."""
    times = []
    while scene.reason is None:
        now = scene.flow.next_timer()
        scene.flow.handle_timer(now)
        scene.sent(now)
        if scene.flow.doubtful:
            times.append(now)
            scene.flow.doubtful = False
    return times


def test_the_mac_is_doubted_whenever_it_is_sent_again() -> None:
    scene = DatagramScene(1.8)
    scene.begin()
    assert doubts(scene) == [0.5, 1.0, 1.5]


def test_the_mac_is_doubted_by_half_the_time_where_there_is_little() -> None:
    scene = DatagramScene(0.4)
    scene.begin()
    assert doubts(scene) == [0.2]


def test_no_doubt_comes_too_late_to_be_settled() -> None:
    scene = DatagramScene(1.6)
    scene.begin()
    assert doubts(scene) == [0.5, 1.0]


def test_no_doubt_where_the_companion_has_shown_that_the_mac_is_right() -> None:
    scene, companion = with_companion()
    companion.receive(now=0.7)
    scene.flow.handle_timer(0.5)
    scene.flow.doubtful = False
    assert doubts(scene) == []
