# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds `ldap` and `ldaps`, in the words of ldirectord's negotiate checks.

Some of its ways are not followed: a login without password, or a password without login, is refused (there it binds as
nobody); an error that comes after the entry fails (there it is overlooked); no attribute of the entry is asked for
(there all are, and none is looked at).
"""

from __future__ import annotations

from lvs_rawcheck.checks.credentials import PASSWORD_FILE
from lvs_rawcheck.checks.ldap.conversation import LdapConversation
from lvs_rawcheck.checks.parameters import Parameter
from lvs_rawcheck.checks.regex_dialect import REGEX_DIALECT, demand_no_dialect, read_pattern
from lvs_rawcheck.checks.stream_kinds import stream_kind, tls_kind
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Pattern

    from lvs_rawcheck.checks.base import Conversation
    from lvs_rawcheck.checks.parameters import Values

_PARAMETERS = (
    Parameter("login", "DN", "bind as this entry, with the password file's password (default: anonymously)"),
    PASSWORD_FILE,
    Parameter("request", "DN", "the entry that must be found (default: the root DSE)", default=""),
    Parameter("receive", "PATTERN", "what must be found in the name of that entry"),
    REGEX_DIALECT,
)


def _prepare(kind: str, values: Values) -> Callable[[], Conversation]:
    login, password = values.text("login") or "", values.text(PASSWORD_FILE.name) or ""
    base = values.text("request") or ""
    if login and not password:
        raise UsageError(f"the bind as {login!r} needs a password that is not empty (RFC 4513 5.1.2)")
    if password and not login:
        raise UsageError("a password without a login: say who binds")
    for what, text in (("the login", login), ("the request", base)):
        _demand_utf8(what, text)
    receive = _pattern(values)
    return lambda: LdapConversation(kind, login, password, base, receive)


def _demand_utf8(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} is not UTF-8: {text!r}") from None


def _pattern(values: Values) -> Pattern[bytes] | None:
    text = values.text("receive")
    if not text:
        demand_no_dialect(values)
        return None
    return read_pattern(values, text)


KINDS = (
    stream_kind(
        "ldap", "bind, and find an entry of the directory", _PARAMETERS, lambda values: _prepare("ldap", values)
    ),
    tls_kind("ldaps", "the same, over TLS", _PARAMETERS, lambda values: _prepare("ldaps", values)),
)
