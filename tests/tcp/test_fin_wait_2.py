# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from tests.tcp.play import Play
from tests.tcp.prologues import FIN_WAIT_2, TIME_WAIT


def test_waits_without_a_timer(play: Play) -> None:
    play(FIN_WAIT_2, "0.040 state FIN_WAIT_2\n9.000 timer none")


def test_octets_still_arrive(play: Play) -> None:
    play(
        FIN_WAIT_2,
        """
        0.040 < . 11:21(10) ack 2
        0.040 > . 2:2(0) ack 1 <sack 11:21>
        0.050 < . 1:11(10) ack 2
        0.050 event DataReceived 1:21(20)
        0.050 > . 2:2(0) ack 21
        0.050 state FIN_WAIT_2
        """,
    )


def test_fin(play: Play) -> None:
    play(TIME_WAIT, "0.050 state TIME_WAIT\n0.050 timer 2.040")


def test_fin_out_of_order(play: Play) -> None:
    play(
        FIN_WAIT_2,
        """
        0.040 < F. 11:11(0) ack 2
        0.040 > . 2:2(0) ack 1
        0.050 < . 1:11(10) ack 2
        0.050 event DataReceived 1:11(10)
        0.050 event PeerClosed
        0.050 event Closed
        0.050 > . 2:2(0) ack 12
        """,
    )


def test_acknowledgement_of_what_was_never_sent(play: Play) -> None:
    play(FIN_WAIT_2, "0.040 < F. 1:1(0) ack 3\n0.040 > . 2:2(0) ack 1\n0.040 state FIN_WAIT_2")


def test_reset(play: Play) -> None:
    play(
        FIN_WAIT_2,
        """
        0.040 < R 2:2(0)
        0.040 > . 2:2(0) ack 1
        0.050 < R 64241:64241(0)
        0.060 < R 1:1(0)
        0.060 event Reset
        0.060 state CLOSED
        """,
    )


def test_syn_is_challenged(play: Play) -> None:
    play(FIN_WAIT_2, "0.040 < S 0:0(0)\n0.040 > . 2:2(0) ack 1\n0.040 state FIN_WAIT_2")


def test_abort(play: Play) -> None:
    play(FIN_WAIT_2, "0.040 call abort\n0.040 > R. 2:2(0) ack 1\n0.040 state CLOSED\n9.000 timer none")


@pytest.mark.parametrize(("verb", "arguments"), [("close", ()), ("send", (b"x",))])
def test_closing_or_sending_again_is_our_mistake(play: Play, verb: str, arguments: tuple[bytes, ...]) -> None:
    connection = play(FIN_WAIT_2)
    with pytest.raises(LocalProtocolError, match="FIN_WAIT_2"):
        getattr(connection, verb)(*arguments)
