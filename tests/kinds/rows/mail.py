# SPDX-License-Identifier: GPL-2.0-or-later
"""smtp, submission, imap, imaps, pop, pops: postfix and dovecot."""

from __future__ import annotations

from collections.abc import Sequence

from lvs_rawcheck.checks.base import Reason
from tests.kinds.matrix import Row, Wrong
from tests.kinds.secrets import secret
from tests.kinds.trust import OTHER_NAME, VERIFIED
from tests.netns.daemons import mail
from tests.netns.daemons.daemon import Daemon
from tests.netns.topology import Host

IMAP, IMAPS, POP, POPS, SMTP, SUBMISSION = 143, 993, 110, 995, 25, 587
FORBIDDEN = "forbidden.example"


def _postfix(host: Host, addresses: Sequence[str]) -> Daemon:
    return mail.postfix(host, addresses, SMTP, SUBMISSION, refused_helo=FORBIDDEN)


def _login(password: str, user: str = mail.USER) -> tuple[str, ...]:
    return ("--login", user, "--password-file", secret(password))


LOGIN = _login(mail.PASSWORD)
WRONG_PASSWORD = Wrong("the password is wrong", Reason.RESPONSE, _login("sesame"), "PASS|LOGIN")
UNKNOWN_USER = Wrong("there is no such user", Reason.RESPONSE, _login(mail.PASSWORD, "bob"), "PASS|LOGIN")
NO_TLS = Wrong("the port speaks in the clear", Reason.TLS, ("--tls",))

ROWS = (
    Row(
        "smtp",
        _postfix,
        SMTP,
        wrong=(
            Wrong("it does not like our name", Reason.RESPONSE, ("--helo-name", FORBIDDEN), "554"),
            NO_TLS,
        ),
    ),
    Row(
        "submission",
        _postfix,
        SUBMISSION,
        wrong=(Wrong("it does not like our name", Reason.RESPONSE, ("--helo-name", FORBIDDEN), "554"),),
    ),
    Row(
        "imap",
        mail.dovecot,
        IMAP,
        LOGIN,
        wrong=(
            WRONG_PASSWORD,
            UNKNOWN_USER,
            NO_TLS,
            Wrong("it is a POP3 server", Reason.PROTOCOL, port=POP),
            Wrong("it waits for TLS", Reason.TIMEOUT, port=IMAPS, silent=True),
        ),
        also=((),),
    ),
    Row(
        "imaps",
        mail.dovecot,
        IMAPS,
        (*LOGIN, *VERIFIED),
        wrong=(WRONG_PASSWORD, OTHER_NAME, Wrong("no TLS there", Reason.TLS, port=IMAP)),
    ),
    Row(
        "pop",
        mail.dovecot,
        POP,
        LOGIN,
        wrong=(WRONG_PASSWORD, NO_TLS, Wrong("it is an IMAP server", Reason.PROTOCOL, port=IMAP)),
    ),
    Row(
        "pops",
        mail.dovecot,
        POPS,
        (*LOGIN, *VERIFIED),
        wrong=(WRONG_PASSWORD, OTHER_NAME, Wrong("no TLS there", Reason.TLS, port=POP)),
    ),
)
