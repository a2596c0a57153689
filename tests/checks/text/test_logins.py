# SPDX-License-Identifier: GPL-2.0-or-later
"""ftp, imap, pop: logins that pass, that are refused, and that break off."""

from __future__ import annotations

import os

import pytest

from lvs_rawcheck.checks.base import Conversation
from lvs_rawcheck.errors import UsageError
from tests.checks.text.scripts import conversation, play, prepare

ALICE = {"login": "alice", "password_file": "open sesame"}


FTP_SCRIPTS = {
    "healthy": r"""
        S: 220 (vsFTPd 3.0.3)
        C: USER alice
        S: 331 Please specify the password.
        C: PASS open sesame
        S: 230 Login successful.
        C: QUIT
        S: 221 Goodbye.
        ok: alice logged in
        """,
    "no password wanted": r"""
        S: 220 ready
        C: USER alice
        S: 230 welcome
        C: QUIT
        close
        ok: alice logged in
        """,
    "password superfluous": r"""
        S: 220 ready
        C: USER alice
        S: 331 password
        C: PASS open sesame
        S: 202 superfluous
        C: QUIT
        silence
        ok
        """,
    "ready soon": r"""
        S: 120 in one minute
        S: 220 ready
        C: USER alice
        S: 230 welcome
        C: QUIT
        S: 221 Goodbye.
        ok
        """,
    "ready soon, and then not": r"""
        S: 120 in one minute
        silence
        timeout: the banner that 120 announced
        """,
    "several lines of any text": r"""
        S: 220-Welcome
        S: 331 files are here
        S:  220 indented
        S: 220 ready
        C: USER alice
        S: 230-Hello
        S:
        S: 230 go on
        C: QUIT
        S: 221 Goodbye.
        ok
        """,
    "wrong password": r"""
        S: 220 ready
        C: USER alice
        S: 331 password
        C: PASS open sesame
        S: 530 Login incorrect.
        response: the answer to PASS: expected 230 or 202, got '530 Login incorrect.'
        """,
    "a password that is repeated to us is not told": r"""
        S: 220 ready
        C: USER alice
        S: 331 password
        C: PASS open sesame
        S: 530 open sesame is wrong
        response: got '530 *** is wrong'
        """,
    "an account is wanted": r"""
        S: 220 ready
        C: USER alice
        S: 332 account
        response: the answer to USER: expected 230 or 331
        """,
    "too many users": r"""
        S: 421 There are too many connected users
        response: the banner: expected 220 or 120, got '421
        """,
    "closed before the login": r"""
        S: 220 ready
        C: USER alice
        close
        closed: before the answer to USER
        """,
    "silence after the password": r"""
        S: 220 ready
        C: USER alice
        S: 331 password
        C: PASS open sesame
        silence
        timeout: the answer to PASS did not come
        """,
    "another protocol": r"""
        S: SSH-2.0-OpenSSH_9.2p1
        protocol: not FTP
        """,
}

IMAP_SCRIPTS = {
    "healthy": r"""
        S: * OK [CAPABILITY IMAP4rev1] Dovecot ready.
        C: a1 LOGIN "alice" "open sesame"
        S: * CAPABILITY IMAP4rev1
        S: a1 OK [CAPABILITY IMAP4rev1 IDLE] Logged in
        C: a2 LOGOUT
        S: * BYE Logging out
        ok: alice logged in
        """,
    "letters of either case": r"""
        S: * ok ready
        C: a1 LOGIN "alice" "open sesame"
        S: a1 ok
        C: a2 LOGOUT
        close
        ok
        """,
    "already logged in": r"""
        S: * PREAUTH welcome back
        C: a2 LOGOUT
        silence
        ok: PREAUTH
        """,
    "wrong password": r"""
        S: * OK ready
        C: a1 LOGIN "alice" "open sesame"
        S: a1 NO [AUTHENTICATIONFAILED] Authentication failed.
        response: the answer to LOGIN: expected OK, got 'a1 NO [AUTH
        """,
    "a password that is repeated to us is not told": r"""
        S: * OK ready
        C: a1 LOGIN "alice" "open sesame"
        S: a1 NO open sesame is not "open sesame"
        response: got 'a1 NO *** is not ***'
        """,
    "not in the clear": r"""
        S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready
        C: a1 LOGIN "alice" "open sesame"
        S: a1 BAD [PRIVACYREQUIRED] no
        response: PRIVACYREQUIRED
        """,
    "busy": r"""
        S: * BYE too busy
        response: the greeting: expected OK or PREAUTH, got '* BYE too busy'
        """,
    "shut down while we log in": r"""
        S: * OK ready
        C: a1 LOGIN "alice" "open sesame"
        S: * BYE shutting down
        response: the answer to LOGIN: expected OK, got '* BYE
        """,
    "asked to go on where nothing follows": r"""
        S: * OK ready
        C: a1 LOGIN "alice" "open sesame"
        S: + go on
        response: expected OK, got '+ go on'
        """,
    "closed before the answer": r"""
        S: * OK ready
        C: a1 LOGIN "alice" "open sesame"
        S: * OK still thinking
        S| a1 O
        close
        closed: closed in the middle of the answer to LOGIN: 'a1 O'
        """,
    "a greeting that is none": r"""
        S: * FLAGS (\\Seen)
        protocol: the greeting: not IMAP (no greeting)
        """,
    "somebody else's tag": r"""
        S: * OK ready
        C: a1 LOGIN "alice" "open sesame"
        S: abc OK
        protocol: neither tagged nor untagged
        """,
    "another protocol": r"""
        S| H
        protocol: the greeting: not IMAP
        """,
}

POP_SCRIPTS = {
    "healthy": r"""
        S: +OK Dovecot ready. <1.2@mail.example>
        C: USER alice
        S: +OK
        C: PASS open sesame
        S: +OK Logged in.
        C: QUIT
        S: +OK Logging out.
        ok: alice logged in
        """,
    "wrong password": r"""
        S: +OK ready
        C: USER alice
        S: +OK
        C: PASS open sesame
        S: -ERR [AUTH] Authentication failed.
        response: the answer to PASS: expected +OK, got '-ERR [AUTH]
        """,
    "the goodbye does not count": r"""
        S: +OK ready
        C: USER alice
        S: +OK
        C: PASS open sesame
        S: +OK
        C: QUIT
        S: -ERR some messages were not removed
        ok
        """,
    "no": r"""
        S: -ERR not now
        response: the greeting: expected +OK, got '-ERR not now'
        """,
    "a word that only begins so": r"""
        S: +OKAY
        protocol: neither +OK nor -ERR
        """,
    "another protocol": r"""
        S: 220 mail.example ESMTP
        protocol: the greeting: not POP3
        """,
}

KINDS = {"ftp": FTP_SCRIPTS, "imap": IMAP_SCRIPTS, "pop": POP_SCRIPTS}
LOGINS = [(kind, name) for kind, scripts in KINDS.items() for name in scripts]


@pytest.mark.parametrize(("kind", "name"), LOGINS, ids=[f"{kind}: {name}" for kind, name in LOGINS])
def test_login(kind: str, name: str) -> None:
    play(lambda: conversation(kind, **ALICE), KINDS[kind][name])


GREETINGS = {
    "imap": "S: * OK ready\nC: a2 LOGOUT\nS: * BYE\nok: nobody logged in",
    "pop": "S: +OK ready\nC: QUIT\nclose\nok: nobody logged in",
    "nntp": "S: 201 reading only\nok: 201 to the connection",
}


@pytest.mark.parametrize("kind", GREETINGS)
def test_a_greeting_is_enough_where_nobody_logs_in(kind: str) -> None:
    play(lambda: conversation(kind), GREETINGS[kind])


def test_ftp_without_a_login_is_anonymous() -> None:
    play(
        lambda: conversation("ftp"),
        rf"""
        S: 220 ready
        C: USER anonymous
        S: 331 your address, please
        C: PASS lvs-rawcheck@{os.uname().nodename}
        S: 230 welcome
        C: QUIT
        close
        ok: anonymous logged in; no file was fetched
        """,
    )


NNTP_SCRIPTS = [
    "S: 200 posting allowed\nok",
    "S: 400 busy\nresponse: the greeting: expected 2xx, got '400 busy'",
    "S: 502 no permission\nresponse",
    "S: 2000\nprotocol",
    "S| x\nprotocol",
    "S| 20\nclose\nclosed: in the middle of the greeting",
]


@pytest.mark.parametrize("script", NNTP_SCRIPTS)
def test_nntp(script: str) -> None:
    play(lambda: conversation("nntp"), script)


# Credentials --------------------------------------------------------------------------------------------


def said_by_imap(login: str, password: str) -> bytes:
    """Return all that LOGIN says, each literal being asked for."""
    talk = conversation("imap", login=login, password_file=password)
    talk.data_received(b"* OK\r\n")
    said = b""
    while said_now := talk.octets_to_send():
        said += said_now
        assert talk.data_received(b"+ \r\n" if said_now.endswith(b"}\r\n") else b"* 1 EXISTS\r\n") is None
    return said


@pytest.mark.parametrize(
    ("login", "password", "said"),
    [
        ("alice", "", rb'"alice" ""'),
        ("a lice", 'q"u\\ote', rb'"a lice" "q\"u\\ote"'),
        ("alice", "grün", '"alice" {5}\r\ngrün'.encode()),
        ("böse", "x", '{5}\r\nböse "x"'.encode()),
        ("böse", "grün", "{5}\r\nböse {5}\r\ngrün".encode()),
        ("alice", "{5}", b'"alice" "{5}"'),
        ("alice", "%s*(", b'"alice" "%s*("'),
    ],
)
def test_imap_credentials_of_any_shape(login: str, password: str, said: bytes) -> None:
    assert said_by_imap(login, password) == b"a1 LOGIN " + said + b"\r\n"


def test_imap_literals_may_be_refused() -> None:
    play(
        lambda: conversation("imap", login="alice", password_file="gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n"),
        r"""
        S: * OK ready
        C: a1 LOGIN "alice" {5}
        S: a1 BAD no literals here
        response: the request for a literal: expected +, got 'a1 BAD
        """,
    )


@pytest.mark.parametrize("kind", ["ftp", "imap", "pop"])
@pytest.mark.parametrize(
    ("login", "password", "sentence"),
    [
        ("alice", None, "login 'alice' without a password"),
        (None, "secret", "a password without a login"),
        ("", "secret", "the login is empty"),
        ("a\r\nDELE 1", "secret", "the login holds a line end"),
        ("alice", "se\ncret", "the password holds a line end"),
        ("alice", "se\0cret", "the password holds a line end or a NUL"),
        ("alice", "x" * 256, "the password is longer than 255 octets"),
        ("\udcff", "secret", "the login is not UTF-8"),
    ],
)
def test_credentials_that_cannot_be_said(kind: str, login: str | None, password: str | None, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as refusal:
        prepare(kind, login=login, password_file=password)
    assert password is None or password not in str(refusal.value)


def told(talk: Conversation, server: list[bytes]) -> list[str]:
    """Return what explain would tell of all that we say."""
    lines = []
    for octets in server:
        talk.data_received(octets)
        lines += talk.describe(talk.octets_to_send())
    return lines


def test_passwords_are_not_told() -> None:
    assert told(conversation("pop", **ALICE), [b"+OK\r\n"] * 3) == ["USER alice", "PASS ***", "QUIT"]
    assert told(conversation("ftp", login="alice", password_file="x"), [b"220\r\n", b"331\r\n"])[1] == "PASS ***"
    assert told(conversation("imap", **ALICE), [b"* OK\r\n"]) == ['a1 LOGIN "alice" ***']
    german = conversation("imap", login="alice", password_file="grün")
    assert told(german, [b"* OK\r\n", b"+\r\n"]) == ['a1 LOGIN "alice" {5}', "***"]


def test_what_a_server_says_is_told_fit_for_a_terminal() -> None:
    talk = conversation("pop", **ALICE)
    assert talk.describe(b"+OK \x1b[2J\x00\xff\r\ngr\xc3\xbcn\r\n") == ["+OK \\x1b[2J\\x00\\xff", "grün"]
