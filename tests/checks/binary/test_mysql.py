# SPDX-License-Identifier: GPL-2.0-or-later
"""mysql: greeting, login, query, goodbye. MariaDB 10.11 said what begins as CAPTURED.

caching_sha2_password is MySQL's alone, which Debian does not have: its proof is tried against an exchange of MySQL 8's
that others have published, its turns against a server of our own that follows MySQL's source documentation.
"""

from __future__ import annotations

from hashlib import sha1, sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lvs_rawcheck.checks.base import Conversation, Reason
from lvs_rawcheck.checks.mysql.conversation import MysqlConversation
from lvs_rawcheck.checks.mysql.login import native_proof, sha2_proof
from lvs_rawcheck.checks.sql import RESULT_OCTETS_MOST, Wishes
from tests.checks.binary.talk import TLS, MakeConversation, Turn, after, cuts, play, prepare, told

PASSWORD, QUERY = "open sesame", "SELECT * FROM goods"
NATIVE, SHA2 = b"mysql_native_password", b"caching_sha2_password"

# greeting 10, 5.5.5-10.11.19-MariaDB-0+deb12u1, thread 5, nonce, mysql_native_password
CAPTURED_GREETING = bytes.fromhex(
    "64000000 0a 352e352e352d31302e31312e31392d4d6172696144422d302b646562313275310005000000276e782f7b447c6600feff2d0200"
    "ff81150000000000001d00000068596570235976667c5f4723006d7973716c5f6e61746976655f70617373776f726400"
)
# handshake response: capabilities, 16 MiB, utf8mb4, alice, proof of the password, shop, mysql_native_password
LOGIN = bytes.fromhex(
    "56000001 09a20a00 00000001 2d 0000000000000000000000000000000000000000000000 616c69636500"
    "14962f91eb05f7f2f841b87f3d97ed2b0ca0ca1dea 73686f7000 6d7973716c5f6e61746976655f70617373776f726400"
)
# ok
CAPTURED_OK = bytes.fromhex("07000002 00000002000000")
ASKS_QUERY = bytes.fromhex("14000000 03") + QUERY.encode()
# 2 columns, name and price, their end; rows apple 3, pear 4, their end
CAPTURED_TWO_ROWS = bytes.fromhex(
    "0100000102 2c000002036465660473686f7005676f6f647305676f6f6473046e616d65046e616d650c2d00a0000000fd0000000000"
    "2e000003036465660473686f7005676f6f647305676f6f64730570726963650570726963650c3f000b000000030000000000"
    "05000004fe00002200 08000005056170706c650133 0700000604706561720134 05000007fe00002200"
)
# 1 column, name, its end; the end of the rows
CAPTURED_NO_ROW = bytes.fromhex(
    "0100000101"
    "30000002036465660473686f70076e6f7468696e67076e6f7468696e67046e616d65046e616d650c2d00a0000000fd0000000000"
    "05000003fe00002200 05000004fe00002200"
)
# error 1146 (42S02) Table 'shop.nowhere' doesn't exist
CAPTURED_WRONG_QUERY = bytes.fromhex(
    "2b000001ff7a042334325330325461626c65202773686f702e6e6f77686572652720646f65736e2774206578697374"
)
# error 1045 (28000) Access denied for user 'alice'@'10.0.0.100' (using password: YES)
CAPTURED_DENIED = bytes.fromhex(
    "4a000002ff15042332383030304163636573732064656e69656420666f7220757365722027616c69636527402731302e302e302e313030272028"
    "7573696e672070617373776f72643a2059455329"
)
# another login: client_ed25519
CAPTURED_ED25519 = bytes.fromhex(
    "30000002fe636c69656e745f6564323535313900cb7cb3606455c9085f3c1ba54079b689c965f71ff01943e81c87c6aea0f96eb1"
)
QUIT = bytes.fromhex("01000000 01")

CAPABILITIES, TLS_OFFERED = bytes.fromhex("09a20a00"), 0x0800
NONCE = bytes(range(1, 21))
OTHER_NONCE = bytes(range(101, 121))


def packet(number: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes((number,)) + content


def greeting(
    plugin: bytes = SHA2, capabilities: int = 0x00080200 | 0x8000 | TLS_OFFERED, nonce: bytes = NONCE
) -> bytes:
    """Return what a MySQL 8 says first."""
    low, high = capabilities.to_bytes(4, "little")[:2], capabilities.to_bytes(4, "little")[2:]
    content = b"\x0a8.0.40\0" + bytes(4) + nonce[:8] + b"\0" + low + b"\xff\x02\x00" + high + b"\x15" + bytes(10)
    return packet(0, content + nonce[8:] + b"\0" + plugin + b"\0")


def login(proof: bytes, number: int = 1, plugin: bytes = SHA2, capabilities: bytes = CAPABILITIES) -> bytes:
    fixed = capabilities + bytes.fromhex("00000001 2d") + bytes(23)
    return packet(number, fixed + b"alice\0" + bytes((len(proof),)) + proof + b"shop\0" + plugin + b"\0")


def mysql(secret: str = PASSWORD, tls: str = "") -> MakeConversation:
    wishes = Wishes("alice", QUERY, secret, "shop", tls != "", tls in ("required", "verified"), tls == "verified")
    return lambda: MysqlConversation(wishes)


def logged_in(*answers: bytes) -> list[Turn]:
    return [(b"", CAPTURED_GREETING), (LOGIN, CAPTURED_OK), (ASKS_QUERY, b"".join(answers))]


TWO_ROWS = logged_in(CAPTURED_TWO_ROWS)
PROOF = sha2_proof(PASSWORD.encode(), NONCE)
ACCEPTED_AND_FOUND: list[Turn] = [(ASKS_QUERY, CAPTURED_TWO_ROWS)]

# Proofs ------------------------------------------------------------------------------------------------


def test_the_native_proof_is_what_a_server_can_verify() -> None:
    """MySQL keeps SHA1(SHA1(password)), and finds SHA1(password) by it."""
    proof = native_proof(b"secret", NONCE)
    kept = sha1(sha1(b"secret").digest()).digest()
    found = bytes(a ^ b for a, b in zip(proof, sha1(NONCE + kept).digest(), strict=True))
    assert sha1(found).digest() == kept
    assert native_proof(b"", NONCE) == b""


def test_the_sha2_proof_of_a_published_exchange() -> None:
    """The nonce and the proof of a login with the password `secret`, in the tests of Go's MySQL driver."""
    nonce = bytes.fromhex("5a694a7e1e30253803177 37f45162954207b2b76".replace(" ", ""))
    proof = sha2_proof(b"secret", nonce)
    assert proof.hex() == "66200523 8fa18cf1abe8388b2b0e6bc4f9aa933cdccc78b2d60fb8961a3d39eb".replace(" ", "")
    kept = sha256(sha256(b"secret").digest()).digest()
    found = bytes(a ^ b for a, b in zip(proof, sha256(kept + nonce).digest(), strict=True))
    assert sha256(found).digest() == kept
    assert sha2_proof(b"", nonce) == b""


# Logins ------------------------------------------------------------------------------------------------


def test_a_login_as_mariadb_accepted_it() -> None:
    verdict = play(mysql(), TWO_ROWS, QUIT)
    assert (verdict.reason, verdict.detail) == (Reason.OK, "logged in, and the query brought 2 rows")


def test_what_is_told() -> None:
    assert told(mysql(), TWO_ROWS, QUIT) == [
        "< greeting (version '5.5.5-10.11.19-MariaDB-0+deb12u1')",
        "> login (user 'alice', database 'shop', mysql_native_password)",
        "< packet 2 ('\\x00\\x00\\x00\\x02\\x00\\x00\\x00')",
        "> query ('SELECT * FROM goods')",
        "< packet 1 ('\\x02')",
        "< column",
        "< column",
        "< end of columns or rows",
        "< packet 5 ('\\x05apple\\x013')",
        "< packet 6 ('\\x04pear\\x014')",
        "< end of columns or rows",
        "> quit",
    ]


def test_the_version_is_a_fact() -> None:
    talk = mysql()()
    talk.connected()
    assert talk.facts() == {}
    talk.data_received(CAPTURED_GREETING)
    assert talk.facts() == {"server_version": "5.5.5-10.11.19-MariaDB-0+deb12u1"}


def test_a_login_without_password_and_database() -> None:
    talk = prepare("mysql", login="alice", request=QUERY)
    assert isinstance(talk, Conversation)
    talk.connected()
    talk.data_received(greeting(NATIVE))
    said = talk.octets_to_send()
    assert said == packet(1, bytes.fromhex("01a20a00 00000001 2d") + bytes(23) + b"alice\0\0" + NATIVE + b"\0")


def test_a_password_that_the_server_remembers() -> None:
    turns: list[Turn] = [
        (b"", greeting()),
        (login(PROOF), packet(2, b"\x01\x03") + packet(3, b"\0\0\0\x02\0\0\0")),
        *ACCEPTED_AND_FOUND,
    ]
    assert play(mysql(), turns, QUIT).healthy


def test_a_password_over_tls() -> None:
    secure = bytes.fromhex("09aa0a00")
    turns: list[Turn] = [
        (b"", greeting()),
        (packet(1, secure + bytes.fromhex("00000001 2d") + bytes(23)), TLS),
        (login(PROOF, 2, capabilities=secure), packet(3, b"\x01\x04")),
        (packet(4, PASSWORD.encode() + b"\0"), packet(5, b"\0\0\0\x02\0\0\0")),
        *ACCEPTED_AND_FOUND,
    ]
    assert play(mysql(tls="required"), turns, QUIT).healthy
    assert play(mysql(tls="offered"), turns, QUIT).healthy


def test_a_password_encrypted_for_the_server() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (PASSWORD, "p" * 100):
        talk = mysql(secret)()
        talk.connected()
        talk.data_received(greeting())
        assert talk.octets_to_send() == login(sha2_proof(secret.encode(), NONCE))
        talk.data_received(packet(2, b"\x01\x04"))
        assert talk.octets_to_send() == packet(3, b"\x02")
        assert talk.data_received(packet(4, b"\x01" + pem)) is None
        said = talk.octets_to_send()
        assert said[:4] == bytes.fromhex("00010005")
        hidden = key.decrypt(said[4:], padding.OAEP(padding.MGF1(SHA1()), SHA1(), None))
        clear = bytes(octet ^ NONCE[at % 20] for at, octet in enumerate(hidden))
        assert clear == secret.encode() + b"\0"
        assert talk.describe(said) == ["login, continued"]
        talk.data_received(packet(6, b"\0\0\0\x02\0\0\0"))
        assert talk.octets_to_send() == ASKS_QUERY


LONG_PASSWORD = "p" * 40
EC_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
# RSA of 512 bits, which new versions of the library make no more
SMALL_KEY = b"""-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANkznxktKj9uYnYUbCDIeEWvsKtt3rsb
Mk4tWk5C4Qv2d4woDzXm4hk7YjU3aWey4excfG3VaQGZ48Q9otjyAR0CAwEAAQ==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"x" * 5000,
        EC_KEY.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        SMALL_KEY,  # no room for that password
    ],
)
def test_keys_that_are_none(octets: bytes) -> None:
    proof = sha2_proof(LONG_PASSWORD.encode(), NONCE)
    turns: list[Turn] = [(b"", greeting()), (login(proof), packet(2, b"\x01\x04"))]
    verdict = play(mysql(LONG_PASSWORD), [*turns, (packet(3, b"\x02"), packet(4, b"\x01" + octets))])
    assert verdict.reason == Reason.PROTOCOL
    assert "a public key that" in verdict.detail


def test_another_login_of_the_user_s() -> None:
    for plugin, proof in (
        (NATIVE, native_proof(PASSWORD.encode(), OTHER_NONCE)),
        (SHA2, sha2_proof(PASSWORD.encode(), OTHER_NONCE)),
    ):
        turns: list[Turn] = [
            (b"", greeting(b"sha256_password")),
            (
                login(native_proof(PASSWORD.encode(), NONCE), plugin=NATIVE),
                packet(2, b"\xfe" + plugin + b"\0" + OTHER_NONCE + b"\0"),
            ),
            (packet(3, proof), packet(4, b"\0\0\0\x02\0\0\0")),
            *ACCEPTED_AND_FOUND,
        ]
        assert play(mysql(), turns, QUIT).healthy


WISH_FOR_THE_PASSWORD = b"\xfemysql_clear_password\0"


def test_the_clear_password_goes_to_nobody_unverified() -> None:
    verdict = play(mysql(), [(b"", greeting()), (login(PROOF), packet(2, WISH_FOR_THE_PASSWORD))])
    assert (verdict.reason, verdict.detail) == (
        Reason.RESPONSE,
        "the server wants 'alice' to log in by mysql_clear_password without a verified TLS, which this check cannot do",
    )
    talk = after(mysql(tls="required"), [(b"", greeting())])
    talk.secured()
    talk.octets_to_send()
    refused = talk.data_received(packet(3, WISH_FOR_THE_PASSWORD))
    assert refused is not None
    assert "without a verified TLS" in refused.detail
    assert talk.octets_to_send() == b""


def test_the_clear_password_goes_over_verified_tls() -> None:
    talk = after(mysql(tls="verified"), [(b"", greeting())])
    talk.secured()
    talk.octets_to_send()
    assert talk.data_received(packet(3, WISH_FOR_THE_PASSWORD)) is None
    said = talk.octets_to_send()
    assert said == packet(4, PASSWORD.encode() + b"\0")
    assert talk.describe(said) == ["another login (mysql_clear_password)"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            CAPTURED_DENIED,
            "the login was refused: 1045 (28000) \"Access denied for user 'alice'@'10.0.0.100' (using password: YES)\"",
        ),
        (CAPTURED_ED25519, "the server wants 'alice' to log in by client_ed25519, which this check cannot do"),
        (packet(2, b"\xfe"), "the server wants 'alice' to log in by mysql_old_password, which this check cannot do"),
        (packet(2, b"\xff"), "the login was refused: 0 ''"),
    ],
)
def test_a_refused_login(answer: bytes, sentence: str) -> None:
    verdict = play(mysql(), [(b"", CAPTURED_GREETING), (LOGIN, answer)])
    assert (verdict.reason, verdict.detail) == (Reason.RESPONSE, sentence)


def test_a_server_that_refuses_to_talk() -> None:
    refusal = packet(0, b"\xff\x69\x04Host '10.0.0.21' is blocked because of many connection errors")
    verdict = play(mysql(), [(b"", refusal)])
    assert verdict.reason == Reason.RESPONSE
    assert verdict.detail.startswith("the server refuses us: 1129 \"Host '10.0.0.21' is blocked")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (packet(2, b""), "an empty packet"),
        (packet(2, b"\x05"), "a packet that begins with 0x05"),
        (packet(2, b"\x01\x03"), "the middle of a login that mysql_native_password does not have"),
        (packet(2, b"\xfe" + NATIVE + b"\0short\0"), "a challenge of 6 octets, 20 are needed"),
        (bytes.fromhex("ffffff02"), "a message of 16777219 octets, more than 1048576"),
    ],
)
def test_what_no_login_is(answer: bytes, sentence: str) -> None:
    verdict = play(mysql(), [(b"", CAPTURED_GREETING), (LOGIN, answer)])
    assert (verdict.reason, verdict.detail) == (Reason.PROTOCOL, f"instead of the answer to the login: {sentence}")


@pytest.mark.parametrize("rest", [b"\x05", b"\x03\x04", b""])
def test_the_middle_of_a_login_that_means_nothing(rest: bytes) -> None:
    verdict = play(mysql(), [(b"", greeting()), (login(PROOF), packet(2, b"\x01" + rest))])
    assert (verdict.reason, "mean nothing" in verdict.detail) == (Reason.PROTOCOL, True)


def test_a_login_without_end() -> None:
    turns: list[Turn] = [(b"", greeting()), (login(PROOF), packet(2, b"\x01\x03") * 100)]
    verdict = play(mysql(), turns)
    assert (verdict.reason, "no end of the login" in verdict.detail) == (Reason.PROTOCOL, True)
    switch = packet(2, b"\xfe" + NATIVE + b"\0" + OTHER_NONCE + b"\0")
    talk = after(mysql(), [(b"", greeting())])
    again = talk.data_received(switch * 2)
    assert again is not None
    assert again.detail == "instead of the answer to the login: a second wish for another login"


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (packet(0, b"\x09 3.23.58\0"), "octets that are not MySQL's protocol 10: '\\t 3.23.58\\x00'"),
        (packet(0, b"\x0a8.0"), "a greeting of 4 octets, cut short"),
        (packet(0, b"\x0a8.0\0" + bytes(30)), "a greeting of 35 octets, cut short"),
        (greeting(capabilities=0x8000), "a greeting of a server older than 4.1: '8.0.40'"),
        (packet(0, b"\x0a8.0\0" + bytes(13) + b"\x00\x82" + bytes(16)), "a challenge of 8 octets, 20 are needed"),
        (packet(0, b""), "an empty packet"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "a message of 4739927 octets, more than 1048576"),
        (b"HTTP/1.1 400 Bad Request\r\n", "a message of 5526604 octets, more than 1048576"),
    ],
)
def test_what_is_no_greeting(octets: bytes, sentence: str) -> None:
    verdict = play(mysql(), [(b"", octets)])
    assert (verdict.reason, verdict.detail) == (Reason.PROTOCOL, f"instead of the greeting: {sentence}")


# TLS ---------------------------------------------------------------------------------------------------


def test_a_server_without_tls() -> None:
    without = greeting(capabilities=0x00080200 | 0x8000)
    verdict = play(mysql(tls="required"), [(b"", without)])
    assert (verdict.reason, verdict.detail) == (Reason.TLS, "the server has no TLS")
    accepted: list[Turn] = [(b"", without), (login(PROOF), packet(2, b"\0\0\0")), *ACCEPTED_AND_FOUND]
    assert play(mysql(tls="offered"), accepted, QUIT).healthy


def test_tls_begins_after_our_request_and_not_after_more_of_theirs() -> None:
    talk = mysql(tls="required")()
    talk.connected()
    assert not talk.ready_for_tls
    assert talk.data_received(greeting()) is None
    assert talk.ready_for_tls
    assert len(talk.octets_to_send()) == 36
    for more in (b"\0", packet(1, b"\0\0\0")):
        talk = mysql(tls="required")()
        talk.connected()
        verdict = talk.data_received(greeting() + more)
        assert verdict is not None
        assert verdict.reason == Reason.PROTOCOL


# Queries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (CAPTURED_NO_ROW, Reason.RESPONSE, "logged in, but the query brought no row"),
        (
            CAPTURED_WRONG_QUERY,
            Reason.RESPONSE,
            "the query failed: 1146 (42S02) \"Table 'shop.nowhere' doesn't exist\"",
        ),
        (packet(1, b"\0\0\0\x02\0\0\0"), Reason.RESPONSE, "logged in, but the query brought no row"),
        (packet(1, b"\0\x01\0\x02\0\0\0"), Reason.OK, "logged in, and the query brought 1 row"),
        (packet(1, b"\0\xfc\x00\x01\0\x02\0\0\0"), Reason.OK, "logged in, and the query brought 256 rows"),
        (
            packet(1, b"\x01")
            + packet(2, b"\x03def")
            + packet(3, b"\xfe\0\0\x02\0")
            + packet(4, b"\xff\x01\x02#HY000x"),
            Reason.RESPONSE,
            "the query failed: 513 (HY000) 'x'",
        ),
        (
            packet(1, b"\x01") + packet(2, b"\xff\x01\x02#HY000x"),
            Reason.RESPONSE,
            "the query failed: 513 (HY000) 'x'",
        ),
        (  # a row that begins as an end does, but is longer
            packet(1, b"\x01")
            + packet(2, b"\x03def")
            + packet(3, b"\xfe\0\0\x02\0")
            + packet(4, b"\xfe" + bytes(20))
            + packet(5, b"\xfe\0\0\x02\0"),
            Reason.OK,
            "logged in, and the query brought 1 row",
        ),
        (  # NULL, and the empty string
            packet(1, b"\x01")
            + packet(2, b"\x03def")
            + packet(3, b"\xfe\0\0\x02\0")
            + packet(4, b"\xfb")
            + packet(5, b"\0")
            + packet(6, b"\xfe\0\0\x02\0"),
            Reason.OK,
            "logged in, and the query brought 2 rows",
        ),
    ],
)
def test_results(answer: bytes, reason: str, detail: str) -> None:
    verdict = play(mysql(), logged_in(answer), QUIT)
    assert (verdict.reason, verdict.detail) == (reason, detail)


@pytest.mark.parametrize("answer", [b"\xfe", b"\xfc\x01", b"\x00", b"\x00\xfd\x01"])
def test_counts_that_are_cut_short(answer: bytes) -> None:
    assert play(mysql(), logged_in(packet(1, answer))).reason == Reason.PROTOCOL


def test_our_files_are_not_given_away() -> None:
    verdict = play(mysql(), logged_in(packet(1, b"\xfb/etc/shadow")))
    assert (verdict.reason, verdict.detail) == (
        Reason.RESPONSE,
        "the query loads a file of ours, which brings no row",
    )


def test_rows_count_that_came_before_one_too_long_to_hold() -> None:
    begun = packet(1, b"\x01") + packet(2, b"\x03def") + packet(3, b"\xfe\0\0\x02\0")
    verdict = after(mysql(), logged_in()[:2]).data_received(begun + packet(4, b"\x01a") + b"\xff\xff\xff\x05")
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.OK, "logged in, and the query brought 1 rows and more")


def test_a_long_result_is_not_read_to_its_end() -> None:
    begun = packet(1, b"\x01") + packet(2, b"\x03def") + packet(3, b"\xfe\0\0\x02\0")
    row = packet(4, b"\xfd" + bytes(RESULT_OCTETS_MOST // 4))
    verdict = after(mysql(), logged_in()[:2]).data_received(begun + row * 4)
    assert verdict is not None
    assert (verdict.reason, verdict.detail) == (Reason.OK, "logged in, and the query brought 4 rows and more")
    column = packet(2, b"\x03def" + bytes(RESULT_OCTETS_MOST // 4))
    verdict = after(mysql(), logged_in()[:2]).data_received(packet(1, b"\x01") + column * 4)
    assert verdict is not None
    assert verdict.reason == Reason.RESPONSE


def test_an_end_too_early_says_what_was_awaited() -> None:
    verdicts = list(cuts(mysql(), TWO_ROWS))
    assert {verdict.reason for verdict in verdicts} == {Reason.CLOSED}
    awaited = (
        "the greeting",
        "the answer to the login",
        "the result of the query",
        "the columns of the result",
        "the end of the result",
    )
    assert {verdict.detail for verdict in verdicts} == {
        f"the server closed the connection before {what}" for what in awaited
    }
