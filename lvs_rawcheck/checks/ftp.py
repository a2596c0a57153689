# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `ftp`: a user can log in (RFC 959 4.1.1 and 5.4).

ldirectord's check_ftp goes on to fetch a file and search it, and nothing else decides: whether the login passed is not
asked. A file comes over a second connection to a port that the server names, while the first one stays open; a check
here is one connection to the port that the director forwards. So there is no `request` and no `receive`: the login is
what is checked, and it must pass.

Who is not named logs in as `anonymous` with an address for a password, as there.
"""

from __future__ import annotations

import os

from lvs_rawcheck.checks.credentials import CREDENTIALS, Credentials, credentials_of
from lvs_rawcheck.checks.dialogue import Ask, Course, Dialogue, Farewell
from lvs_rawcheck.checks.replies import FtpReader
from lvs_rawcheck.checks.stream_kinds import stream_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.parameters import Values

ANONYMOUS = "anonymous"
_PATIENCE = "120"  # ready in some minutes: the banner itself comes later (RFC 959 5.4, connection establishment)
_LOGGED_IN = "230"
_PASSWORD_WANTED = "331"
_NOT_NEEDED = "202"


def login_course(user: Credentials) -> Course:
    """Return the login and the goodbye."""
    reply = yield Ask("the banner", ("220", _PATIENCE))
    if reply.status == _PATIENCE:
        yield Ask("the banner that 120 announced", ("220",))
    reply = yield Ask("the answer to USER", (_LOGGED_IN, _PASSWORD_WANTED), f"USER {user.login}")
    if reply.status == _PASSWORD_WANTED:
        wanted = (_LOGGED_IN, _NOT_NEEDED)
        yield Ask("the answer to PASS", wanted, f"PASS {user.password}", secrets=(user.password,))
    detail = f"{user.login} logged in; no file was fetched"
    yield Farewell("QUIT", detail)
    return detail


def _prepare(values: Values) -> Callable[[], Dialogue]:
    user = credentials_of(values) or Credentials(ANONYMOUS, f"lvs-rawcheck@{os.uname().nodename}")
    return lambda: Dialogue("ftp", FtpReader(), login_course(user))


KINDS = (stream_kind("ftp", "a user can log in (control connection only)", CREDENTIALS, _prepare),)
