# SPDX-License-Identifier: GPL-2.0-or-later
"""SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding; the user's name is the one of the startup message."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from lvs_rawcheck.errors import RemoteProtocolError

MECHANISM = b"SCRAM-SHA-256"
ITERATIONS_MOST = 1_000_000
"""A third of a second of CPU; PostgreSQL has 4096. A server that asks for more is not obeyed, it would hold us."""
_PROHIBITED = ("a1", "c12", "c21_c22", "c3", "c4", "c5", "c6", "c7", "c8", "c9")  # RFC 4013 2.3, 2.5
_HEADER = b"n,,"  # no channel binding, no other identity; RFC 5802 7, gs2-header


class ScramClient:
    """One login. password: prepared (`prepared`); nonce: printable ASCII without comma, never used before."""

    __slots__ = ("_first_bare", "_nonce", "_password", "_server_signature")

    def __init__(self, password: bytes, nonce: bytes, name: bytes = b"") -> None:
        self._password = password
        self._nonce = nonce
        self._first_bare = b"n=" + name + b",r=" + nonce
        self._server_signature: bytes | None = None

    def first_message(self) -> bytes:
        """Return the client-first-message."""
        return _HEADER + self._first_bare

    def final_message(self, server_first: bytes) -> bytes:
        """Return the client-final-message; RemoteProtocolError where the server-first-message cannot be."""
        if self._server_signature is not None:
            raise RemoteProtocolError("a second SCRAM challenge")
        attributes = _attributes(server_first)
        nonce = attributes.get(b"r", b"")
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise RemoteProtocolError("a SCRAM challenge that does not go on from our nonce")
        salt, iterations = _decoded(attributes.get(b"s", b"")), _iterations(attributes.get(b"i", b""))
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, iterations)
        without_proof = b"c=" + b64encode(_HEADER) + b",r=" + nonce
        text = b",".join((self._first_bare, server_first, without_proof))
        client_key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client_key).digest(), text)
        self._server_signature = _hmac(_hmac(salted, b"Server Key"), text)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        return without_proof + b",p=" + b64encode(proof)

    def is_proven_by(self, server_final: bytes) -> bool:
        """Return whether the server knows the password too."""
        verifier = _attributes(server_final).get(b"v", b"")
        return self._server_signature is not None and hmac.compare_digest(_decoded(verifier), self._server_signature)


def prepared(password: str) -> bytes:
    """Return the octets of a password by SASLprep, or as it is where SASLprep forbids it, as PostgreSQL does.

    RFC 4013; pg_saslprep (src/common/saslprep.c).
    """
    if password.isascii():
        return password.encode()
    import stringprep  # tables, for few passwords
    from unicodedata import normalize

    spaces = (" " if stringprep.in_table_c12(each) else each for each in password if not stringprep.in_table_b1(each))
    text = normalize("NFKC", "".join(spaces))
    prohibiting = [getattr(stringprep, f"in_table_{table}") for table in _PROHIBITED]
    if not text or any(prohibits(each) for each in text for prohibits in prohibiting) or not _is_one_way(text):
        return password.encode()
    return text.encode()


def _is_one_way(text: str) -> bool:
    """Return whether letters that run from right to left, if any, do not meet others (RFC 3454 6)."""
    from stringprep import in_table_d1, in_table_d2

    if not any(in_table_d1(each) for each in text):
        return True
    return not any(in_table_d2(each) for each in text) and in_table_d1(text[0]) and in_table_d1(text[-1])


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _attributes(message: bytes) -> dict[bytes, bytes]:
    """Return the attributes of a message by their letters."""
    pairs = (part.partition(b"=") for part in message.split(b","))
    return {letter: value for letter, _, value in pairs}


def _decoded(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise RemoteProtocolError("a SCRAM message whose base64 is none") from None


def _iterations(text: bytes) -> int:
    if not text.isdigit() or len(text) > len(str(ITERATIONS_MOST)) or not 1 <= int(text) <= ITERATIONS_MOST:
        raise RemoteProtocolError(f"a SCRAM challenge of not 1 to {ITERATIONS_MOST} iterations")
    return int(text)
