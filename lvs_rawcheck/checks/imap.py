# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds `imap` and `imaps`: a server that greets and, where credentials are given, a login (RFC 3501).

As ldirectord's check_imap and check_imaps (Net::IMAP::Simple): the greeting is OK or PREAUTH, LOGIN is answered with
OK, and what becomes of LOGOUT does not matter. The EXPUNGE that it sends before LOGOUT is left out: a check deletes
nothing. Its quoted strings break where a password is not ASCII, ours become literals there. After PREAUTH it says LOGIN
all the same and calls the server down that refuses it, as every server must; here the greeting is enough.
"""

from __future__ import annotations

from collections.abc import Generator

from lvs_rawcheck.checks.credentials import Credentials
from lvs_rawcheck.checks.dialogue import Ask, Course, Farewell
from lvs_rawcheck.checks.mailbox import mailbox_kinds
from lvs_rawcheck.checks.replies import ImapReader, Reply

_LOGOUT = "a2 LOGOUT"
_AWAITED = "the answer to LOGIN"


def greeting_course() -> Course:
    """Return a course of greeting and goodbye."""
    yield Ask("the greeting", ("OK", "PREAUTH"))
    detail = "the server greets; nobody logged in"
    yield Farewell(_LOGOUT, detail)
    return detail


def login_course(user: Credentials) -> Course:
    """Return a course that logs in, unless the server knows us already (PREAUTH: then LOGIN is an error, 6.2)."""
    reply = yield Ask("the greeting", ("OK", "PREAUTH"))
    if reply.status == "PREAUTH":
        detail = "the server greets as already logged in (PREAUTH)"
    else:
        yield from _login(user)
        detail = f"{user.login} logged in"
    yield Farewell(_LOGOUT, detail)
    return detail


def _login(user: Credentials) -> Generator[Ask, Reply, None]:
    """Say LOGIN: what is no quoted string goes as a literal, and each of those waits to be asked for (4.3)."""
    line = "a1 LOGIN"
    for text in (user.login, user.password):
        if text.isascii():
            line += f" {_quoted(text)}"
        else:
            yield Ask("the request for a literal", ("+",), f"{line} {{{len(text.encode())}}}")
            line = text
    yield Ask(_AWAITED, ("OK",), line, (_quoted(user.password), user.password))


def _quoted(text: str) -> str:
    r"""Return a quoted string (RFC 3501 9): `"` and `\` get a backslash; it holds no line end and no NUL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


KINDS = mailbox_kinds(
    "imap", "a mailbox server greets, and a user can log in", ImapReader, greeting_course, login_course
)
