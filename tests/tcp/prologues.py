# SPDX-License-Identifier: GPL-2.0-or-later
"""How a script gets into a state: one prologue for each, all over by 0.040."""

from __future__ import annotations

SYN_SENT = """
    0.000 call open
    0.000 > S 0:0(0) win 64240 <mss 1460,sackOK>
"""

ESTABLISHED = (
    SYN_SENT
    + """
    0.010 < S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>
    0.010 event Connected
    0.010 > . 1:1(0) ack 1
"""
)

FIN_WAIT_1 = (
    ESTABLISHED
    + """
    0.020 call close
    0.020 > F. 1:1(0) ack 1
"""
)

FIN_WAIT_2 = (
    FIN_WAIT_1
    + """
    0.030 < . 1:1(0) ack 2
"""
)

CLOSING = (
    FIN_WAIT_1
    + """
    0.030 < F. 1:1(0) ack 1
    0.030 event PeerClosed
    0.030 > . 2:2(0) ack 2
"""
)

TIME_WAIT = (
    FIN_WAIT_2
    + """
    0.040 < F. 1:1(0) ack 2
    0.040 event PeerClosed
    0.040 event Closed
    0.040 > . 2:2(0) ack 2
"""
)

CLOSE_WAIT = (
    ESTABLISHED
    + """
    0.020 < F. 1:1(0) ack 1
    0.020 event PeerClosed
    0.020 > . 1:1(0) ack 2
"""
)

LAST_ACK = (
    CLOSE_WAIT
    + """
    0.030 call close
    0.030 > F. 1:1(0) ack 2
"""
)
