# SPDX-License-Identifier: GPL-2.0-or-later
"""ldap: bind, search, look at the name, unbind. slapd 2.5 said what begins as CAPTURED; ldap3 is the other oracle."""

from __future__ import annotations

import re

import pytest
from ldap3.protocol.rfc4511 import (
    LDAPOID,
    URI,
    AttributeDescription,
    BindResponse,
    Control,
    Controls,
    ExtendedResponse,
    LDAPMessage,
    LDAPString,
    MessageID,
    PartialAttribute,
    PartialAttributeList,
    ProtocolOp,
    ResponseName,
    ResultCode,
    SearchResultDone,
    SearchResultEntry,
    SearchResultReference,
    Vals,
)
from pyasn1.codec.ber import decoder, encoder

from lvs_rawcheck.checks.base import Conversation, Reason
from lvs_rawcheck.checks.ldap.conversation import LdapConversation
from lvs_rawcheck.errors import UsageError
from tests.checks.binary.talk import MakeConversation, Turn, cuts, play, prepare, told

USER, PASSWORD, BASE = "cn=alice,dc=example", "open sesame", "dc=example"

# bind request 1, simple, cn=alice,dc=example
BIND = bytes.fromhex("302a 020101 6025 020103 0413") + USER.encode() + bytes.fromhex("800b") + PASSWORD.encode()
# bind response 1, success
CAPTURED_BOUND = bytes.fromhex("300c 020101 6107 0a0100 0400 0400")
# bind response 1, invalidCredentials
CAPTURED_REFUSED = bytes.fromhex("300c 020101 6107 0a0131 0400 0400")
# search request 2, base dc=example, baseObject, derefFindingBaseObj, no limits, (objectClass=*), attributes 1.1
SEARCH = (
    bytes.fromhex("3034 020102 632f 040a")
    + BASE.encode()
    + bytes.fromhex("0a0100 0a0102 020100 020100 010100 870b")
    + b"objectClass"
    + bytes.fromhex("3005 0403 312e31")
)
# search entry 2, dc=example; search done 2, success
CAPTURED_ENTRY = bytes.fromhex("3013 020102 640e 040a") + BASE.encode() + bytes.fromhex("3000")
CAPTURED_DONE = bytes.fromhex("300c 020102 6507 0a0100 0400 0400")
# search done 2, noSuchObject
CAPTURED_NO_SUCH_OBJECT = bytes.fromhex("300c 020102 6507 0a0120 0400 0400")
# unbind request 3
UNBIND = bytes.fromhex("3005 020103 4200")

BOUND: list[Turn] = [(BIND, CAPTURED_BOUND)]
FOUND: list[Turn] = [*BOUND, (SEARCH, CAPTURED_ENTRY + CAPTURED_DONE)]


def ldap(receive: str | None = None, base: str = BASE) -> MakeConversation:
    pattern = re.compile(receive.encode()) if receive else None
    return lambda: LdapConversation("ldap", USER, PASSWORD, base, pattern)


def answered(*messages: bytes) -> list[Turn]:
    """Return the turns of a search that these messages answer."""
    return [*BOUND, (SEARCH, b"".join(messages))]


def message(message_id: int, name: str, operation: object, controls: Controls | None = None) -> bytes:
    """Return a message as ldap3 writes it."""
    made = LDAPMessage()
    made["messageID"] = MessageID(message_id)
    made["protocolOp"] = ProtocolOp().setComponentByName(name, operation)
    if controls is not None:
        made["controls"] = controls
    octets: bytes = encoder.encode(made)
    return octets


def result(kind: type, code: int, diagnostic: str = "") -> object:
    made = kind()
    made["resultCode"] = ResultCode(code)
    made["matchedDN"] = LDAPString("")
    made["diagnosticMessage"] = LDAPString(diagnostic)
    return made


def entry(name: str) -> bytes:
    """Return a search entry with an attribute that nobody asked for."""
    attribute = PartialAttribute()
    attribute["type"] = AttributeDescription("description")
    attribute["vals"] = Vals().setComponentByPosition(0, "x" * 300)
    made = SearchResultEntry()
    made["object"] = LDAPString(name)
    made["attributes"] = PartialAttributeList().setComponentByPosition(0, attribute)
    return message(2, "searchResEntry", made)


def done(code: int, diagnostic: str = "") -> bytes:
    return message(2, "searchResDone", result(SearchResultDone, code, diagnostic))


# What passes -------------------------------------------------------------------------------------------


def test_bound_and_found() -> None:
    verdict = play(ldap(), FOUND, UNBIND)
    assert (verdict.reason, verdict.detail) == (Reason.OK, "bound, and found the entry 'dc=example'")


def test_what_is_told() -> None:
    assert told(ldap(), FOUND, UNBIND) == [
        "> bind request (simple, cn=alice,dc=example)",
        "< bind response (success (0))",
        "> search request (base 'dc=example')",
        "< search entry ('dc=example')",
        "< search done (success (0))",
        "> unbind request",
    ]


def test_an_anonymous_bind_and_the_root_dse() -> None:
    talk = prepare("ldap")
    assert isinstance(talk, Conversation)
    assert talk.connected() is None
    assert talk.octets_to_send() == bytes.fromhex("300c 020101 6007 020103 0400 8000")
    assert talk.data_received(CAPTURED_BOUND) is None
    assert talk.octets_to_send() == SEARCH.replace(b"0\x34", b"0\x2a").replace(
        b"c\x2f\x04\x0adc=example", b"c\x25\x04\x00"
    )


@pytest.mark.parametrize(
    ("receive", "reason"),
    [
        (None, Reason.OK),
        ("^dc=", Reason.OK),
        ("ex.*le$", Reason.OK),
        ("DC=", Reason.REGEX),
        ("description", Reason.REGEX),
    ],
)
def test_the_pattern_is_searched_in_the_name_alone(receive: str | None, reason: str) -> None:
    assert play(ldap(receive), answered(entry(BASE), done(0)), UNBIND).reason == reason


def test_references_and_intermediate_messages_are_no_entries() -> None:
    reference = message(2, "searchResRef", SearchResultReference().setComponentByPosition(0, URI("ldap://elsewhere/")))
    intermediate = bytes.fromhex("3005 020102 7900")
    assert play(ldap(), answered(reference, intermediate, entry(BASE), reference, done(0)), UNBIND).healthy
    assert not play(ldap(), answered(reference, intermediate, done(0)), UNBIND).healthy


def test_controls_are_passed_over() -> None:
    control = Control()
    control["controlType"] = LDAPOID("1.2.3")
    bound = message(1, "bindResponse", result(BindResponse, 0), Controls().setComponentByPosition(0, control))
    assert play(ldap(), [(BIND, bound), (SEARCH, entry(BASE) + done(0))], UNBIND).healthy


# What does not -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (49, "the bind was refused: invalidCredentials (49), 'so'"),
        (14, "the bind was refused: saslBindInProgress (14), 'so'"),
        (10, "the bind was refused: referral (10), 'so'"),
        (77, "the bind was refused: result (77), 'so'"),
    ],
)
def test_a_refused_bind(code: int, sentence: str) -> None:
    refused = bytearray(message(1, "bindResponse", result(BindResponse, 49, "so")))
    refused[refused.index(b"\n\x01\x31") + 2] = code  # ldap3 itself writes the codes alone that it knows
    verdict = play(ldap(), [(BIND, bytes(refused))])
    assert (verdict.reason, verdict.detail) == (Reason.RESPONSE, sentence)


def test_as_slapd_says_it() -> None:
    verdict = play(ldap(), [(BIND, CAPTURED_REFUSED)])
    assert (verdict.reason, verdict.detail) == (Reason.RESPONSE, "the bind was refused: invalidCredentials (49)")
    verdict = play(ldap(), answered(CAPTURED_NO_SUCH_OBJECT), UNBIND)
    assert (verdict.reason, verdict.detail) == (Reason.RESPONSE, "the search was refused: noSuchObject (32)")


def test_no_entry_and_two_entries() -> None:
    verdict = play(ldap(), answered(done(0)), UNBIND)
    assert (verdict.reason, verdict.detail) == (
        Reason.RESPONSE,
        "the search succeeded, but brought no entry 'dc=example'",
    )
    assert play(ldap(), answered(entry(BASE), entry(BASE))).reason == Reason.RESPONSE


def test_an_entry_and_then_an_error() -> None:
    verdict = play(ldap(), answered(entry(BASE), done(51, "later")), UNBIND)
    assert (verdict.reason, verdict.detail) == (Reason.RESPONSE, "the search was refused: busy (51), 'later'")


def test_a_notice_of_disconnection() -> None:
    notice = result(ExtendedResponse, 52, "going down")
    notice["responseName"] = ResponseName("1.3.6.1.4.1.1466.20036")  # type: ignore[index]
    octets = message(0, "extendedResp", notice)
    during_the_bind: list[Turn] = [(BIND, octets)]
    for turns in (during_the_bind, answered(entry(BASE), octets)):
        verdict = play(ldap(), turns)
        assert verdict.reason == Reason.CLOSED
        assert verdict.detail == "the server ends the session: unavailable (52), 'going down'"


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "octets that are not LDAP, the first is 0x48"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "octets that are not LDAP, the first is 0x15"),
        (bytes.fromhex("3084 7fffffff"), "a message of 2147483653 octets, more than 1048576"),
        (bytes.fromhex("3083 100000"), "a message of 1048581 octets, more than 1048576"),
        (bytes.fromhex("3080 0000"), "a length of the form 0x80, which LDAP does not have"),
        (bytes.fromhex("3085 0000000001"), "a length of the form 0x85, which LDAP does not have"),
        (bytes.fromhex("3000"), "an element that is longer than what it is part of"),
        (bytes.fromhex("3003 020101"), "an element that is longer than what it is part of"),
        (bytes.fromhex("300c 020102 6107 0a0100 0400 0400"), "a bind response to request 2, ours was 1"),
        (bytes.fromhex("300c 020101 6507 0a0100 0400 0400"), "a search done"),
        (bytes.fromhex("300c 020101 6107 0a0180 0400 0400"), "a number of 1 octets, or a negative one"),
        (bytes.fromhex("300c 020101 6107 020100 0400 0400"), "the tag 0x02 where 0x0a should be"),
        (bytes.fromhex("300a 020101 6105 0a0100 0409"), "an element that is longer than what it is part of"),
        (bytes.fromhex("3006 020101 7f2100"), "the tag 0x7f, which LDAP does not have"),
    ],
)
def test_what_is_not_ldap(octets: bytes, sentence: str) -> None:
    verdict = play(ldap(), [(BIND, octets)])
    assert (verdict.reason, verdict.detail) == (Reason.PROTOCOL, f"instead of the answer to the bind: {sentence}")


def test_an_end_too_early_says_what_was_awaited() -> None:
    verdicts = list(cuts(ldap(), FOUND))
    assert {verdict.reason for verdict in verdicts} == {Reason.CLOSED}
    assert {verdict.detail for verdict in verdicts} == {
        "the server closed the connection before the answer to the bind",
        "the server closed the connection before the result of the search",
    }


# What ldap3 reads of ours ------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [BASE, "", "ou=" + "ü" * 200])
def test_ldap3_reads_our_requests(base: str) -> None:
    talk = ldap(base=base)()
    talk.connected()
    bind = decoder.decode(talk.octets_to_send(), asn1Spec=LDAPMessage())[0]["protocolOp"]["bindRequest"]
    assert (int(bind["version"]), str(bind["name"])) == (3, USER)
    assert bytes(bind["authentication"]["simple"]) == PASSWORD.encode()
    talk.data_received(CAPTURED_BOUND)
    search = decoder.decode(talk.octets_to_send(), asn1Spec=LDAPMessage())[0]["protocolOp"]["searchRequest"]
    assert bytes(search["baseObject"]) == base.encode()
    assert [int(search[name]) for name in ("scope", "derefAliases", "sizeLimit", "timeLimit")] == [0, 2, 0, 0]
    assert str(search["filter"]["present"]) == "objectClass"
    assert [str(name) for name in search["attributes"]] == ["1.1"]
    talk.data_received(entry(base) + done(0))
    unbind, rest = decoder.decode(talk.octets_to_send(), asn1Spec=LDAPMessage())
    assert (unbind["protocolOp"].getName(), rest) == ("unbindRequest", b"")


# What it can be told -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"login": USER}, "needs a password that is not empty"),
        ({"login": USER, "password_file": ""}, "needs a password that is not empty"),
        ({"password_file": PASSWORD}, "a password without a login"),
        ({"receive": "("}, "receive|pattern|parenthes|\\("),
        ({"regex_dialect": "perl"}, "regex-dialect is about a regex, and there is none"),
        ({"request": "\udcff"}, "the request is not UTF-8"),
        ({"tls_name": "web.example"}, "say tls as well"),
    ],
)
def test_what_cannot_be_meant(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        prepare("ldap", **values)
