# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner itself: a script that does not come true fails, whatever is wrong with it."""

from __future__ import annotations

import pytest

from tests.tcp.prologues import ESTABLISHED, SYN_SENT
from tests.tcp.script import Player, ScriptFailure


@pytest.mark.parametrize(
    "script",
    [
        "0.000 call open",  # the SYN is not listed
        "0.000 call open\n1.000 > S 0:0(0) <mss 1460,sackOK>",  # listed too late
        "0.000 call open\n0.000 > S 0:0(0)",  # without its options
        "0.000 call open\n0.000 > S 1:1(0) <mss 1460,sackOK>",
        "0.000 call open\n0.000 > S 0:0(0) win 1 <mss 1460,sackOK>",
        SYN_SENT + "0.300 state SYN_SENT",  # a SYN in between
        SYN_SENT + "0.100 > S 0:0(0) <mss 1460,sackOK>",  # too early
        SYN_SENT + "0.010 < S. 0:0(0) ack 1\n0.010 > . 1:1(0) ack 1",  # the event is not listed
        SYN_SENT + "0.010 < S. 0:0(0) ack 1\n0.010 event Connected",  # the ACK is not
        SYN_SENT + "0.010 event Connected",
        SYN_SENT + "0.010 < R. 0:0(0) ack 1\n0.010 event Reset",
        ESTABLISHED + "0.020 state CLOSED",
        ESTABLISHED + "0.020 timer 1.000",
        ESTABLISHED + "0.020 call send 5\n0.020 > P. 1:5(4) ack 1",
        ESTABLISHED + "0.020 < . 1:5(4) ack 1\n0.020 > . 1:1(0) ack 5\n0.020 event DataReceived 1:4(3)",
    ],
)
def test_what_does_not_come_true_fails(script: str) -> None:
    with pytest.raises(ScriptFailure):
        Player(1, 2, 1460).play(script)


@pytest.mark.parametrize(
    "line",
    ["0.0 > Q 0:0(0)", "0.0 < S 0:1(0)", "0.0 < . 0:0(0)", "0.0 call sing", "0.0 hum", "0.0 < S 0:0(0) <x>"],
)
def test_a_line_that_means_nothing_is_no_script(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Player(1, 2, 1460).play(line)


def test_wrong_octets_fail() -> None:
    player = Player(1, 2, 1460)
    player.play(ESTABLISHED)
    player.connection.send(b"not the pattern")
    with pytest.raises(ScriptFailure, match="WRONG OCTETS"):
        player.play("0.020 > P. 1:16(15) ack 1")
