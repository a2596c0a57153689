# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from tests.tcp.play import Play
from tests.tcp.prologues import ESTABLISHED, FIN_WAIT_1


def test_fin_acknowledged(play: Play) -> None:
    play(FIN_WAIT_1, "0.030 < . 1:1(0) ack 2\n0.030 state FIN_WAIT_2\n9.000 timer none")


def test_acknowledgement_of_the_octets_before_the_fin_is_not_enough(play: Play) -> None:
    """The FIN takes a number of its own."""
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 call close
        0.020 > P. 1:11(10) ack 1
        0.020 > F. 11:11(0) ack 1
        0.030 < . 1:1(0) ack 11
        0.030 state FIN_WAIT_1
        0.040 < . 1:1(0) ack 12
        0.040 state FIN_WAIT_2
        """,
    )


def test_clean_close_by_us_first(play: Play) -> None:
    play(
        FIN_WAIT_1,
        """
        0.030 < F. 1:1(0) ack 2
        0.030 event PeerClosed
        0.030 event Closed
        0.030 > . 2:2(0) ack 2
        0.030 state TIME_WAIT
        2.030 state CLOSED
        """,
    )


def test_simultaneous_close(play: Play) -> None:
    play(
        FIN_WAIT_1,
        """
        0.030 < F. 1:1(0) ack 1
        0.030 event PeerClosed
        0.030 > . 2:2(0) ack 2
        0.030 state CLOSING
        0.040 < . 2:2(0) ack 2
        0.040 event Closed
        0.040 state TIME_WAIT
        2.040 state CLOSED
        """,
    )


def test_octets_still_arrive(play: Play) -> None:
    play(
        FIN_WAIT_1,
        """
        0.030 < P. 1:11(10) ack 1
        0.030 event DataReceived 1:11(10)
        0.030 > . 2:2(0) ack 11
        0.040 < FP. 11:21(10) ack 2
        0.040 event DataReceived 11:21(10)
        0.040 event PeerClosed
        0.040 event Closed
        0.040 > . 2:2(0) ack 22
        """,
    )


def test_fin_out_of_order_with_our_fin_acknowledged(play: Play) -> None:
    play(
        FIN_WAIT_1,
        """
        0.030 < FP. 11:21(10) ack 2
        0.030 > . 2:2(0) ack 1 <sack 11:21>
        0.030 state FIN_WAIT_2
        0.040 < . 1:11(10) ack 2
        0.040 event DataReceived 1:21(20)
        0.040 event PeerClosed
        0.040 event Closed
        0.040 > . 2:2(0) ack 22
        """,
    )


def test_acknowledgement_of_more_than_our_fin(play: Play) -> None:
    play(FIN_WAIT_1, "0.030 < F. 1:1(0) ack 3\n0.030 > . 2:2(0) ack 1\n0.030 state FIN_WAIT_1")


def test_reset(play: Play) -> None:
    play(
        FIN_WAIT_1,
        """
        0.030 < R 9:9(0)
        0.030 > . 2:2(0) ack 1
        0.040 < R 0:0(0)
        0.050 < R. 1:1(0) ack 2
        0.050 event Reset
        0.050 state CLOSED
        9.000 timer none
        """,
    )


def test_syn_is_challenged(play: Play) -> None:
    play(FIN_WAIT_1, "0.030 < S 7:7(0)\n0.030 > . 2:2(0) ack 1\n0.030 state FIN_WAIT_1")


def test_abort(play: Play) -> None:
    play(FIN_WAIT_1, "0.030 call abort\n0.030 > R. 2:2(0) ack 1\n0.030 state CLOSED\n9.000 timer none")


@pytest.mark.parametrize(("verb", "arguments"), [("close", ()), ("send", (b"x",))])
def test_closing_or_sending_again_is_our_mistake(play: Play, verb: str, arguments: tuple[bytes, ...]) -> None:
    connection = play(FIN_WAIT_1)
    with pytest.raises(LocalProtocolError, match="FIN_WAIT_1"):
        getattr(connection, verb)(*arguments)
    assert connection.state == "FIN_WAIT_1"
