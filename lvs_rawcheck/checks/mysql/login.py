# SPDX-License-Identifier: GPL-2.0-or-later
"""The proofs of a password that MySQL's and MariaDB's plugins want (source documentation, "Authentication Methods").

In the clear, caching_sha2_password may want the password encrypted for an RSA key that the server has just sent and
nobody vouches for: who can take the server's place on the link learns the password. TLS with a CA file prevents it.
MariaDB's ed25519 derives its key from passwords of any length, which no library does for us: such a user is refused.
"""

from __future__ import annotations

from hashlib import sha1, sha256

from lvs_rawcheck.checks.mysql.packets import NATIVE, demand_nonce, plugin_name
from lvs_rawcheck.checks.sql import Refusal
from lvs_rawcheck.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.checks.sql import Wishes

SHA2 = "caching_sha2_password"
CLEAR = "mysql_clear_password"
FAST_LOGIN_OK, FULL_LOGIN = b"\x03", b"\x04"
_PUBLIC_KEY_REQUEST = b"\x02"
_KEY_BITS_MOST = 16384


def native_proof(password: bytes, nonce: bytes) -> bytes:
    """Return the proof of mysql_native_password, 20 octets, none without a password."""
    if not password:
        return b""
    once = sha1(password).digest()
    return _xor(once, sha1(nonce + sha1(once).digest()).digest())


def sha2_proof(password: bytes, nonce: bytes) -> bytes:
    """Return the proof of caching_sha2_password, 32 octets, none without a password."""
    if not password:
        return b""
    once = sha256(password).digest()
    return _xor(once, sha256(sha256(once).digest() + nonce).digest())


def encrypted_password(password: bytes, nonce: bytes, public_key: bytes) -> bytes:
    """Return a password that only the owner of an RSA key (PEM) can read; RemoteProtocolError: it is no key."""
    from cryptography.exceptions import UnsupportedAlgorithm  # for those who need it
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    clear = password + b"\0"
    hidden = _xor(clear, nonce * (len(clear) // len(nonce) + 1))
    try:
        key = load_pem_public_key(public_key)
        if not isinstance(key, rsa.RSAPublicKey) or key.key_size > _KEY_BITS_MOST:
            raise RemoteProtocolError("a public key that is not RSA's, or longer than any is")
        return key.encrypt(hidden, padding.OAEP(padding.MGF1(SHA1()), SHA1(), None))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RemoteProtocolError(f"a public key that cannot be used: {error}") from error


class Login:
    """One login: how each thing that the server asks is answered. plugin: the one that its greeting names."""

    __slots__ = ("_asked_for_key", "_name", "_nonce", "_password", "_secure", "_switched", "_trusted", "plugin")

    def __init__(self, wishes: Wishes, plugin: str, nonce: bytes, secure: bool) -> None:
        """Take secure: whether nobody can listen."""
        self._name = wishes.login
        self._password = wishes.password.encode()
        self._trusted = secure and wishes.verified
        """Whether the server may be told the password itself on its mere wish, as clients have to be told to."""
        self._nonce = nonce
        self._secure = secure
        self._switched = False
        self._asked_for_key = False
        self.plugin = plugin if plugin in (NATIVE, SHA2) else NATIVE
        """The server names the user's own one later, where it differs."""

    def proof(self) -> bytes:
        """Return the proof by the plugin."""
        make = native_proof if self.plugin == NATIVE else sha2_proof
        return make(self._password, self._nonce)

    def switch(self, content: bytes) -> bytes:
        """Return the answer to an AuthSwitchRequest; Refusal, RemoteProtocolError."""
        if self._switched:
            raise RemoteProtocolError("a second wish for another login")
        self._switched = True
        plugin, _, challenge = content[1:].partition(b"\0")
        self.plugin = plugin_name(plugin) or "mysql_old_password"
        if self.plugin == CLEAR and self._trusted:
            return self._password + b"\0"
        if self.plugin not in (NATIVE, SHA2):
            how = f"{self.plugin} without a verified TLS" if self.plugin == CLEAR else self.plugin
            raise Refusal(f"the server wants {self._name!r} to log in by {how}, which this check cannot do")
        self._nonce = demand_nonce(challenge)
        return self.proof()

    def go_on(self, data: bytes) -> bytes | None:
        """Return the answer to AuthMoreData, None where the server has more to say; RemoteProtocolError."""
        if self.plugin != SHA2:
            raise RemoteProtocolError(f"the middle of a login that {self.plugin} does not have")
        if self._asked_for_key:
            self._asked_for_key = False
            return encrypted_password(self._password, self._nonce, data)
        if data == FAST_LOGIN_OK:
            return None
        if data != FULL_LOGIN:
            raise RemoteProtocolError(f"{len(data)} octets in the middle of a login that mean nothing")
        if self._secure:
            return self._password + b"\0"
        self._asked_for_key = True
        return _PUBLIC_KEY_REQUEST


def _xor(octets: bytes, others: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(octets, others))  # noqa: B905 the second may be longer
