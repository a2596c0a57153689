# SPDX-License-Identifier: GPL-2.0-or-later
"""smtp and submission: both manners, replies of several lines, and everything that goes wrong on the way."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Conversation
from lvs_rawcheck.errors import UsageError
from tests.checks.text.scripts import conversation, play, prepare


def smtp() -> Conversation:
    return conversation("smtp")


def submission() -> Conversation:
    return conversation("submission")


SMTP_SCRIPTS = {
    "healthy": r"""
        S: 220 mail.example ESMTP
        C: HELO smtpchecker.keepalived.org
        S: 250 mail.example
        C: QUIT
        S: 221 Bye
        ok: QUIT answered
        """,
    "several lines": r"""
        S: 220-mail.example ESMTP
        S: 220-we do not authorize the use of this system
        S: 220 go ahead
        C: HELO smtpchecker.keepalived.org
        S: 250-mail.example
        S: 250
        C: QUIT
        S: 221 Bye
        ok
        """,
    "line feeds alone": r"""
        S| 220 mail.example\n
        C: HELO smtpchecker.keepalived.org
        S| 250 mail.example\n
        C: QUIT
        S| 221 Bye\n
        ok
        """,
    "QUIT answered with anything": r"""
        S: 220 mail.example
        C: HELO smtpchecker.keepalived.org
        S: 250 mail.example
        C: QUIT
        S: \x00\xff garbage
        ok
        """,
    "QUIT not answered": r"""
        S: 220 mail.example
        C: HELO smtpchecker.keepalived.org
        S: 250 mail.example
        C: QUIT
        close
        closed: closed before the answer to QUIT
        """,
    "silence after QUIT": r"""
        S: 220 mail.example
        C: HELO smtpchecker.keepalived.org
        S: 250 mail.example
        C: QUIT
        silence
        timeout: the answer to QUIT did not come
        """,
    "no banner": r"""
        silence
        timeout: the banner did not come
        """,
    "closed at once": r"""
        close
        closed: before the banner
        """,
    "closed in the banner": r"""
        S| 220 mail.exa
        close
        closed: closed in the middle of the banner: '220 mail.exa'
        """,
    "closed after the banner": r"""
        S: 220 mail.example
        C: HELO smtpchecker.keepalived.org
        close
        closed: before the answer to HELO
        """,
    "too busy": r"""
        S: 421 too many connections
        response: the banner: expected 220, got '421 too many connections'
        """,
    "no service": r"""
        S: 554-no SMTP service here
        S: 554 go away
        response: got '554-no SMTP service here'
        """,
    "another good code is none": r"""
        S: 250 mail.example
        response: expected 220
        """,
    "HELO refused": r"""
        S: 220 mail.example
        C: HELO smtpchecker.keepalived.org
        S: 550 not you
        response: the answer to HELO: expected 250, got '550 not you'
        """,
    "another protocol": r"""
        S: +OK POP3 ready
        protocol: the banner: not SMTP
        """,
    "another protocol without a line end": r"""
        S| \x16\x03\x01\x00\xa5
        protocol: not SMTP
        """,
    "a code of four digits": r"""
        S: 2200 mail.example
        protocol: no reply code
        """,
    "a code and a NUL": r"""
        S: 220\x00mail.example
        protocol: no reply code
        """,
    "NULs in the text": r"""
        S: 220 \x00\x00
        C: HELO smtpchecker.keepalived.org
        S: 250 \x00
        C: QUIT
        S: 221
        ok
        """,
    "another code within a reply": r"""
        S: 220-mail.example
        S: 554 no
        protocol: another code in the middle of a reply
        """,
    "an empty line": r"""
        S: \x20
        protocol: no
        """,
}

SUBMISSION_SCRIPTS = {
    "healthy": r"""
        S: 220 mail.example ESMTP
        C: EHLO localhost.localdomain
        S: 250-mail.example
        S: 250-STARTTLS
        S: 250 8BITMIME
        C: QUIT
        S: 221 Bye
        ok: 250 to EHLO
        """,
    "EHLO refused": r"""
        S: 220 mail.example
        C: EHLO localhost.localdomain
        S: 502 what?
        C: HELO localhost.localdomain
        S: 250 mail.example
        C: QUIT
        S: 221 Bye
        ok: 250 to HELO
        """,
    "EHLO and HELO refused": r"""
        S: 220 mail.example
        C: EHLO localhost.localdomain
        S: 550 no
        C: HELO localhost.localdomain
        S: 550 no
        response: HELO, EHLO having been refused: expected 2xx, got '550 no'
        """,
    "EHLO put off": r"""
        S: 220 mail.example
        C: EHLO localhost.localdomain
        S: 451 later
        response: expected 2xx or 5xx, got '451 later'
        """,
    "any good banner": r"""
        S: 250 mail.example
        C: EHLO localhost.localdomain
        S: 220 mail.example
        C: QUIT
        S| 2
        close
        ok: 220 to EHLO
        """,
    "QUIT not answered": r"""
        S: 220 mail.example
        C: EHLO localhost.localdomain
        S: 250 mail.example
        C: QUIT
        close
        ok
        """,
    "silence after QUIT": r"""
        S: 220 mail.example
        C: EHLO localhost.localdomain
        S: 250 mail.example
        C: QUIT
        silence
        ok
        """,
}


@pytest.mark.parametrize("name", SMTP_SCRIPTS)
def test_smtp(name: str) -> None:
    play(smtp, SMTP_SCRIPTS[name])


@pytest.mark.parametrize("name", SUBMISSION_SCRIPTS)
def test_submission(name: str) -> None:
    play(submission, SUBMISSION_SCRIPTS[name])


def test_the_manner_and_the_name_are_ours_to_choose() -> None:
    play(
        lambda: conversation("smtp", hello="ehlo", helo_name="director.example"),
        r"""
        S: 220 mail.example
        C: EHLO director.example
        S: 250 mail.example
        C: QUIT
        close
        ok
        """,
    )


@pytest.mark.parametrize("name", ["", "two words", "a\r\nMAIL FROM:<>", "a\0b", "a\tb", "x" * 256, "\udc80"])
def test_a_name_that_no_greeting_can_carry_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="helo_name"):
        prepare("smtp", helo_name=name)


def test_a_verdict_that_stands_is_known_before_the_goodbye_is_answered() -> None:
    talk = submission()
    talk.data_received(b"220 mail.example\r\n")
    assert talk.settled() is None
    talk.data_received(b"250 mail.example\r\n")
    settled = talk.settled()
    assert settled is not None
    assert settled.healthy
    assert talk.octets_to_send().endswith(b"QUIT\r\n")


def test_the_first_octet_is_a_milestone() -> None:
    talk = smtp()
    assert list(talk.phases_reached()) == []
    talk.data_received(b"2")
    assert list(talk.phases_reached()) == ["first_octet"]
