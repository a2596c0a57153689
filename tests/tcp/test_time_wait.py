# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from lvs_rawcheck.errors import LocalProtocolError
from tests.tcp.play import Play
from tests.tcp.prologues import TIME_WAIT


def test_ends_by_itself(play: Play) -> None:
    play(TIME_WAIT, "2.030 state TIME_WAIT\n2.040 state CLOSED\n9.000 timer none")


def test_fin_again_is_acknowledged_again(play: Play) -> None:
    play(TIME_WAIT, "1.000 < F. 1:1(0) ack 2\n1.000 > . 2:2(0) ack 2\n" * 5, "2.040 state CLOSED")


def test_octets_are_ignored(play: Play) -> None:
    play(TIME_WAIT, "1.000 < P. 2:12(10) ack 2\n1.000 state TIME_WAIT")


def test_reset_ends_it_without_a_word(play: Play) -> None:
    """All was said before: RFC 9293 3.10.7.4, second, signals nothing here."""
    play(TIME_WAIT, "1.000 < R 2:2(0)\n1.000 state CLOSED\n9.000 timer none")


def test_reset_in_the_window_is_challenged(play: Play) -> None:
    play(TIME_WAIT, "1.000 < R 3:3(0)\n1.000 > . 2:2(0) ack 2\n1.000 state TIME_WAIT")


def test_syn_is_challenged(play: Play) -> None:
    play(TIME_WAIT, "1.000 < S 2:2(0)\n1.000 > . 2:2(0) ack 2\n1.000 state TIME_WAIT")


def test_abort_owes_nothing(play: Play) -> None:
    play(TIME_WAIT, "1.000 call abort\n1.000 state CLOSED\n9.000 timer none")


@pytest.mark.parametrize(("verb", "arguments"), [("close", ()), ("send", (b"x",))])
def test_closing_or_sending_is_our_mistake(play: Play, verb: str, arguments: tuple[bytes, ...]) -> None:
    connection = play(TIME_WAIT)
    with pytest.raises(LocalProtocolError, match="TIME_WAIT"):
        getattr(connection, verb)(*arguments)
