# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from tests.tcp.play import Play
from tests.tcp.prologues import CLOSE_WAIT, LAST_ACK


def test_clean_close_by_the_peer_first(play: Play) -> None:
    play(
        LAST_ACK,
        """
        0.040 < . 2:2(0) ack 2
        0.040 event Closed
        0.040 state CLOSED
        9.000 timer none
        """,
    )


def test_all_octets_and_the_fin_acknowledged_at_once(play: Play) -> None:
    play(
        CLOSE_WAIT,
        """
        0.030 call send 2000
        0.030 call close
        0.030 > . 1:1461(1460) ack 2
        0.030 > P. 1461:2001(540) ack 2
        0.030 > F. 2001:2001(0) ack 2
        0.040 < . 2:2(0) ack 1461
        0.040 state LAST_ACK
        0.050 < . 2:2(0) ack 2002
        0.050 event Closed
        """,
    )


def test_fin_is_sent_again(play: Play) -> None:
    play(
        LAST_ACK,
        "0.230 > F. 1:1(0) ack 2\n0.630 > F. 1:1(0) ack 2\n1.430 > F. 1:1(0) ack 2\n1.430 timer 2.430",
    )


def test_fin_of_the_peer_again(play: Play) -> None:
    play(LAST_ACK, "0.040 < F. 1:1(0) ack 1\n0.040 > . 2:2(0) ack 2\n0.040 state LAST_ACK")


def test_acknowledgement_of_what_was_never_sent(play: Play) -> None:
    play(LAST_ACK, "0.040 < . 2:2(0) ack 3\n0.040 > . 2:2(0) ack 2\n0.040 state LAST_ACK")


def test_octets_are_ignored_but_their_acknowledgement_is_not(play: Play) -> None:
    play(LAST_ACK, "0.040 < P. 2:12(10) ack 2\n0.040 event Closed\n0.040 state CLOSED")


def test_reset(play: Play) -> None:
    play(
        LAST_ACK,
        """
        0.040 < R 5:5(0)
        0.040 > . 2:2(0) ack 2
        0.050 < R 2:2(0)
        0.050 event Reset
        0.050 state CLOSED
        9.000 timer none
        """,
    )


def test_syn_is_challenged(play: Play) -> None:
    play(LAST_ACK, "0.040 < S 2:2(0)\n0.040 > . 2:2(0) ack 2\n0.040 state LAST_ACK")


def test_abort_owes_nothing(play: Play) -> None:
    """RFC 9293 3.10.5: both FINs are out."""
    play(LAST_ACK, "0.040 call abort\n0.040 state CLOSED\n9.000 timer none")
