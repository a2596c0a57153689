# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds for every protocol in messages: whatever a server says, and however, ends in a verdict, cheaply."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.base import REASONS, Conversation, Verdict
from lvs_rawcheck.checks.messages import MESSAGE_OCTETS_MOST
from tests.checks.binary import test_ldap, test_mysql, test_pgsql
from tests.checks.binary.talk import MakeConversation, Turn, after, octet_by_octet, whole

CASES: dict[str, tuple[MakeConversation, Sequence[Turn]]] = {
    "ldap": (test_ldap.ldap("^dc="), test_ldap.FOUND),
    "mysql": (test_mysql.mysql(), test_mysql.TWO_ROWS),
    "pgsql": (test_pgsql.pgsql(), test_pgsql.PROVEN),
}
every_protocol = pytest.mark.parametrize("name", CASES)


def judge(talk: Conversation, pieces: Sequence[bytes]) -> Verdict:
    """Return the verdict of a server that says this and closes; every sentence is fit to be shown."""
    for piece in pieces:
        told = talk.describe(piece)
        verdict = talk.data_received(piece)
        ours = talk.octets_to_send()
        words = [*told, *(talk.describe(ours) if ours else ())]
        assert all(line.replace("\t", " ").isprintable() for line in words)
        if verdict is not None:
            break
    else:
        verdict = talk.settled() or talk.peer_closed()
    assert verdict is not None
    assert verdict.reason in REASONS
    assert verdict.detail.isprintable()
    assert len(verdict.detail) < 400
    return verdict


@every_protocol
@given(st.data())
def test_any_octets_at_any_turn(name: str, data: st.DataObject) -> None:
    make, turns = CASES[name]
    turn = data.draw(st.integers(0, len(turns) - 1))
    octets = data.draw(st.binary(min_size=1, max_size=200))
    verdicts = [judge(after(make, turns[:turn]), pieces(octets)) for pieces in (whole, octet_by_octet)]
    assert verdicts[0].healthy == verdicts[1].healthy


@every_protocol
@given(st.data())
def test_right_answers_with_a_few_wrong_octets(name: str, data: st.DataObject) -> None:
    make, turns = CASES[name]
    turn = data.draw(st.integers(0, len(turns) - 1))
    octets = bytearray(turns[turn][1] or b"")
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    verdicts = [judge(after(make, turns[:turn]), pieces(bytes(octets))) for pieces in (whole, octet_by_octet)]
    assert verdicts[0].healthy == verdicts[1].healthy


@every_protocol
@given(st.lists(st.sampled_from(list(CASES)), min_size=1, max_size=4), st.data())
def test_right_answers_at_the_wrong_time(name: str, others: list[str], data: st.DataObject) -> None:
    said = [data.draw(st.sampled_from([theirs for _, theirs in CASES[other][1] if theirs])) for other in others]
    judge(after(CASES[name][0], []), said)


FLOODS = {
    "ldap": (1, bytes.fromhex("3005 020102 7900")),  # intermediate responses
    "mysql": (2, test_mysql.packet(2, b"\x03def")),  # columns
    "pgsql": (0, test_pgsql.message(b"N", b"\0")),  # notices
}


@every_protocol
def test_a_flood_of_small_messages_costs_no_memory(name: str) -> None:
    make, turns = CASES[name]
    number, flood = FLOODS[name]
    talk = after(make, turns[:number])
    if name == "mysql":
        assert talk.data_received(test_mysql.packet(1, b"\x01")) is None
    piece = flood * (65536 // len(flood))
    talk.data_received(piece)
    tracemalloc.start()
    began = time.process_time()
    for _ in range(3):
        if talk.data_received(piece) is not None:
            break
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
    assert time.process_time() - began < 5.0, "192 KiB, traced"


BIG = {
    "ldap": bytes.fromhex("3083 0fff00"),
    "mysql": bytes.fromhex("00ff0f 00"),
    "pgsql": bytes.fromhex("52 000fff00"),
}


@every_protocol
def test_a_big_message_in_small_pieces_takes_linear_time(name: str) -> None:
    make, turns = CASES[name]
    octets = BIG[name] + bytes(MESSAGE_OCTETS_MOST - 300)
    times = []
    for share in (4, 1):
        talk = after(make, turns[:0])
        began = time.process_time()
        for at in range(0, len(octets) // share, 16):
            assert talk.data_received(octets[at : at + 16]) is None
        times.append(time.process_time() - began)
    assert times[1] < 16 * times[0] + 0.1, "4 times the octets, in linear time 4 times the time"


@every_protocol
def test_a_server_that_says_nothing_is_timed_out_with_what_was_awaited(name: str) -> None:
    make, turns = CASES[name]
    for turn in range(len(turns)):
        talk = after(make, turns[:turn])
        assert talk.awaiting()
        assert talk.settled() is None
        assert tuple(talk.phases_reached()) == (("first_octet",) if any(theirs for _, theirs in turns[:turn]) else ())
