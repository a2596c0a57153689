# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from tests.tcp.play import Play
from tests.tcp.prologues import CLOSE_WAIT, LAST_ACK


def test_we_may_still_send(play: Play) -> None:
    play(
        CLOSE_WAIT,
        """
        0.030 call send 10
        0.030 > P. 1:11(10) ack 2
        0.230 > P. 1:11(10) ack 2
        0.240 < . 2:2(0) ack 11
        0.240 timer none
        0.240 state CLOSE_WAIT
        """,
    )


def test_close(play: Play) -> None:
    play(LAST_ACK, "0.040 state LAST_ACK")


def test_fin_again_is_acknowledged_again(play: Play) -> None:
    play(CLOSE_WAIT, "0.030 < F. 1:1(0) ack 1\n0.030 > . 1:1(0) ack 2\n" * 20, "0.030 state CLOSE_WAIT")


def test_octets_behind_the_fin_are_ignored(play: Play) -> None:
    """RFC 9293 3.10.7.4, seventh."""
    play(CLOSE_WAIT, "0.030 < P. 2:12(10) ack 1\n0.030 state CLOSE_WAIT")


def test_a_second_fin_is_ignored(play: Play) -> None:
    play(CLOSE_WAIT, "0.030 < F. 2:2(0) ack 1\n0.030 state CLOSE_WAIT")


def test_acknowledgement_of_what_was_never_sent(play: Play) -> None:
    play(CLOSE_WAIT, "0.030 < . 2:2(0) ack 2\n0.030 > . 1:1(0) ack 2")


def test_reset(play: Play) -> None:
    play(
        CLOSE_WAIT,
        """
        0.030 < R 1:1(0)              # the number of the FIN: not the next one
        0.040 < R 3:3(0)
        0.040 > . 1:1(0) ack 2
        0.050 < R 2:2(0)
        0.050 event Reset
        0.050 state CLOSED
        """,
    )


def test_syn_is_challenged(play: Play) -> None:
    play(CLOSE_WAIT, "0.030 < S 2:2(0)\n0.030 > . 1:1(0) ack 2\n0.030 state CLOSE_WAIT")


def test_abort(play: Play) -> None:
    play(CLOSE_WAIT, "0.030 call abort\n0.030 > R. 1:1(0) ack 2\n0.030 state CLOSED\n9.000 timer none")


def test_octets_far_behind_the_fin_are_not_kept(play: Play) -> None:
    play(
        CLOSE_WAIT,
        """
        0.030 < . 102:112(10) ack 1
        0.030 call send 1
        0.030 > P. 1:2(1) ack 2
        """,
    )


def test_sending_is_over_after_close(play: Play) -> None:
    connection = play(LAST_ACK)
    with pytest.raises(LocalProtocolError, match="send in LAST_ACK"):
        connection.send(b"x")
