# SPDX-License-Identifier: GPL-2.0-or-later
"""radius: the packets of RFC 2865 7.1, pyrad's reading of ours, and answers that prove nothing."""

from __future__ import annotations

import hmac
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrad.dictionary import Dictionary
from pyrad.packet import AuthPacket

from lvs_rawcheck.checks.base import Exchange, Reason
from lvs_rawcheck.checks.radius import (
    ACCESS_ACCEPT,
    ACCESS_CHALLENGE,
    ACCESS_REJECT,
    MESSAGE_AUTHENTICATOR,
    NAS_IP_ADDRESS,
    REPLY_MESSAGE,
    RadiusExchange,
    attribute,
    hidden_password,
)
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import parse_address
from tests.checks.binary.talk import prepare

# RFC 2865 7.1: nemo logs in with "arctangent", the secret is "xyzzy5461"
SECRET, NEMO, ARCTANGENT = b"xyzzy5461", b"nemo", b"arctangent"
AUTHENTICATOR = bytes.fromhex("0f403f9473978057bd83d5cb98f4227a")
HIDDEN = bytes.fromhex("0dbe708d93d413ce3196e43f782a0aee")
# Access-Accept, identifier 0: Service-Type Login, Login-Service Telnet, Login-Host 192.168.1.3
ACCEPT = bytes.fromhex("02000026 86fe220e7624ba2a1005f6bf9b55e0b2 060600000001 0f0600000000 0e06c0a80103")
ABOUT_US = attribute(NAS_IP_ADDRESS, bytes((192, 168, 1, 16)))

IDENTIFIER = 77


def exchange(identifier: int = IDENTIFIER, password: bytes = ARCTANGENT) -> RadiusExchange:
    return RadiusExchange(NEMO, password, SECRET, ABOUT_US, identifier, AUTHENTICATOR)


def answer(code: int, attributes: bytes = b"", identifier: int = IDENTIFIER, secret: bytes = SECRET) -> bytes:
    """Return an answer to the request of `exchange`, as RFC 2865 3 has it proven."""
    header = bytes((code, identifier)) + (20 + len(attributes)).to_bytes(2, "big")
    return header + md5(header + AUTHENTICATOR + attributes + secret).digest() + attributes


def signed_answer(code: int, attributes: bytes = b"", secret: bytes = SECRET) -> bytes:
    """Return an answer with a Message-Authenticator as well (RFC 3579 3.2); secret: the one that it is made of."""
    blank = attributes + attribute(MESSAGE_AUTHENTICATOR, bytes(16))
    header = bytes((code, IDENTIFIER)) + (20 + len(blank)).to_bytes(2, "big")
    signature = hmac.digest(secret, header + AUTHENTICATOR + blank, "md5")
    return answer(code, attributes + attribute(MESSAGE_AUTHENTICATOR, signature))


def reason(octets: bytes) -> str | None:
    verdict = exchange().datagram_received(octets)
    return verdict.reason if verdict is not None else None


# The example of the RFC --------------------------------------------------------------------------------


def test_the_password_is_hidden_as_in_the_rfc() -> None:
    assert hidden_password(ARCTANGENT, SECRET, AUTHENTICATOR) == HIDDEN
    asked = RadiusExchange(NEMO, ARCTANGENT, SECRET, ABOUT_US, 0, AUTHENTICATOR).datagram_to_send()
    assert asked[:20] == bytes.fromhex("01000044") + AUTHENTICATOR
    assert asked[20:22] == bytes((MESSAGE_AUTHENTICATOR, 18)), "the first of all attributes"
    assert asked[38:] == bytes.fromhex("01066e656d6f 0212") + HIDDEN + bytes.fromhex("0406c0a80110")


def test_the_answer_of_the_rfc_is_accepted() -> None:
    verdict = RadiusExchange(NEMO, ARCTANGENT, SECRET, ABOUT_US, 0, AUTHENTICATOR).datagram_received(ACCEPT)
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.OK, "the login was accepted")


# What pyrad reads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("octets", [1, 15, 16, 17, 128])
def test_pyrad_reads_our_request(octets: int) -> None:
    password = (b"0123456789abcdef" * 8)[:octets]
    packet = AuthPacket(packet=exchange(password=password).datagram_to_send(), secret=SECRET, dict=Dictionary())
    assert (packet.code, packet.id, packet.authenticator) == (1, IDENTIFIER, AUTHENTICATOR)
    assert packet[1] == [NEMO]
    assert packet.PwDecrypt(packet[2][0]) == password.decode()
    assert packet[4] == [bytes((192, 168, 1, 16))]
    blank = exchange(password=password).datagram_to_send().replace(packet[80][0], bytes(16))
    assert packet[80] == [hmac.digest(SECRET, blank, "md5")], "pyrad 2.1 itself does not look at it"


def test_pyrad_answers() -> None:
    asked = AuthPacket(packet=exchange().datagram_to_send(), secret=SECRET, dict=Dictionary())
    reply = asked.CreateReply()
    reply.code = ACCESS_ACCEPT
    assert reason(reply.ReplyPacket()) == Reason.OK


# Answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "attributes", "detail"),
    [
        (ACCESS_REJECT, b"", "the login was refused"),
        (ACCESS_REJECT, attribute(REPLY_MESSAGE, b"not\0you"), "the login was refused: 'not\\x00you'"),
        (
            ACCESS_REJECT,
            attribute(REPLY_MESSAGE, b"a") + attribute(REPLY_MESSAGE, b"b"),
            "the login was refused: 'a b'",
        ),
        (ACCESS_CHALLENGE, attribute(REPLY_MESSAGE, b"PIN?"), "the login was answered by a challenge: 'PIN?'"),
    ],
)
def test_what_does_not_pass(code: int, attributes: bytes, detail: str) -> None:
    for octets in (answer(code, attributes), signed_answer(code, attributes), answer(code, attributes) + b"padding"):
        verdict = exchange().datagram_received(octets)
        assert verdict is not None
        assert (verdict.reason, verdict.detail) == (Reason.RESPONSE, detail)


def test_what_passes() -> None:
    assert reason(answer(ACCESS_ACCEPT)) == Reason.OK
    assert reason(signed_answer(ACCESS_ACCEPT)) == Reason.OK
    assert reason(signed_answer(ACCESS_ACCEPT, attribute(REPLY_MESSAGE, b"welcome"))) == Reason.OK


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x02",
        exchange().datagram_to_send(),
        answer(5),
        answer(ACCESS_ACCEPT, identifier=IDENTIFIER + 1),
        answer(ACCESS_ACCEPT)[:-1],
        answer(ACCESS_ACCEPT)[:19],
        answer(ACCESS_ACCEPT, b"\x12"),
        answer(ACCESS_ACCEPT, b"\x12\x00"),
        answer(ACCESS_ACCEPT, b"\x12\x01"),
        answer(ACCESS_ACCEPT, b"\x12\x03"),
        answer(ACCESS_ACCEPT, attribute(REPLY_MESSAGE, bytes(253)) * 16),
    ],
)
def test_what_is_no_answer_to_ours(octets: bytes) -> None:
    asked = exchange()
    assert asked.datagram_received(octets) is None
    assert asked.silence() is None


@pytest.mark.parametrize(
    "octets",
    [
        answer(ACCESS_ACCEPT, secret=b"other"),
        signed_answer(ACCESS_ACCEPT, secret=b"other"),
        answer(ACCESS_ACCEPT)[:19] + b"\0",
        answer(ACCESS_ACCEPT, attribute(MESSAGE_AUTHENTICATOR, bytes(3))),
        answer(ACCESS_ACCEPT, attribute(MESSAGE_AUTHENTICATOR, b"")),
    ],
)
def test_an_answer_that_proves_nothing_is_none_but_told_at_the_deadline(octets: bytes) -> None:
    asked = exchange()
    assert asked.datagram_received(octets) is None
    silent = asked.silence()
    assert silent is not None
    assert (silent.reason, "secret" in silent.detail) == (Reason.RESPONSE, True)
    accepted = asked.datagram_received(answer(ACCESS_ACCEPT))
    assert accepted is not None
    assert accepted.healthy, "the right one may still come"


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_octets_are_no_answer(octets: bytes, attributes: bytes) -> None:
    asked = exchange()
    assert asked.datagram_received(octets) is None
    assert all(line.isprintable() for line in asked.describe(octets))
    verdict = asked.datagram_received(answer(ACCESS_ACCEPT, attributes))
    assert verdict is None or verdict.healthy


def test_what_is_told_hides_the_password() -> None:
    assert exchange().describe(exchange().datagram_to_send()) == [
        "Access-Request (identifier 77)",
        "  Message-Authenticator (16 octets)",
        "  User-Name 'nemo'",
        "  User-Password (16 octets)",
        "  NAS-IP-Address (4 octets)",
    ]
    told = exchange().describe(answer(ACCESS_REJECT, attribute(REPLY_MESSAGE, b"no") + attribute(99, b"x")))
    assert told == ["Access-Reject (identifier 77)", "  Reply-Message 'no'", "  attribute 99 (1 octets)"]


# What it can be told -----------------------------------------------------------------------------------


def enough(**values: object) -> dict[str, object]:
    """Return what is enough, and more."""
    return {"login": "nemo", "password_file": "arctangent", "secret_file": "xyzzy5461", **values}


def test_a_repetition_is_the_same_and_the_next_check_is_not() -> None:
    first, second = prepare("radius", **enough()), prepare("radius", **enough())
    assert isinstance(first, Exchange)
    assert isinstance(second, Exchange)
    assert first.datagram_to_send() == first.datagram_to_send()
    assert first.datagram_to_send() != second.datagram_to_send()
    assert b"lvs-rawcheck" in first.datagram_to_send()


def test_the_director_s_address_can_be_said() -> None:
    for address, octets in (("192.0.2.7", "0406c0000207"), ("2001:db8::7", "5f1220010db8000000000000000000000007")):
        asked = prepare("radius", **enough(), nas_address=parse_address(address))
        assert isinstance(asked, Exchange)
        assert asked.datagram_to_send().endswith(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "radius needs the login"),
        (enough(password_file=None), "radius needs the password"),
        (enough(secret_file=""), "radius needs the secret"),
        (enough(login="x" * 254), "the login is longer than 253 octets"),
        (enough(password_file="x" * 129), "the password is longer than 128 octets"),
        (enough(login="\udcff"), "the login is not UTF-8"),
        (enough(nas_identifier=""), "radius needs the NAS identifier"),
    ],
)
def test_what_cannot_be_meant(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        prepare("radius", **values)
