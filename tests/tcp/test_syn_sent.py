# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from lvs_rawcheck.tcp.connection import CHALLENGE_LIMIT, Connection
from lvs_rawcheck.wire.tcp import ACK, RST, SYN, Segment
from tests.tcp.play import Play
from tests.tcp.prologues import SYN_SENT

LYING_OPTIONS = [
    "0300",  # length 0: a parser that trusts it loops
    "0301",  # length 1
    "02ff05b4",  # beyond the end
    "020305b4",  # not the length of an MSS
    "05030000",  # half a SACK block
    "01010102",  # cut before its length
    "0402080a00000000",  # timestamps cut off
]


def test_syn_names_mss_and_sack(play: Play) -> None:
    play(
        """
        0.000 call open
        0.000 > S 0:0(0) win 64240 <mss 1440,sackOK>
        0.000 state SYN_SENT
        """,
        mss=1440,
    )


def test_syn_is_sent_every_fifth_of_a_second(play: Play) -> None:
    again = "".join(f"{n / 5:.3f} > S 0:0(0) win 64240 <mss 1460,sackOK>\n" for n in range(1, 26))
    play(SYN_SENT, again, "5.000 timer 5.200")


def test_syn_ack_establishes(play: Play) -> None:
    play(
        SYN_SENT,
        """
        0.010 < S. 0:0(0) ack 1 win 65535 <mss 1460>
        0.010 > . 1:1(0) ack 1
        0.010 event Connected
        0.010 state ESTABLISHED
        9.000 timer none
        """,
    )


def test_answer_to_a_repeated_syn(play: Play) -> None:
    play(
        SYN_SENT,
        """
        0.200 > S 0:0(0) win 64240 <mss 1460,sackOK>
        0.210 < S. 0:0(0) ack 1
        0.210 event Connected
        0.210 > . 1:1(0) ack 1
        0.220 < S. 0:0(0) ack 1    # the answer to the other SYN
        0.220 > . 1:1(0) ack 1
        """,
    )


@pytest.mark.parametrize("flags", ["SP.", "S.E", "S.EC", "S.U"])
def test_further_flags_of_a_syn_ack_do_not_matter(play: Play, flags: str) -> None:
    play(
        SYN_SENT,
        f"""
        0.010 < {flags} 0:0(0) ack 1
        0.010 event Connected
        0.010 > . 1:1(0) ack 1
        """,
    )


def test_reset_of_our_syn_is_a_refusal(play: Play) -> None:
    play(
        SYN_SENT,
        """
        0.010 < R. 0:0(0) ack 1 win 0
        0.010 event Refused
        0.010 state CLOSED
        9.000 timer none
        """,
    )


@pytest.mark.parametrize(
    "forged", ["R 0:0(0)", "R 1:1(0)", "R. 0:0(0) ack 0", "R. 0:0(0) ack 2", "R. 0:0(0) ack -70000"]
)
def test_reset_that_does_not_acknowledge_our_syn_changes_nothing(play: Play, forged: str) -> None:
    play(
        SYN_SENT,
        f"""
        0.010 < {forged}
        0.010 state SYN_SENT
        0.020 < S. 0:0(0) ack 1
        0.020 event Connected
        0.020 > . 1:1(0) ack 1
        """,
    )


@pytest.mark.parametrize("other", ["S 0:0(0)", "F 0:0(0)", ". 1:1(0) ack 1", "P. 1:11(10) ack 1", "F. 1:1(0) ack 1"])
def test_what_is_no_syn_ack_changes_nothing(play: Play, other: str) -> None:
    play(SYN_SENT, f"0.010 < {other}\n0.010 state SYN_SENT\n0.010 timer 0.200")


@pytest.mark.parametrize(("flags", "ack"), [("S.", 0), ("S.", 2), (".", 77), (".", -500000), ("F.", 9)])
def test_old_connection_is_reset_and_the_syn_sent_at_once(play: Play, flags: str, ack: int) -> None:
    """RFC 9293 3.10.7.3, first: the server still holds the last connection on these numbers."""
    play(
        SYN_SENT,
        f"""
        0.010 < {flags} 300:300(0) ack {ack}
        0.010 > R {ack}:{ack}(0) win 0
        0.010 > S 0:0(0) win 64240 <mss 1460,sackOK>
        0.010 timer 0.210
        0.020 < S. 0:0(0) ack 1
        0.020 event Connected
        0.020 > . 1:1(0) ack 1
        """,
    )


def test_three_quick_syns_at_most(play: Play) -> None:
    quick = """
        0.010 < . 300:300(0) ack 77
        0.010 > R 77:77(0) win 0
        0.010 > S 0:0(0) win 64240 <mss 1460,sackOK>
    """
    play(
        SYN_SENT,
        quick * 3,
        """
        0.020 < . 300:300(0) ack 77
        0.020 > R 77:77(0) win 0
        0.030 < . 300:300(0) ack 77
        0.030 > R 77:77(0) win 0
        0.210 > S 0:0(0) win 64240 <mss 1460,sackOK>
        """,
    )


def test_a_storm_of_false_answers_is_answered_ten_times_at_most() -> None:
    """RFC 5961 7, for the RSTs of RFC 9293 3.10.7.3 too: whoever forges so many is not to be served."""
    connection = Connection(1, 2, 3)
    connection.open(0.0)
    sent = []
    for number in range(100):
        connection.receive_segment(Segment(2, 1, 300, 77 + number, ACK, 1000), 0.1)
        sent += [segment.flags for segment in connection.segments_to_send(0.1)]
    assert sent.count(RST) == CHALLENGE_LIMIT
    connection.receive_segment(Segment(2, 1, 300, 4, SYN | ACK, 1000), 0.1)
    assert connection.state == "ESTABLISHED"


@pytest.mark.parametrize("octets", LYING_OPTIONS)
def test_syn_ack_with_lying_options_changes_nothing(play: Play, octets: str) -> None:
    play(
        SYN_SENT,
        f"""
        0.010 < S. 0:0(0) ack 1 <hex {octets}>
        0.010 state SYN_SENT
        0.200 > S 0:0(0) win 64240 <mss 1460,sackOK>
        0.210 < S. 0:0(0) ack 1
        0.210 event Connected
        0.210 > . 1:1(0) ack 1
        """,
    )


@pytest.mark.parametrize(
    ("options", "segment"),
    [
        ("", 536),
        ("<mss 0>", 536),
        ("<mss 1>", 48),
        ("<mss 48>", 48),
        ("<mss 1000>", 1000),
        ("<mss 65535>", 1460),
    ],
)
def test_mss_of_the_peer_bounds_our_segments(play: Play, options: str, segment: int) -> None:
    first, second = 1 + segment, 1 + 2 * segment
    play(
        SYN_SENT,
        f"""
        0.010 < S. 0:0(0) ack 1 {options}
        0.010 event Connected
        0.010 > . 1:1(0) ack 1
        0.020 call send {2 * segment}
        0.020 > . 1:{first}({segment}) ack 1
        0.020 > P. {first}:{second}({segment}) ack 1
        """,
    )


def _connection_that_met(payload: bytes, flags: int) -> Connection:
    connection = Connection(1, 2, 2**32 - 1)
    connection.open(0.0)
    connection.receive_segment(Segment(2, 1, 2**32 - 1, 0, SYN | ACK | flags, 1000, b"", payload), 0.1)
    return connection


def test_octets_and_fin_on_a_syn_ack_are_taken() -> None:
    connection = _connection_that_met(b"220 hello", 0x01)
    events = [repr(event) for event in iter(connection.next_event, None)]
    assert events == ["Connected", "DataReceived 9", "PeerClosed"]
    assert connection.state == "CLOSE_WAIT"
    assert [(s.flags, s.ack) for s in connection.segments_to_send(0.1)][-1] == (ACK, 10)


@pytest.mark.parametrize("verb", ["close", "abort"])
def test_leaving_owes_nothing(play: Play, verb: str) -> None:
    play(SYN_SENT, f"0.100 call {verb}\n0.100 state CLOSED\n9.000 timer none")


def test_sending_waits_for_connected() -> None:
    connection = Connection(1, 2, 3)
    connection.open(0.0)
    with pytest.raises(LocalProtocolError, match="send in SYN_SENT"):
        connection.send(b"early")


def test_what_is_on_its_way(play: Play) -> None:
    connection = play(SYN_SENT)
    assert (connection.snd_una, connection.snd_nxt) == (connection.iss, connection.iss + 1)
