# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind sctp: which packets answer an INIT; a kernel's own SCTP answers in tests/lab."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.sctp import (
    SCTPChunkAbort,
    SCTPChunkCookieAck,
    SCTPChunkInitAck,
    SCTPChunkParamStateCookie,
    SCTPChunkShutdownComplete,
)

from lvs_rawcheck.checks.base import Reason, Verdict
from lvs_rawcheck.checks.sctp import SctpExchange
from lvs_rawcheck.wire.sctp import payload_of
from tests.checks.datagram.site import step_of

TAG, PEER_TAG = 0x11223344, 0x55667788
COOKIE = SCTPChunkParamStateCookie(cookie=b"abcd")
INIT_ACK = bytes(SCTPChunkInitAck(init_tag=PEER_TAG, n_in_streams=1, n_out_streams=1, params=[COOKIE]))
ABORT, REFLECTED_ABORT = bytes(SCTPChunkAbort(error_causes=b"")), bytes(SCTPChunkAbort(TCB=1, error_causes=b""))


def reason(payload: bytes) -> str | None:
    verdict = SctpExchange(TAG, 1).datagram_received(payload)
    return None if verdict is None else verdict.reason


def test_consent_is_answered_by_an_abort_with_the_server_s_tag() -> None:
    asking = SctpExchange(TAG, 1)
    assert asking.farewell() == b"", "nothing is owed yet"
    verdict = asking.datagram_received(payload_of(TAG, INIT_ACK))
    assert verdict is not None
    assert verdict.reason == Reason.OK
    assert asking.farewell() == payload_of(PEER_TAG, ABORT)


@pytest.mark.parametrize(
    ("tag", "chunks", "expected"),
    [
        (TAG, ABORT, Reason.REFUSED),
        (0, REFLECTED_ABORT, Reason.REFUSED),  # Linux: sctp_sf_tabort_8_4_8 gives back the tag of the INIT
        (0, ABORT, None),
        (TAG, REFLECTED_ABORT, None),
        (TAG + 1, INIT_ACK, None),
        (0, INIT_ACK, None),
        (TAG, bytes(SCTPChunkCookieAck()), None),
        (TAG, bytes(SCTPChunkShutdownComplete()), None),
        (TAG, b"", Reason.PROTOCOL),
        (TAG, bytes(SCTPChunkInitAck(init_tag=PEER_TAG, n_in_streams=1, n_out_streams=1)), Reason.PROTOCOL),
        (TAG, INIT_ACK[:10], Reason.PROTOCOL),
        (0, b"", None),
    ],
)
def test_what_answers(tag: int, chunks: bytes, expected: str | None) -> None:
    assert reason(payload_of(tag, chunks)) == expected


@given(st.sampled_from([TAG, 0]), st.binary(max_size=100))
def test_anything_gives_a_verdict_or_is_none(tag: int, chunks: bytes) -> None:
    asking = SctpExchange(TAG, 1)
    verdict = asking.datagram_received(payload_of(tag, chunks))
    assert verdict is None or isinstance(verdict, Verdict)
    assert asking.describe(payload_of(tag, chunks))


def test_its_words() -> None:
    asking = SctpExchange(TAG, 1)
    assert asking.describe(asking.datagram_to_send()) == ["INIT (verification tag 0x00000000, 16 octets)"]
    assert asking.describe(payload_of(TAG, INIT_ACK))[0].startswith("INIT ACK (verification tag 0x11223344")


def test_tags_are_random() -> None:
    make = step_of("sctp")
    sent = {talk.datagram_to_send() for talk in (make() for _ in range(20)) if isinstance(talk, SctpExchange)}
    assert len(sent) == 20
