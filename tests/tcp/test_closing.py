# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from tests.tcp.play import Play
from tests.tcp.prologues import CLOSING


def test_acknowledgement_of_our_fin(play: Play) -> None:
    play(
        CLOSING,
        """
        0.040 state CLOSING
        0.040 < . 2:2(0) ack 2
        0.040 event Closed
        0.040 state TIME_WAIT
        2.040 state CLOSED
        9.000 timer none
        """,
    )


def test_our_fin_is_sent_again(play: Play) -> None:
    play(CLOSING, "0.220 > F. 1:1(0) ack 2\n0.620 > F. 1:1(0) ack 2")


def test_fin_of_the_peer_again(play: Play) -> None:
    play(CLOSING, "0.040 < F. 1:1(0) ack 1\n0.040 > . 2:2(0) ack 2\n0.040 state CLOSING")


def test_acknowledgement_of_what_was_never_sent(play: Play) -> None:
    play(CLOSING, "0.040 < . 2:2(0) ack 3\n0.040 > . 2:2(0) ack 2\n0.040 state CLOSING")


def test_reset(play: Play) -> None:
    play(
        CLOSING,
        """
        0.040 < R 3:3(0)
        0.040 > . 2:2(0) ack 2
        0.050 < R 2:2(0)
        0.050 event Reset
        0.050 state CLOSED
        """,
    )


def test_syn_is_challenged(play: Play) -> None:
    play(CLOSING, "0.040 < S 2:2(0)\n0.040 > . 2:2(0) ack 2\n0.040 state CLOSING")


def test_abort_owes_nothing(play: Play) -> None:
    play(CLOSING, "0.040 call abort\n0.040 state CLOSED\n9.000 timer none")
