# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from tests.tcp.play import Play
from tests.tcp.prologues import ESTABLISHED, FIN_WAIT_1, SYN_SENT


def test_request_and_answer(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 100
        0.020 > P. 1:101(100) ack 1
        0.030 < . 1:1(0) ack 101
        0.040 < . 1:1461(1460) ack 101
        0.040 event DataReceived 1:1461(1460)
        0.040 > . 101:101(0) ack 1461
        0.050 < P. 1461:2000(539) ack 101
        0.050 event DataReceived 1461:2000(539)
        0.050 > . 101:101(0) ack 2000
        9.000 timer none
        """,
    )


def test_octets_sent_with_the_handshake_carry_its_acknowledgement(play: Play) -> None:
    play(
        SYN_SENT,
        """
        0.010 < S. 0:0(0) ack 1 win 65535 <mss 1460>
        0.010 call send 10
        0.010 > P. 1:11(10) ack 1
        0.010 event Connected
        """,
    )


def test_server_that_speaks_first(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < P. 1:41(40) ack 1
        0.020 event DataReceived 1:41(40)
        0.020 > . 1:1(0) ack 41
        0.030 call send 6
        0.030 > P. 1:7(6) ack 41
        """,
    )


@pytest.mark.parametrize("flags", [".", "P.", ".E", ".C", "P.U", ".U", "P.EC"])
def test_further_flags_of_octets_do_not_matter(play: Play, flags: str) -> None:
    play(
        ESTABLISHED,
        f"""
        0.020 < {flags} 1:11(10) ack 1
        0.020 event DataReceived 1:11(10)
        0.020 > . 1:1(0) ack 11
        """,
    )


def test_octets_without_ack_flag_are_dropped(play: Play) -> None:
    """RFC 9293 3.10.7.4, fifth."""
    play(ESTABLISHED, "0.020 < P 1:11(10)\n0.020 state ESTABLISHED")


def test_long_stream_goes_out_in_full_segments(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 3000
        0.020 > . 1:1461(1460) ack 1
        0.020 > . 1461:2921(1460) ack 1
        0.020 > P. 2921:3001(80) ack 1
        0.030 < . 1:1(0) ack 1461
        0.040 < . 1:1(0) ack 3001
        0.040 timer none
        """,
    )


def test_ten_segments_at_first(play: Play) -> None:
    segments = "".join(f"0.020 > . {1 + n * 1460}:{1461 + n * 1460}(1460) ack 1\n" for n in range(10))
    play(
        ESTABLISHED,
        "0.020 call send 16060\n",
        segments,
        """
        0.030 < . 1:1(0) ack 1461
        0.030 > P. 14601:16061(1460) ack 1
        """,
    )


# RST: RFC 5961 3.2 -----------------------------------------------------------------------------------------


def test_exact_reset(play: Play) -> None:
    play(ESTABLISHED, "0.020 < R. 1:1(0) ack 1\n0.020 event Reset\n0.020 state CLOSED\n9.000 timer none")


def test_exact_reset_needs_no_acknowledgement(play: Play) -> None:
    play(ESTABLISHED, "0.020 < R 1:1(0) win 0\n0.020 event Reset\n0.020 state CLOSED")


@pytest.mark.parametrize("seq", [2, 1000, 64240])
def test_reset_elsewhere_in_the_window_is_challenged(play: Play, seq: int) -> None:
    play(
        ESTABLISHED,
        f"""
        0.020 < R {seq}:{seq}(0)
        0.020 > . 1:1(0) ack 1
        0.020 state ESTABLISHED
        0.030 < R 1:1(0)              # a peer that means it answers the challenge
        0.030 event Reset
        """,
    )


@pytest.mark.parametrize("seq", [0, -1, -100000, 64241, 100000, 2**31, -(2**31)])
def test_reset_outside_the_window_is_dropped(play: Play, seq: int) -> None:
    play(ESTABLISHED, f"0.020 < R. {seq}:{seq}(0) ack 1\n0.020 state ESTABLISHED")


def test_reset_ends_what_was_under_way(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 > P. 1:11(10) ack 1
        0.030 < R 1:1(0)
        0.030 event Reset
        0.030 timer none
        """,
    )


# SYN: RFC 5961 4.2 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged", ["S 1:1(0)", "S 500:500(0)", "S. 64240:64240(0) ack 1", "S 64241:64241(0)", "S -9:-9(0)"]
)
def test_syn_is_challenged(play: Play, forged: str) -> None:
    play(ESTABLISHED, f"0.020 < {forged}\n0.020 > . 1:1(0) ack 1\n0.020 state ESTABLISHED")


def test_syn_ack_again_is_acknowledged_again(play: Play) -> None:
    play(ESTABLISHED, "0.020 < S. 0:0(0) ack 1\n0.020 > . 1:1(0) ack 1\n" * 3)


def test_ten_challenges_a_connection(play: Play) -> None:
    answered = "0.020 < S 5:5(0)\n0.020 > . 1:1(0) ack 1\n" * 10
    silent = "0.030 < S 5:5(0)\n0.030 < R 5:5(0)\n0.030 < . 1:1(0) ack 5\n0.030 < . 90000:90000(0) ack 1\n"
    play(ESTABLISHED, answered, silent * 2, "0.040 state ESTABLISHED")


# ACK: RFC 5961 5.2 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ack", [2, 500, 2**31 - 5, -65535, -(2**31) + 5])
def test_acknowledgement_of_what_was_never_sent(play: Play, ack: int) -> None:
    play(
        ESTABLISHED,
        f"""
        0.020 < P. 1:11(10) ack {ack}
        0.020 > . 1:1(0) ack 1           # and its octets are not believed either
        """,
    )


@pytest.mark.parametrize("ack", [100, 1, 0, -65434])
def test_old_acknowledgement_changes_nothing(play: Play, ack: int) -> None:
    play(
        ESTABLISHED,
        f"""
        0.020 call send 100
        0.020 > P. 1:101(100) ack 1
        0.030 < . 1:1(0) ack 101
        0.040 < P. 1:11(10) ack {ack} win 0    # its octets are believed, its window is not
        0.040 event DataReceived 1:11(10)
        0.040 > . 101:101(0) ack 11
        0.050 call send 10
        0.050 > P. 101:111(10) ack 11
        """,
    )


def test_acknowledgement_of_a_part(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 100
        0.020 > P. 1:101(100) ack 1
        0.030 < . 1:1(0) ack 51
        0.030 timer 0.230
        0.230 > P. 51:101(50) ack 1
        """,
    )


# What our owner does ---------------------------------------------------------------------------------------


def test_close(play: Play) -> None:
    play(FIN_WAIT_1, "0.030 state FIN_WAIT_1")


def test_close_with_the_last_octets(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 call close
        0.020 > P. 1:11(10) ack 1
        0.020 > F. 11:11(0) ack 1
        0.030 < . 1:1(0) ack 12
        0.030 state FIN_WAIT_2
        """,
    )


def test_abort_after_the_handshake(play: Play) -> None:
    """The quick close of a check: the server's accept succeeds before it is reset."""
    play(
        SYN_SENT,
        """
        0.010 < S. 0:0(0) ack 1
        0.010 call abort
        0.010 > . 1:1(0) ack 1
        0.010 > R. 1:1(0) ack 1
        0.010 event Connected
        0.010 state CLOSED
        9.000 timer none
        """,
    )


def test_abort_after_text(play: Play) -> None:
    """The RST acknowledges it: a segment more would say nothing."""
    play(
        ESTABLISHED,
        """
        0.020 < P. 1:11(10) ack 1
        0.020 call abort
        0.020 > R. 1:1(0) ack 11
        0.020 event DataReceived 1:11(10)
        9.000 state CLOSED
        """,
    )


def test_abort_with_octets_on_their_way(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 call send 10
        0.020 > P. 1:11(10) ack 1
        0.030 call send 10
        0.030 call abort
        0.030 > R. 11:11(0) ack 1
        9.000 state CLOSED
        """,
    )


def test_opening_again_is_our_mistake(play: Play) -> None:
    connection = play(ESTABLISHED)
    with pytest.raises(LocalProtocolError):
        connection.open(1.0)
    assert connection.state == "ESTABLISHED"
