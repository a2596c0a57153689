# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation that has said all: our FIN follows the request, and the answer comes after it."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.wire.tcp import ACK, FIN, RST, SYN
from tests.checks.scene import Scene, flags_of
from tests.checks.text.scripts import conversation

REQUEST = b"PING\n"
ALL_SAID = 1 + len(REQUEST) + 1  # SYN, text, FIN


def scene_with_request_sent() -> Scene:
    """Return a scene where the request and our FIN are on their way."""
    scene = Scene(1.0, conversation=conversation("simpletcp", request=r"PING\n", receive="^PONG$"))
    scene.steer()
    scene.sent()
    scene.receive(SYN | ACK)
    segments = scene.sent()
    assert b"".join(segment.payload for segment in segments) == REQUEST
    assert [bool(segment.flags & FIN) for segment in segments][-1]
    assert scene.reason is None
    return scene


def test_the_answer_may_come_after_our_fin() -> None:
    scene = scene_with_request_sent()
    scene.receive(ACK, seq=1, ack=ALL_SAID, payload=b"PONG\n")
    assert scene.reason == Reason.OK
    assert flags_of(scene.sent())[-1] == RST | ACK
    assert scene.flow.finished


def test_a_clean_close_has_only_the_servers_fin_to_wait_for() -> None:
    scene = scene_with_request_sent()
    scene.flow.close_cleanly()
    scene.receive(ACK, seq=1, ack=ALL_SAID, payload=b"PONG\n")
    assert scene.reason == Reason.OK
    assert not scene.flow.finished
    scene.receive(FIN | ACK, seq=6, ack=ALL_SAID)
    assert scene.flow.finished
    assert flags_of(scene.sent()) == [ACK]


@pytest.mark.parametrize(
    ("flags", "payload", "reason"),
    [
        (FIN | ACK, b"PONG", Reason.OK),
        (FIN | ACK, b"PANG", Reason.REGEX),
        (FIN | ACK, b"", Reason.CLOSED),
        (RST | ACK, b"", Reason.CLOSED),
    ],
)
def test_how_a_server_ends_it(flags: int, payload: bytes, reason: str) -> None:
    scene = scene_with_request_sent()
    scene.receive(flags, seq=1, ack=ALL_SAID, payload=payload)
    assert scene.reason == reason
    assert scene.flow.finished


def test_silence_after_our_fin_is_a_timeout() -> None:
    scene = scene_with_request_sent()
    scene.receive(ACK, seq=1, ack=ALL_SAID)
    scene.expire()
    assert scene.reason == Reason.TIMEOUT
    assert scene.flow.finished


def test_other_conversations_keep_their_half_open() -> None:
    for kind in ("smtp", "sip", "pop"):
        assert not conversation(kind).has_said_all
