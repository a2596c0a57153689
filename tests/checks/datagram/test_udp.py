# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind udp: payloads and required replies in hexadecimal, as keepalived's UDP_CHECK reads and judges them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.kinds import load_kind
from lvs_rawcheck.checks.udp import UdpExchange, masked_octets
from lvs_rawcheck.errors import UsageError
from tests.checks.datagram.site import step_of

PARAMETERS = {parameter.name: parameter for parameter in load_kind("udp", lambda: None).parameters}


def exchange(**texts: str) -> UdpExchange:
    """Return the exchange of parameters given as text, as on a command line."""
    made = step_of("udp", **{name: PARAMETERS[name].convert(text) for name, text in texts.items()})()
    assert isinstance(made, UdpExchange)
    return made


def reason(asking: UdpExchange, reply: bytes) -> str:
    verdict = asking.datagram_received(reply)
    assert verdict is not None
    return verdict.reason


@pytest.mark.parametrize(
    ("text", "octets", "mask"),
    [
        ("0a1B", "0a1b", "ffff"),
        ("0a 1b\t2c", "0a1b2c", "ffffff"),
        ("xx", "00", "00"),
        ("1x X2", "1002", "f00f"),
        ("1", "01", "ff"),
        ("x 2", "0002", "f0ff"),
        ("abc", "ab0c", "ffff"),
    ],
)
def test_hexadecimal_digits(text: str, octets: str, mask: str) -> None:
    assert masked_octets(text) == (bytes.fromhex(octets), bytes.fromhex(mask))


@given(st.binary(min_size=1, max_size=50))
def test_octets_come_back(octets: bytes) -> None:
    assert masked_octets(octets.hex()) == (octets, b"\xff" * len(octets))
    assert exchange(payload=octets.hex(" ")).datagram_to_send() == octets


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"payload": "0g"}, "not hexadecimal digits"),
        ({"payload": ""}, "no hexadecimal digits"),
        ({"payload": "0x"}, "without x"),
        ({"payload": "00" * 65508}, "fits no datagram"),
        ({"require_reply": "yes"}, "not hexadecimal digits"),
        ({"require_reply": " "}, "no hexadecimal digits"),
        ({"min_reply_length": "3"}, "require-reply any"),
        ({"max_reply_length": "3"}, "require-reply any"),
        ({"require_reply": "any", "min_reply_length": "3", "max_reply_length": "2"}, "at least 3 and at most 2"),
        ({"require_reply": "any", "min_reply_length": "256"}, "at least 256 and at most 255"),
        ({"require_reply": "any", "max_reply_length": "65536"}, "whole number"),
        ({"prove_vip": "no"}, "not one of true, false"),
    ],
)
def test_what_cannot_be_meant(texts: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        exchange(**texts)


def test_what_is_sent_by_default() -> None:
    assert len(exchange().datagram_to_send()) == 32


@pytest.mark.parametrize(
    ("texts", "reply", "expected"),
    [
        ({}, b"", Reason.OK),
        ({}, bytes(60000), Reason.OK),
        ({"require_reply": "any"}, b"", Reason.OK),
        ({"require_reply": "any"}, bytes(60000), Reason.OK),
        ({"require_reply": "any", "min_reply_length": "2"}, b"a", Reason.RESPONSE),
        ({"require_reply": "any", "min_reply_length": "2"}, bytes(256), Reason.RESPONSE),
        ({"require_reply": "any", "max_reply_length": "2"}, b"abc", Reason.RESPONSE),
        ({"require_reply": "616x"}, b"ao", Reason.OK),
        ({"require_reply": "616x"}, b"a\x70", Reason.RESPONSE),
        ({"require_reply": "6162"}, b"abc", Reason.OK),
        ({"require_reply": "6162"}, b"a", Reason.OK),
        ({"require_reply": "6162"}, b"", Reason.OK),
        ({"require_reply": "6162", "min_reply_length": "2"}, b"a", Reason.RESPONSE),
        ({"require_reply": "6162"}, b"ab" + bytes(253), Reason.OK),
        ({"require_reply": "6162"}, b"ab" + bytes(254), Reason.RESPONSE),
        ({"require_reply": "6162", "max_reply_length": "300"}, b"ab" + bytes(254), Reason.OK),
    ],
)
def test_which_replies_pass(texts: dict[str, str], reply: bytes, expected: str) -> None:
    assert reason(exchange(**texts), reply) == expected


def test_the_first_wrong_octet_is_named() -> None:
    verdict = exchange(require_reply="6162").datagram_received(b"a\x00")
    assert verdict is not None
    assert "octet 1 is 00" in verdict.detail


def test_silence_and_what_proves_the_vip() -> None:
    silent = exchange().silence()
    assert silent is not None
    assert silent.reason == Reason.OK
    assert exchange().companion() is not None
    assert exchange(prove_vip="false").companion() is None
    assert exchange(prove_vip="false").silence() is not None
    assert exchange(require_reply="any").silence() is None
    assert exchange(require_reply="any").companion() is None
    proving = exchange()
    assert proving.companion() is proving.companion()
