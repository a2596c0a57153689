# SPDX-License-Identifier: GPL-2.0-or-later
"""Octets and FIN that come early, late, twice or from elsewhere, in ESTABLISHED."""

from __future__ import annotations

from tests.tcp.play import Play
from tests.tcp.prologues import CLOSE_WAIT, ESTABLISHED, SYN_SENT


def test_octets_again_are_acknowledged_again(play: Play) -> None:
    once = "0.020 < P. 1:11(10) ack 1\n0.020 > . 1:1(0) ack 11\n"
    play(
        ESTABLISHED,
        "0.020 < P. 1:11(10) ack 1\n0.020 event DataReceived 1:11(10)\n0.020 > . 1:1(0) ack 11\n",
        once * 20,
    )


def test_octets_that_overlap_are_delivered_once(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 1:11(10) ack 1
        0.020 event DataReceived 1:11(10)
        0.020 > . 1:1(0) ack 11
        0.030 < . 6:16(10) ack 1
        0.030 event DataReceived 11:16(5)
        0.030 > . 1:1(0) ack 16
        """,
    )


def test_first_sack_block_is_the_most_recent(play: Play) -> None:
    """RFC 2018 section 4."""
    play(
        ESTABLISHED,
        """
        0.020 < . 101:201(100) ack 1
        0.020 > . 1:1(0) ack 1 <sack 101:201>
        0.020 < . 301:401(100) ack 1
        0.020 > . 1:1(0) ack 1 <sack 301:401 101:201>
        0.020 < . 501:601(100) ack 1
        0.020 > . 1:1(0) ack 1 <sack 501:601 101:201 301:401>
        0.020 < . 351:361(10) ack 1
        0.020 > . 1:1(0) ack 1 <sack 301:401 101:201 501:601>
        0.020 < . 201:301(100) ack 1
        0.020 > . 1:1(0) ack 1 <sack 101:401 501:601>
        0.030 < . 1:101(100) ack 1
        0.030 event DataReceived 1:401(400)
        0.030 > . 1:1(0) ack 401 <sack 501:601>
        0.040 < . 401:501(100) ack 1
        0.040 event DataReceived 401:601(200)
        0.040 > . 1:1(0) ack 601
        """,
    )


def test_no_sack_for_a_peer_that_did_not_permit_it(play: Play) -> None:
    play(
        SYN_SENT,
        """
        0.010 < S. 0:0(0) ack 1 win 65535 <mss 1460>
        0.010 event Connected
        0.010 > . 1:1(0) ack 1
        0.020 < . 101:201(100) ack 1
        0.020 > . 1:1(0) ack 1
        """,
    )


def test_a_segment_with_sack_blocks_is_no_longer_than_the_mss(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 101:201(100) ack 1
        0.020 > . 1:1(0) ack 1 <sack 101:201>
        0.030 call send 2000
        0.030 > . 1:1449(1448) ack 1 <sack 101:201>
        0.030 > P. 1449:2001(552) ack 1 <sack 101:201>
        0.230 > P. 1:1449(1448) ack 1 <sack 101:201>
        """,
    )


def test_octets_outside_the_window(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 64241:64251(10) ack 1      # begins behind it
        0.020 > . 1:1(0) ack 1
        0.020 < . 64236:64246(10) ack 1      # ends behind it: the last five are not ours yet
        0.020 > . 1:1(0) ack 1 <sack 64236:64241>
        """,
    )


def test_keepalive_is_answered(play: Play) -> None:
    play(ESTABLISHED, "0.020 < . 0:0(0) ack 1\n0.020 > . 1:1(0) ack 1")


# FIN -------------------------------------------------------------------------------------------------------


def test_fin(play: Play) -> None:
    play(CLOSE_WAIT, "0.030 state CLOSE_WAIT\n9.000 timer none")


def test_fin_with_octets(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < FP. 1:11(10) ack 1
        0.020 event DataReceived 1:11(10)
        0.020 event PeerClosed
        0.020 > . 1:1(0) ack 12
        0.020 state CLOSE_WAIT
        """,
    )


def test_fin_out_of_order_waits(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < FP. 11:21(10) ack 1
        0.020 > . 1:1(0) ack 1 <sack 11:21>
        0.020 state ESTABLISHED
        0.030 < . 1:11(10) ack 1
        0.030 event DataReceived 1:21(20)
        0.030 event PeerClosed
        0.030 > . 1:1(0) ack 22
        """,
    )


def test_bare_fin_out_of_order_waits(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < F. 11:11(0) ack 1
        0.020 > . 1:1(0) ack 1
        0.030 < . 1:11(10) ack 1
        0.030 event DataReceived 1:11(10)
        0.030 event PeerClosed
        0.030 > . 1:1(0) ack 12
        """,
    )


def test_octets_behind_a_fin_are_no_part_of_the_stream(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < . 11:31(20) ack 1            # the peer cannot mean both
        0.020 > . 1:1(0) ack 1 <sack 11:31>
        0.020 < F. 16:16(0) ack 1
        0.020 > . 1:1(0) ack 1 <sack 11:16>
        0.020 < . 14:20(6) ack 1
        0.020 > . 1:1(0) ack 1 <sack 11:16>
        0.020 < F. 12:12(0) ack 1            # the first FIN counts
        0.020 > . 1:1(0) ack 1 <sack 11:16>
        0.030 < . 1:11(10) ack 1
        0.030 event DataReceived 1:16(15)
        0.030 event PeerClosed
        0.030 > . 1:1(0) ack 17
        """,
    )


def test_fin_behind_the_window_comes_again(play: Play) -> None:
    play(
        ESTABLISHED,
        """
        0.020 < F. 64236:64241(5) ack 1
        0.020 > . 1:1(0) ack 1 <sack 64236:64241>
        0.030 < . 1:64236(64235) ack 1
        0.030 event DataReceived 1:64241(64240)
        0.030 > . 1:1(0) ack 64241
        0.040 < F. 64241:64241(0) ack 1
        0.040 event PeerClosed
        0.040 > . 1:1(0) ack 64242
        """,
    )
