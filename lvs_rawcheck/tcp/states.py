# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of a client's connection: one table, RFC 9293 3.3.2 and 3.10.

A check always opens, so LISTEN and SYN_RECEIVED are absent: a bare SYN in SYN_SENT (simultaneous open, 3.5)
is dropped, since no server answers a client that way and a forged one must change nothing.
"""

from __future__ import annotations

from lvs_rawcheck.errors import LocalProtocolError

CLOSED = "CLOSED"
SYN_SENT = "SYN_SENT"
ESTABLISHED = "ESTABLISHED"
FIN_WAIT_1 = "FIN_WAIT_1"
FIN_WAIT_2 = "FIN_WAIT_2"
CLOSE_WAIT = "CLOSE_WAIT"
CLOSING = "CLOSING"
LAST_ACK = "LAST_ACK"
TIME_WAIT = "TIME_WAIT"

# What happens to a connection: calls of its owner, segments already judged acceptable, one timer.
OPEN = "open"
CLOSE = "close"
ABORT = "abort"
SYN_ACK_RECEIVED = "SYN/ACK received"
FIN_ACKED = "our FIN acknowledged"
FIN_RECEIVED = "FIN received"
RST_RECEIVED = "RST received"
TIME_WAIT_OVER = "TIME_WAIT over"

TRANSITIONS: dict[str, dict[str, str]] = {
    CLOSED: {
        OPEN: SYN_SENT,  # 3.10.1
    },
    SYN_SENT: {
        SYN_ACK_RECEIVED: ESTABLISHED,  # 3.10.7.3, fourth
        RST_RECEIVED: CLOSED,  # 3.10.7.3, second
        CLOSE: CLOSED,  # 3.10.4
        ABORT: CLOSED,  # 3.10.5
    },
    ESTABLISHED: {
        CLOSE: FIN_WAIT_1,  # 3.10.4
        FIN_RECEIVED: CLOSE_WAIT,  # 3.10.7.4, eighth
        RST_RECEIVED: CLOSED,  # 3.10.7.4, second
        ABORT: CLOSED,  # 3.10.5
    },
    FIN_WAIT_1: {
        FIN_ACKED: FIN_WAIT_2,  # 3.10.7.4, fifth
        FIN_RECEIVED: CLOSING,  # 3.10.7.4, eighth
        RST_RECEIVED: CLOSED,
        ABORT: CLOSED,
    },
    FIN_WAIT_2: {
        FIN_RECEIVED: TIME_WAIT,  # 3.10.7.4, eighth
        RST_RECEIVED: CLOSED,
        ABORT: CLOSED,
    },
    CLOSE_WAIT: {
        CLOSE: LAST_ACK,  # 3.10.4, as corrected by RFC 1122 4.2.2.20 (a)
        RST_RECEIVED: CLOSED,
        ABORT: CLOSED,
    },
    CLOSING: {
        FIN_ACKED: TIME_WAIT,  # 3.10.7.4, fifth
        RST_RECEIVED: CLOSED,
        ABORT: CLOSED,
    },
    LAST_ACK: {
        FIN_ACKED: CLOSED,  # 3.10.7.4, fifth
        RST_RECEIVED: CLOSED,
        ABORT: CLOSED,
    },
    TIME_WAIT: {
        TIME_WAIT_OVER: CLOSED,  # 3.10.8
        RST_RECEIVED: CLOSED,
        ABORT: CLOSED,
    },
}

# Where our stream may still grow (3.10.2).
SENDING = (ESTABLISHED, CLOSE_WAIT)

# Where text of the peer is still taken (3.10.7.4, seventh): afterwards it has said that there is no more.
RECEIVING = (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2)

# Where an abort owes the peer a RST (3.10.5); before, it may not know of us, afterwards it has said goodbye.
RESET_ON_ABORT = (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT)


def next_state(state: str, event: str) -> str:
    """Return the state that follows; LocalProtocolError where the table has no row."""
    following = TRANSITIONS[state].get(event)
    if following is None:
        raise LocalProtocolError(f"{event} in {state}")
    return following
