# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from lvs_rawcheck.wire.tcp import ACK, Segment
from tests.tcp.play import Play
from tests.tcp.prologues import ESTABLISHED, FIN_WAIT_1, SYN_SENT


def test_octets_are_sent_again_ever_more_slowly(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 > P. 1:11(10) ack 1
        0.220 > P. 1:11(10) ack 1
        0.620 > P. 1:11(10) ack 1
        1.420 > P. 1:11(10) ack 1
        2.420 > P. 1:11(10) ack 1     # MAX_RTO
        3.420 > P. 1:11(10) ack 1
        3.500 < . 1:1(0) ack 11
        9.000 timer none
        """,
    )


def test_fin_is_sent_again(play: Play) -> None:
    play(
        FIN_WAIT_1,
        """
        0.220 > F. 1:1(0) ack 1
        0.620 > F. 1:1(0) ack 1
        0.700 < . 1:1(0) ack 2
        9.000 state FIN_WAIT_2
        """,
    )


def test_fin_travels_with_the_octets_that_are_sent_again(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 > P. 1:11(10) ack 1
        0.030 call close
        0.030 > F. 11:11(0) ack 1
        0.220 > FP. 1:11(10) ack 1
        0.230 < . 1:1(0) ack 11
        0.230 > F. 11:11(0) ack 1     # less than what was sent when the timer expired: the FIN was lost too
        0.240 < . 1:1(0) ack 12
        0.240 state FIN_WAIT_2
        """,
    )


def test_second_hole_is_filled_without_the_timer(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 4380
        0.020 > . 1:1461(1460) ack 1
        0.020 > . 1461:2921(1460) ack 1
        0.020 > P. 2921:4381(1460) ack 1
        0.220 > P. 1:1461(1460) ack 1
        0.230 < . 1:1(0) ack 1461
        0.230 > P. 1461:2921(1460) ack 1
        0.240 < . 1:1(0) ack 4381
        0.240 timer none
        """,
    )


def test_a_loss_that_is_over_does_not_hasten_later_octets(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 > P. 1:11(10) ack 1
        0.220 > P. 1:11(10) ack 1
        0.230 < . 1:1(0) ack 11
        0.300 call send 2000
        0.300 > . 11:1471(1460) ack 1
        0.300 > P. 1471:2011(540) ack 1
        0.310 < . 1:1(0) ack 1471        # the rest is still on its way, not lost
        0.310 timer 0.510
        """,
    )


def test_acknowledgement_between_timer_and_sending(play: Play) -> None:
    connection = play(ESTABLISHED)
    connection.send(b"request")
    connection.segments_to_send(0.1)
    connection.handle_timer(1.0)
    acknowledgement = Segment(80, 40000, connection.rcv_nxt, connection.snd_nxt, ACK, 1000)
    connection.receive_segment(acknowledgement, 1.0)
    connection.send(b"next")
    assert [segment.payload for segment in connection.segments_to_send(1.0)] == [b"next"]


def test_acknowledged_octets_need_no_timer(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 > P. 1:11(10) ack 1
        0.100 < . 1:1(0) ack 11
        0.100 call send 10
        0.100 > P. 11:21(10) ack 1
        0.300 > P. 11:21(10) ack 1
        """,
    )


def test_a_slow_round_trip_is_waited_for(play: Play) -> None:
    """RFC 6298 2.2: the first measurement R makes the timeout R + 4 R/2."""
    play(
        SYN_SENT,
        """
        0.150 < S. 0:0(0) ack 1
        0.150 event Connected
        0.150 > . 1:1(0) ack 1
        0.200 call send 10
        0.200 > P. 1:11(10) ack 1
        0.650 > P. 1:11(10) ack 1
        """,
    )


def test_what_was_sent_twice_is_not_measured(play: Play) -> None:
    """Karn (RFC 6298 3): else the long way to the second SYN's answer would be taken for the round trip."""
    play(
        SYN_SENT,
        """
        0.200 > S 0:0(0) win 64240 <mss 1460,sackOK>
        0.390 < S. 0:0(0) ack 1
        0.390 event Connected
        0.390 > . 1:1(0) ack 1
        0.400 call send 10
        0.400 > P. 1:11(10) ack 1
        0.600 > P. 1:11(10) ack 1
        0.990 < . 1:1(0) ack 11
        1.000 call send 10
        1.000 > P. 11:21(10) ack 1
        1.000 timer 1.400         # still backed off (RFC 6298 5.5 to 5.7), not measured
        1.010 < . 1:1(0) ack 21   # sent once: measured
        1.020 call send 10
        1.020 > P. 21:31(10) ack 1
        1.220 > P. 21:31(10) ack 1
        """,
    )


# The peer's window -----------------------------------------------------------------------------------------


def test_a_small_window_is_filled_and_no_more(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 1:1(0) ack 1 win 30
        0.030 call send 100
        0.030 > . 1:31(30) ack 1
        0.040 < . 1:1(0) ack 31 win 30
        0.040 > . 31:61(30) ack 1
        0.050 < . 1:1(0) ack 61 win 1000
        0.050 > P. 61:101(40) ack 1
        """,
    )


def test_closed_window_is_probed(play: Play) -> None:
    """RFC 9293 3.8.6.1."""
    play(
        ESTABLISHED,
        """
        0.020 < . 1:1(0) ack 1 win 0
        0.030 call send 100
        0.030 timer 0.230
        0.230 > P. 1:2(1) ack 1
        0.240 < . 1:1(0) ack 1 win 0
        0.630 > P. 1:2(1) ack 1
        0.640 < . 1:1(0) ack 2 win 0     # this peer took the octet
        0.640 timer 1.440
        1.440 > P. 2:3(1) ack 1
        1.450 < . 1:1(0) ack 3 win 1000
        1.450 > P. 3:101(98) ack 1
        """,
    )


def test_window_that_opens_behind_a_probe(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 1:1(0) ack 1 win 0
        0.030 call send 100
        0.230 > P. 1:2(1) ack 1
        0.240 < . 1:1(0) ack 1 win 0      # the octet was thrown away
        0.300 < . 1:1(0) ack 1 win 1000
        0.300 > P. 1:2(1) ack 1
        0.300 > P. 2:101(99) ack 1
        0.310 < . 1:1(0) ack 101 win 1000
        0.310 timer none
        """,
    )


def test_window_update_without_octets(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 1:1(0) ack 1 win 0
        0.030 call send 100
        0.100 < . 1:1(0) ack 1 win 1000
        0.100 > P. 1:101(100) ack 1
        """,
    )


def test_late_window_does_not_count(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 1:11(10) ack 1 win 1000
        0.020 event DataReceived 1:11(10)
        0.020 > . 1:1(0) ack 11
        0.030 < . 11:21(10) ack 1 win 0
        0.030 event DataReceived 11:21(10)
        0.030 > . 1:1(0) ack 21
        0.040 < . 15:25(10) ack 1 win 500     # newer
        0.040 event DataReceived 21:25(4)
        0.040 > . 1:1(0) ack 25
        0.050 < . 11:26(15) ack 1 win 0       # older, though it brings a new octet
        0.050 event DataReceived 25:26(1)
        0.050 > . 1:1(0) ack 26
        0.060 call send 10
        0.060 > P. 1:11(10) ack 26
        """,
    )


def test_window_of_text_sent_again_counts_if_its_acknowledgement_is_new(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 11:21(10) ack 1 win 30
        0.020 > . 1:1(0) ack 1 <sack 11:21>
        0.030 call send 100
        0.030 > . 1:31(30) ack 1 <sack 11:21>
        0.040 < . 1:11(10) ack 31 win 5
        0.040 event DataReceived 1:21(20)
        0.040 > . 31:36(5) ack 21
        """,
    )


def test_close_waits_for_the_window(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 1:1(0) ack 1 win 0
        0.030 call send 10
        0.030 call close
        0.030 state FIN_WAIT_1
        0.100 < . 1:1(0) ack 1 win 1000
        0.100 > P. 1:11(10) ack 1
        0.100 > F. 11:11(0) ack 1
        """,
    )


def test_window_that_shrinks(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 100
        0.020 > P. 1:101(100) ack 1
        0.030 < . 1:1(0) ack 51 win 10
        0.030 call send 100
        0.230 > P. 51:101(50) ack 1
        """,
    )
