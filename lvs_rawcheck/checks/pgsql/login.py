# SPDX-License-Identifier: GPL-2.0-or-later
"""The logins that PostgreSQL may ask for, each an answer to an Authentication message (manual, "Start-up")."""

from __future__ import annotations

from hashlib import md5
from os import urandom

from lvs_rawcheck.checks.base import shown
from lvs_rawcheck.checks.pgsql.messages import message
from lvs_rawcheck.checks.sql import Refusal
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvs_rawcheck.checks.pgsql.scram import ScramClient

OK, CLEARTEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12
_METHODS = {
    OK: "accepted",
    2: "Kerberos V5",
    CLEARTEXT: "password in the clear",
    MD5: "MD5 password",
    6: "SCM credentials",
    7: "GSSAPI",
    9: "SSPI",
    SASL: "SASL",
    SASL_CONTINUE: "SASL, go on",
    SASL_FINAL: "SASL, the server's proof",
}
_KIND_OCTETS = 4
_SALT_OCTETS = 4
_NONCE_OCTETS = 18  # as PostgreSQL's own, SCRAM_RAW_NONCE_LEN


def method_name(content: bytes) -> str:
    """Return what an Authentication message asks for or says, in words."""
    kind = int.from_bytes(content[:_KIND_OCTETS], "big")
    return _METHODS.get(kind, f"method {kind}")


def new_nonce() -> bytes:
    """Return a nonce for SCRAM: printable, never used before."""
    from base64 import b64encode

    return b64encode(urandom(_NONCE_OCTETS))


def md5_password(login: str, password: str, salt: bytes) -> bytes:
    """Return what an MD5 login sends; the user's name and the connection's salt are in it."""
    inner = md5(password.encode() + login.encode()).hexdigest()
    return b"md5" + md5(inner.encode() + salt).hexdigest().encode()


class Login:
    """One login, told each Authentication message in turn. make_nonce: called where SCRAM wants one."""

    __slots__ = ("_begun", "_login", "_make_nonce", "_password", "_proven", "_scram", "done")

    def __init__(self, login: str, password: str, make_nonce: Callable[[], bytes] = new_nonce) -> None:
        self._login = login
        self._password = password
        self._make_nonce = make_nonce
        self._begun = False
        self._scram: ScramClient | None = None
        self._proven = False
        self.done = False

    def answer(self, content: bytes) -> tuple[bytes, str] | None:
        """Return what is to be sent, and in words, None for nothing; Refusal, RemoteProtocolError."""
        if len(content) < _KIND_OCTETS:
            raise RemoteProtocolError("an authentication message without a kind")
        kind, rest = int.from_bytes(content[:_KIND_OCTETS], "big"), content[_KIND_OCTETS:]
        if kind == OK:
            self._finish()
            return None
        if kind == SASL_CONTINUE:
            return _password_message(self._begun_scram().final_message(rest)), "SASL response (proof)"
        if kind == SASL_FINAL:
            self._judge_proof(rest)
            return None
        return self._begin(kind, rest)

    def _finish(self) -> None:
        if self._scram is not None and not self._proven:
            raise RemoteProtocolError("a login accepted before the server has proven that it knows the password")
        self.done = True

    def _begin(self, kind: int, rest: bytes) -> tuple[bytes, str]:
        if self._begun:
            raise RemoteProtocolError("a second request for a login")
        self._begun = True
        if kind == CLEARTEXT:
            return _password_message(self._demanded_password().encode() + b"\0"), "password (in the clear)"
        if kind == MD5 and len(rest) == _SALT_OCTETS:
            octets = md5_password(self._login, self._demanded_password(), rest)
            return _password_message(octets + b"\0"), "password (MD5)"
        if kind == SASL:
            return self._begin_scram(rest)
        raise _unable(method_name(kind.to_bytes(_KIND_OCTETS, "big")))

    def _demanded_password(self) -> str:
        if not self._password:
            raise Refusal(f"the server asks for a password of {self._login!r}, and there is none")
        return self._password

    def _begun_scram(self) -> ScramClient:
        if self._scram is None:
            raise RemoteProtocolError("the middle of a login that was not begun")
        return self._scram

    def _judge_proof(self, server_final: bytes) -> None:
        if not self._begun_scram().is_proven_by(server_final):
            raise RemoteProtocolError("a signature that shows that the server does not know the password")
        self._proven = True

    def _begin_scram(self, mechanisms: bytes) -> tuple[bytes, str]:
        from lvs_rawcheck.checks.pgsql import scram  # for those who need it

        offered = [name for name in mechanisms.split(b"\0") if name]
        if scram.MECHANISM not in offered:
            raise _unable(f"SASL, {shown(b' '.join(offered))}")
        self._scram = scram.ScramClient(scram.prepared(self._demanded_password()), self._make_nonce())
        first = self._scram.first_message()
        content = scram.MECHANISM + b"\0" + len(first).to_bytes(4, "big") + first
        return _password_message(content), f"SASL initial response ({scram.MECHANISM.decode()})"


def _unable(method: str) -> Refusal:
    return Refusal(f"the server asks for a login by {method}, which this check cannot make")


def _password_message(content: bytes) -> bytes:
    return message(b"p", content)
