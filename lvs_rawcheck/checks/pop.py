# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds `pop` and `pops`: a POP3 server that greets and, where credentials are given, a login (RFC 1939).

As ldirectord's check_pop (Mail::POP3Client): USER and PASS are answered with +OK, and what becomes of QUIT does not
matter. (Its module says STAT as well, but check_pop asks once more whether it is logged in, and so never learns how
that ended.) Two departures: APOP and CRAM-MD5, which it tries first where the server offers them, are not spoken; and
without a login it calls any server up, connected or not, while here a greeting is needed.
"""

from __future__ import annotations

from lvs_rawcheck.checks.credentials import Credentials
from lvs_rawcheck.checks.dialogue import Ask, Course, Farewell
from lvs_rawcheck.checks.mailbox import mailbox_kinds
from lvs_rawcheck.checks.replies import PopReader

_GOOD = ("+OK",)


def greeting_course() -> Course:
    """Return a course of greeting and goodbye."""
    yield Ask("the greeting", _GOOD)
    detail = "the server greets; nobody logged in"
    yield Farewell("QUIT", detail)
    return detail


def login_course(user: Credentials) -> Course:
    """Return a course that logs in."""
    yield Ask("the greeting", _GOOD)
    yield Ask("the answer to USER", _GOOD, f"USER {user.login}")
    yield Ask("the answer to PASS", _GOOD, f"PASS {user.password}", secrets=(user.password,))
    detail = f"{user.login} logged in"
    yield Farewell("QUIT", detail)
    return detail


KINDS = mailbox_kinds("pop", "a POP3 server greets, and a user can log in", PopReader, greeting_course, login_course)
