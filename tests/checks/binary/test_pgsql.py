# SPDX-License-Identifier: GPL-2.0-or-later
"""pgsql: a login by every password it may ask for, a query, goodbye. PostgreSQL 15 said what begins as CAPTURED."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.pgsql.conversation import PgsqlConversation
from lvs_rawcheck.checks.sql import RESULT_OCTETS_MOST, Wishes
from lvs_rawcheck.errors import UsageError
from tests.checks.binary.talk import TLS, MakeConversation, Turn, after, cuts, play, prepare, told

PASSWORD, QUERY = "open sesame", "SELECT * FROM goods"
NONCE = b"fyko+d2lbbFgONRv9qkxdawL"

TLS_REQUEST = bytes.fromhex("00000008 04d2162f")
TERMINATE = b"X\x00\x00\x00\x04"
# authentication ok; parameter status server_version = 15.18; backend key data; ready for query
ACCEPTED = bytes.fromhex("52 00000008 00000000")
SESSION = (
    bytes.fromhex("53 00000019")
    + b"server_version\x0015.18\x00"
    + bytes.fromhex("4b 0000000c 0000000b 9b174583")
    + bytes.fromhex("5a 00000005 49")
)
# row description (name, price); data rows apple 3, pear 4; command complete SELECT 2; ready for query
CAPTURED_TWO_ROWS = bytes.fromhex(
    "540000003500026e616d650000003505000100000413ffff0000002c0000707269636500000035050002000000170004ffffffff0000"
    "44000000140002000000056170706c650000000133 44000000130002000000047065617200000001 34"
    "430000000d53454c454354203200 5a0000000549"
)
# row description (name); command complete SELECT 0; ready for query
CAPTURED_NO_ROW = bytes.fromhex(
    "540000001d00016e616d650000003508000100000413ffff0000002c0000 430000000d53454c454354203000 5a0000000549"
)
# error ERROR 42P01 relation "nowhere" does not exist; ready for query
CAPTURED_WRONG_QUERY = bytes.fromhex(
    "450000006a534552524f5200564552524f5200433432503031004d72656c6174696f6e20226e6f77686572652220646f6573206e6f742065"
    "7869737400503135004670617273655f72656c6174696f6e2e63004c3133393200527061727365724f70656e5461626c650000"
    "5a0000000549"
)
# error FATAL 28P01 password authentication failed for user "alice"
CAPTURED_REFUSED = bytes.fromhex(
    "450000006553464154414c0056464154414c00433238503031004d70617373776f72642061757468656e7469636174696f6e206661696c656420"
    "666f7220757365722022616c696365220046617574682e63004c3333340052617574685f6661696c65640000"
)
# authentication SASL: SCRAM-SHA-256
CAPTURED_SASL = bytes.fromhex("52000000170000000a534352414d2d5348412d3235360000")
# SASL continue: nonce, salt, i=4096
CAPTURED_CHALLENGE = bytes.fromhex("52 0000005c 0000000b") + (
    b"r=fyko+d2lbbFgONRv9qkxdawLsbxfKSeHH0uAiRl6Xkg1Xw4+,s=RcQV50sCo6SkZywN3zu0ig==,i=4096"
)
# SASL final
CAPTURED_PROOF = bytes.fromhex("52 00000036 0000000c") + b"v=4uHXu8tE36mFzzxGl+AkWsICgLAFiYJrP3H/LkUeuks="


def message(letter: bytes, content: bytes) -> bytes:
    return letter + (4 + len(content)).to_bytes(4, "big") + content


def asks_for(method: int, rest: bytes = b"") -> bytes:
    return message(b"R", method.to_bytes(4, "big") + rest)


def password(content: bytes) -> bytes:
    return message(b"p", content)


def startup(user: bytes) -> bytes:
    words = b"user\0" + user + b"\0database\0shop\0application_name\0lvs-rawcheck\0\0"
    return (8 + len(words)).to_bytes(4, "big") + bytes.fromhex("00030000") + words


def asks_query(text: str = QUERY) -> bytes:
    return message(b"Q", text.encode() + b"\0")


def pgsql(user: str = "alice", secret: str = PASSWORD, tls: str = "") -> MakeConversation:
    wishes = Wishes(user, QUERY, secret, "shop", tls != "", tls == "required")
    return lambda: PgsqlConversation(wishes, lambda: NONCE)


def logged_in(*answers: bytes) -> list[Turn]:
    """Return the turns of a trusted user, whose query these messages answer."""
    return [(startup(b"alice"), ACCEPTED + SESSION), (asks_query(), b"".join(answers))]


PROVEN: list[Turn] = [
    (startup(b"alice"), CAPTURED_SASL),
    (password(b"SCRAM-SHA-256\0" + bytes.fromhex("00000020") + b"n,,n=,r=" + NONCE), CAPTURED_CHALLENGE),
    (
        password(
            b"c=biws,r=fyko+d2lbbFgONRv9qkxdawLsbxfKSeHH0uAiRl6Xkg1Xw4+,p=193FOxYre3ASXULlkgHWSC2ncVoNyN8aWwiaUR+DCco="
        ),
        CAPTURED_PROOF + ACCEPTED + SESSION,
    ),
    (asks_query(), CAPTURED_TWO_ROWS),
]

# Logins ------------------------------------------------------------------------------------------------


def test_scram_as_postgresql_accepted_it() -> None:
    verdict = play(pgsql(), PROVEN, TERMINATE)
    assert (verdict.reason, verdict.detail) == (Reason.OK, "logged in, and the query brought 2 rows")


def test_md5_as_postgresql_accepted_it() -> None:
    turns: list[Turn] = [
        (startup(b"mike"), asks_for(5, bytes.fromhex("5c194cb0"))),
        (
            password(bytes.fromhex("6d6435366533383463333961663662366631633165663361303065616235363037376300")),
            ACCEPTED + SESSION,
        ),
        (asks_query(), CAPTURED_TWO_ROWS),
    ]
    assert play(pgsql("mike"), turns, TERMINATE).healthy


def test_a_password_in_the_clear() -> None:
    turns: list[Turn] = [
        (startup(b"alice"), asks_for(3)),
        (password(PASSWORD.encode() + b"\0"), ACCEPTED + SESSION),
        (asks_query(), CAPTURED_TWO_ROWS),
    ]
    assert play(pgsql(), turns, TERMINATE).healthy


def test_a_trusted_user() -> None:
    assert play(pgsql(secret=""), logged_in(CAPTURED_TWO_ROWS), TERMINATE).healthy


def test_what_is_told_hides_the_password() -> None:
    told_clear = told(pgsql(), [(startup(b"alice"), asks_for(3)), (password(PASSWORD.encode() + b"\0"), b"")])
    assert told_clear == [
        "> startup (user 'alice', database 'shop')",
        "< authentication (password in the clear)",
        "> password (in the clear)",
    ]
    assert told(pgsql(), PROVEN, TERMINATE) == [
        "> startup (user 'alice', database 'shop')",
        "< authentication (SASL)",
        "> SASL initial response (SCRAM-SHA-256)",
        "< authentication (SASL, go on)",
        "> SASL response (proof)",
        "< authentication (SASL, the server's proof)",
        "< authentication (accepted)",
        "< parameter status ('server_version' = '15.18')",
        "< backend key data",
        "< ready for query",
        "> query ('SELECT * FROM goods')",
        "< row description",
        "< data row",
        "< data row",
        "< command complete ('SELECT 2')",
        "< ready for query",
        "> terminate",
    ]


def test_the_version_is_a_fact() -> None:
    talk = pgsql(secret="")()
    talk.connected()
    assert talk.facts() == {}
    talk.data_received(ACCEPTED + SESSION)
    assert talk.facts() == {"server_version": "15.18"}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (CAPTURED_REFUSED, "the login was refused: FATAL 28P01 'password authentication failed for user \"alice\"'"),
        (message(b"E", b"SFATAL\0C57P03\0Mstarting up\0\0"), "the login was refused: FATAL 57P03 'starting up'"),
        (message(b"E", b"\0"), "the login was refused: '' '' ''"),
        (asks_for(7), "the server asks for a login by GSSAPI, which this check cannot make"),
        (asks_for(99), "the server asks for a login by method 99, which this check cannot make"),
        (
            asks_for(10, b"SCRAM-SHA-1\0\0"),
            "the server asks for a login by SASL, 'SCRAM-SHA-1', which this check cannot make",
        ),
    ],
)
def test_a_refused_login(answer: bytes, sentence: str) -> None:
    verdict = play(pgsql(), [(startup(b"alice"), answer)])
    assert (verdict.reason, verdict.detail) == (Reason.RESPONSE, sentence)


@pytest.mark.parametrize("answer", [asks_for(3), asks_for(5, b"salt"), CAPTURED_SASL])
def test_a_password_that_is_not_there(answer: bytes) -> None:
    verdict = play(pgsql(secret=""), [(startup(b"alice"), answer)])
    assert (verdict.reason, verdict.detail) == (
        Reason.RESPONSE,
        "the server asks for a password of 'alice', and there is none",
    )


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (CAPTURED_PROOF, "the middle of a login that was not begun"),
        (CAPTURED_CHALLENGE, "the middle of a login that was not begun"),
        (message(b"R", b"\0\0"), "an authentication message without a kind"),
        (message(b"D", b"\0\0"), "a message 'data row'"),
        (message(b"Z", b"I"), "a message 'ready for query'"),
        (ACCEPTED + asks_for(3), "a message 'authentication'"),
        (bytes.fromhex("52 00000003"), "a message of 4 octets, its header alone has 5"),
        (bytes.fromhex("52 7fffffff"), "a message of 2147483648 octets, more than 1048576"),
    ],
)
def test_what_no_login_is(answer: bytes, sentence: str) -> None:
    verdict = play(pgsql(), [(startup(b"alice"), answer)])
    assert (verdict.reason, verdict.detail) == (Reason.PROTOCOL, f"instead of the answer to the login: {sentence}")


@pytest.mark.parametrize("answer", [b"\x15\x03\x03\x00\x02\x02\x46", b"-ERR unknown command\r\n"])
def test_what_is_not_postgresql_is_quoted(answer: bytes) -> None:
    talk = after(pgsql(), [])
    verdict = talk.data_received(answer)
    assert verdict is not None
    assert verdict.reason == Reason.PROTOCOL
    assert verdict.detail.startswith("instead of the answer to the login: octets that are not PostgreSQL's: ")


# SCRAM -------------------------------------------------------------------------------------------------


def answered_challenge(challenge: bytes) -> list[Turn]:
    return [*PROVEN[:1], (PROVEN[1][0], asks_for(11, challenge))]


@pytest.mark.parametrize(
    ("challenge", "sentence"),
    [
        (b"r=other,s=AAAA,i=1", "a SCRAM challenge that does not go on from our nonce"),
        (b"r=" + NONCE + b",s=AAAA,i=1", "a SCRAM challenge that does not go on from our nonce"),
        (b"r=" + NONCE + b"x,s=!,i=1", "a SCRAM message whose base64 is none"),
        (b"r=" + NONCE + b"x,s=AAAA,i=0", "a SCRAM challenge of not 1 to 1000000 iterations"),
        (b"r=" + NONCE + b"x,s=AAAA,i=2000000000", "a SCRAM challenge of not 1 to 1000000 iterations"),
        (b"r=" + NONCE + b"x,s=AAAA,i=" + b"9" * 5000, "a SCRAM challenge of not 1 to 1000000 iterations"),
        (b"r=" + NONCE + b"x,s=AAAA", "a SCRAM challenge of not 1 to 1000000 iterations"),
        (b"", "a SCRAM challenge that does not go on from our nonce"),
    ],
)
def test_challenges_that_cannot_be(challenge: bytes, sentence: str) -> None:
    verdict = play(pgsql(), answered_challenge(challenge))
    assert (verdict.reason, verdict.detail) == (Reason.PROTOCOL, f"instead of the answer to the login: {sentence}")


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (ACCEPTED + SESSION, "a login accepted before the server has proven that it knows the password"),
        (asks_for(12, b"v=AAAA"), "a signature that shows that the server does not know the password"),
        (asks_for(12, b"e=other-error"), "a signature that shows that the server does not know the password"),
        (CAPTURED_CHALLENGE, "a second SCRAM challenge"),
        (CAPTURED_SASL, "a second request for a login"),
        (asks_for(3), "a second request for a login"),
    ],
)
def test_servers_that_do_not_prove_themselves(end: bytes, sentence: str) -> None:
    verdict = play(pgsql(), [*PROVEN[:2], (PROVEN[2][0], end)])
    assert (verdict.reason, verdict.detail) == (Reason.PROTOCOL, f"instead of the answer to the login: {sentence}")


@pytest.mark.parametrize(
    ("secret", "prepared"),
    [
        ("pencil", "pencil"),
        ("I\u00adX", "IX"),  # RFC 4013 3, examples 1 to 4: a soft hyphen goes, ...
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("\u00a0x", " x"),
        ("\u0627\u0031", "\u0627\u0031"),  # forbidden, example 7: taken as it is
        ("a\u0007\u00fc", "a\u0007\u00fc"),
        ("\u00ad", "\u00ad"),
    ],
)
def test_passwords_are_prepared(secret: str, prepared: str) -> None:
    from lvs_rawcheck.checks.pgsql.scram import prepared as saslprep

    assert saslprep(secret) == prepared.encode()


def test_scram_by_rfc_7677() -> None:
    from lvs_rawcheck.checks.pgsql.scram import ScramClient

    client = ScramClient(b"pencil", b"rOprNGfwEbeRWgbNEkqO", b"user")
    assert client.first_message() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    nonce = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    final = client.final_message(b"r=" + nonce + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    assert final == b"c=biws,r=" + nonce + b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    assert client.is_proven_by(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert not client.is_proven_by(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_the_nonce_is_new_each_time() -> None:
    first, second = (prepare("pgsql", login="alice", request=QUERY, password_file="x") for _ in range(2))
    said = []
    for talk in (first, second):
        assert isinstance(talk, PgsqlConversation)
        talk.connected()
        talk.octets_to_send()
        talk.data_received(CAPTURED_SASL)
        said.append(talk.octets_to_send())
    assert said[0] != said[1]
    assert len(said[0]) == len(said[1]) == len(PROVEN[1][0])


# Queries -----------------------------------------------------------------------------------------------


def complete(tag: bytes) -> bytes:
    return message(b"C", tag + b"\0")


READY = message(b"Z", b"I")
ROW = message(b"D", bytes.fromhex("0001 00000001 31"))


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (CAPTURED_NO_ROW, Reason.RESPONSE, "logged in, but the query brought no row"),
        (CAPTURED_WRONG_QUERY, Reason.RESPONSE, "the query failed: ERROR 42P01 'relation \"nowhere\" does not exist'"),
        (complete(b"UPDATE 1") + READY, Reason.OK, "logged in, and the query brought 1 row"),
        (complete(b"INSERT 0 3") + READY, Reason.OK, "logged in, and the query brought 3 rows"),
        (complete(b"UPDATE 0") + READY, Reason.RESPONSE, "logged in, but the query brought no row"),
        (complete(b"SET") + READY, Reason.RESPONSE, "logged in, but the query brought no row"),
        (complete(b"SELECT " + b"9" * 400) + READY, Reason.RESPONSE, "logged in, but the query brought no row"),
        (message(b"I", b"") + READY, Reason.RESPONSE, "logged in, but the query brought no row"),
        (
            message(b"N", b"SNOTICE\0C00000\0Mby the way\0\0") + ROW + complete(b"SELECT 1") + READY,
            Reason.OK,
            "logged in, and the query brought 1 row",
        ),
        (
            ROW + message(b"E", b"SERROR\0C22012\0Mdivision by zero\0\0") + complete(b"SELECT 1") + READY,
            Reason.RESPONSE,
            "the query failed: ERROR 22012 'division by zero'",
        ),
    ],
)
def test_results(answer: bytes, reason: str, detail: str) -> None:
    verdict = play(pgsql(), logged_in(answer), TERMINATE)
    assert (verdict.reason, verdict.detail) == (reason, detail)


@pytest.mark.parametrize("letter", [b"G", b"H", b"W"])
def test_a_query_that_copies(letter: bytes) -> None:
    assert play(pgsql(), logged_in(message(letter, b"\0\0\0"))).reason == Reason.RESPONSE


def test_an_error_may_be_the_last_word() -> None:
    fatal = message(b"E", b"SFATAL\0C57P01\0Mterminating connection\0\0")
    verdict = play(pgsql(), logged_in(ROW, fatal))
    assert (verdict.reason, verdict.detail) == (
        Reason.RESPONSE,
        "the query failed: FATAL 57P01 'terminating connection'",
    )


@pytest.mark.parametrize("tag", [b"SHOW\0", b"EXPLAIN\0", b"CALL\0", b"SELECT 1\0"])
def test_rows_count_whatever_the_command_is_called(tag: bytes) -> None:
    rows = message(b"T", b"\0\1name\0" + bytes(18)) + message(b"D", b"\0\1\0\0\0\2on")
    verdict = play(pgsql(), logged_in(rows + message(b"C", tag), message(b"Z", b"I")), TERMINATE)
    assert (verdict.reason, verdict.detail) == (Reason.OK, "logged in, and the query brought 1 row")


def test_rows_count_that_came_before_one_too_long_to_hold() -> None:
    begun = message(b"T", b"\0\1name\0" + bytes(18)) + message(b"D", b"\0\1\0\0\0\2on")
    verdict = after(pgsql(), logged_in()[:1]).data_received(begun + b"D" + (1 << 24).to_bytes(4, "big"))
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.OK, "logged in, and the query brought 1 rows and more")


def test_a_password_that_is_repeated_to_us_is_not_told() -> None:
    said = message(b"E", b"SFATAL\0C28P01\0M" + PASSWORD.encode() + b" is wrong\0\0")
    verdict = after(pgsql(), []).data_received(said)
    assert verdict is not None
    assert verdict.detail == "the login was refused: FATAL 28P01 '*** is wrong'"


def test_a_long_result_is_not_read_to_its_end() -> None:
    big, asked = message(b"D", bytes(RESULT_OCTETS_MOST // 4)), logged_in()[:1]
    verdict = after(pgsql(), asked).data_received(big * 4)
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.OK, "logged in, and the query brought 4 rows and more")
    verdict = after(pgsql(), asked).data_received(message(b"N", bytes(RESULT_OCTETS_MOST // 4)) * 4)
    assert verdict is not None
    assert verdict.reason == Reason.RESPONSE


def test_an_end_too_early_says_what_was_awaited() -> None:
    verdicts = list(cuts(pgsql(), PROVEN))
    assert {verdict.reason for verdict in verdicts} == {Reason.CLOSED}
    assert {verdict.detail for verdict in verdicts} == {
        "the server closed the connection before the answer to the login",
        "the server closed the connection before the result of the query",
    }


# TLS ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["required", "offered"])
def test_tls_before_the_login(tls: str) -> None:
    talk = pgsql(tls=tls)()
    assert talk.connected() is None
    assert talk.octets_to_send() == TLS_REQUEST
    assert not talk.ready_for_tls
    assert talk.awaiting() == "the answer to the request for TLS"
    assert talk.data_received(b"S") is None
    assert talk.ready_for_tls
    assert talk.octets_to_send() == b"", "nothing goes out in the clear"
    turns: list[Turn] = [(TLS_REQUEST, b"S"), (b"", TLS), *PROVEN]
    assert play(pgsql(tls=tls), turns, TERMINATE).healthy
    assert told(pgsql(tls=tls), [(TLS_REQUEST, b"S")]) == ["> request for TLS", "< answer to the request for TLS: yes"]


def test_a_server_without_tls() -> None:
    verdict = play(pgsql(tls="required"), [(TLS_REQUEST, b"N")])
    assert (verdict.reason, verdict.detail) == (Reason.TLS, "the server has no TLS")
    assert play(pgsql(tls="offered"), [(TLS_REQUEST, b"N"), *PROVEN], TERMINATE).healthy


def test_what_follows_the_yes_in_the_clear_is_refused() -> None:
    talk = pgsql(tls="required")()
    talk.connected()
    verdict = talk.data_received(b"S" + ACCEPTED + SESSION)
    assert verdict is not None
    assert verdict.reason == Reason.PROTOCOL
    assert not talk.ready_for_tls


def test_other_answers_to_the_request_for_tls() -> None:
    refused = message(b"E", b"SFATAL\0C53300\0Mtoo many clients\0\0")
    verdict = play(pgsql(tls="required"), [(TLS_REQUEST, refused)])
    assert (verdict.reason, verdict.detail) == (
        Reason.RESPONSE,
        "the login was refused: FATAL 53300 'too many clients'",
    )
    assert play(pgsql(tls="required"), [(TLS_REQUEST, b"H")]).reason == Reason.PROTOCOL
    (closed,) = {verdict.detail for verdict in cuts(pgsql(tls="required"), [(TLS_REQUEST, b"S")])}
    assert closed == "the server closed the connection before the answer to the request for TLS"


# What it can be told -----------------------------------------------------------------------------------


def enough(**values: object) -> dict[str, object]:
    """Return what is enough, and more."""
    return {"login": "alice", "request": QUERY, **values}


@pytest.mark.parametrize("kind", ["pgsql", "mysql"])
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "by a login and a request"),
        ({"login": "alice"}, "by a login and a request"),
        ({"request": QUERY}, "by a login and a request"),
        (enough(login="a\0b"), "the login holds a NUL"),
        (enough(password_file="secr\0et"), "the password holds a NUL"),
        (enough(database="\udcff"), "the database is not UTF-8"),
        (enough(request="x" * 65537), "the request is longer than 65536 octets"),
        (enough(tls=True, tls_if_offered=True), "give one or the other"),
        (enough(sni="db.example"), "say tls as well"),
        (enough(tls_if_offered=True, tls_verify=True), "tls-verify would demand nothing then"),
        (enough(tls_if_offered=True, tls_min_days=3), "tls-min-days would demand nothing then"),
    ],
)
def test_what_cannot_be_meant(kind: str, values: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as raised:
        prepare(kind, **values)
    assert "secr" not in str(raised.value)


def test_an_independent_server_agrees() -> None:
    """Play the server's half of SCRAM from RFC 5802 3, with a password that needs preparation."""
    talk = pgsql(secret="\u2168\u00ad")()
    talk.connected()
    talk.data_received(CAPTURED_SASL)
    first_bare = talk.octets_to_send().split(b"n,,")[1]
    server_first = b"r=" + NONCE + b"srv,s=" + b64encode(b"salt") + b",i=16"
    talk.data_received(asks_for(11, server_first))
    without_proof, _, proof = talk.octets_to_send()[5:].partition(b",p=")
    salted = hashlib.pbkdf2_hmac("sha256", b"IX", b"salt", 16)
    text = first_bare + b"," + server_first + b"," + without_proof
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    signature = hmac.digest(stored, text, "sha256")
    client_key = bytes(a ^ b for a, b in zip(b64decode(proof), signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored
    verifier = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), text, "sha256")
    assert talk.data_received(asks_for(12, b"v=" + b64encode(verifier)) + ACCEPTED + SESSION) is None
    assert talk.octets_to_send() == asks_query()
