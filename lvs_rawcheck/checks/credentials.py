# SPDX-License-Identifier: GPL-2.0-or-later
"""Who logs in: the parameters, what no line of a text protocol can carry, and what no sentence may repeat."""

from __future__ import annotations

from lvs_rawcheck.checks.parameters import Parameter, Values, password_from_file, utf8_octets
from lvs_rawcheck.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LOGIN = Parameter("login", "NAME", "log in as this user; without, nobody logs in")
PASSWORD_FILE = Parameter(
    "password_file",
    "FILE",
    "the password is the first line of this file, which only its owner can read",
    convert=password_from_file,
    held_as="password",
)
CREDENTIALS = (LOGIN, PASSWORD_FILE)
CREDENTIAL_OCTETS = 255
"""What one may have, so that any command fits in one segment and in every server's line."""

BLOT = "***"
TELLING_SECRET = 4
"""Characters: a shorter secret is blotted out only where we said it ourselves, or it would blot out half of a text."""


def without_secrets(sentence: str, secrets: Iterable[str]) -> str:
    """Return a sentence that quotes a server, which may have repeated what we told it, without our secrets."""
    for secret in secrets:
        if len(secret) >= TELLING_SECRET:
            sentence = sentence.replace(secret, BLOT).replace(ascii(secret)[1:-1], BLOT)
    return sentence


class Credentials:
    """A user and the password."""

    __slots__ = ("login", "password")

    def __init__(self, login: str, password: str) -> None:
        self.login = login
        self.password = password


def credentials_of(values: Values) -> Credentials | None:
    """Return who logs in, None for nobody; UsageError for one without the other, and for what no line can carry."""
    login, password = values.text(LOGIN.name), values.text(PASSWORD_FILE.name)
    if login is None and password is None:
        return None
    if login is None:
        raise UsageError("a password without a login: say who logs in")
    if password is None:
        raise UsageError(f"login {login!r} without a password: name a password file, its first line may be empty")
    demand_line("the login", login)
    demand_line("the password", password)
    if not login:
        raise UsageError("the login is empty")
    return Credentials(login, password)


def demand_line(what: str, text: str) -> None:
    """Raise UsageError for text that cannot stand in one line of a command; it is not repeated, a password may be."""
    if any(character in text for character in "\r\n\0"):
        raise UsageError(f"{what} holds a line end or a NUL: no command can carry it")
    utf8_octets(what, text, CREDENTIAL_OCTETS)
