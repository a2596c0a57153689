# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from lvs_rawcheck.tcp.connection import Connection
from tests.tcp.play import Play
from tests.tcp.prologues import SYN_SENT


def test_nothing_happens_before_open(play: Play) -> None:
    play("0.000 state CLOSED", "\n1.000 timer none")


@pytest.mark.parametrize("flags", ["S", "S.", ".", "R.", "R", "F.", "P."])
def test_closed_answers_nothing(play: Play, flags: str) -> None:
    acknowledgement = " ack 1" if "." in flags else ""
    play(
        SYN_SENT,
        f"""
        0.100 call abort
        0.200 < {flags} 0:10(10){acknowledgement}
        0.200 state CLOSED
        9.000 timer none
        """,
    )


@pytest.mark.parametrize("verb", ["close", "abort"])
def test_only_open_is_allowed(verb: str) -> None:
    connection = Connection(1, 2, 3)
    with pytest.raises(LocalProtocolError, match="CLOSED"):
        getattr(connection, verb)()
    assert connection.state == "CLOSED"


def test_sending_before_open_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="send in CLOSED"):
        Connection(1, 2, 3).send(b"x")


def test_a_connection_opens_once() -> None:
    connection = Connection(1, 2, 3)
    connection.open(0.0)
    with pytest.raises(LocalProtocolError, match="open in SYN_SENT"):
        connection.open(0.1)
    connection.abort()
    with pytest.raises(LocalProtocolError, match="open in CLOSED, a second time"):
        connection.open(0.2)


@pytest.mark.parametrize("verb", ["close", "abort"])
def test_a_syn_not_yet_sent_stays_unsent(verb: str) -> None:
    connection = Connection(1, 2, 3)
    connection.open(0.0)
    getattr(connection, verb)()
    assert connection.segments_to_send(0.0) == []
