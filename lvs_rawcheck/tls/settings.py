# SPDX-License-Identifier: GPL-2.0-or-later
"""What a session offers to a server and demands of it, and the ssl context made of that.

Unless more is demanded, all is as in keepalived's SSL_GET (check_ssl.c): no certificate is verified, no SNI is
sent, the ciphers are OpenSSL's DEFAULT and any version goes that OpenSSL has. On Debian that is TLS 1.2 and 1.3, and
older ones where nothing is signed (RSA key exchange): its security level 2 rules out their signatures, for
keepalived as for us.
"""

from __future__ import annotations

import os
import ssl
import stat
from weakref import WeakValueDictionary

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.tls.names import is_ip_address

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
"""What a minimum version can be called."""

_contexts: WeakValueDictionary[tuple[object, ...], ssl.SSLContext] = WeakValueDictionary()
"""A context costs up to 50 ms and megabytes (all the system's CAs): equal ones are one, while anybody uses it."""


class Settings:
    """The values of one check, and its context, ready for any number of sessions.

    server_name: sent as SNI (RFC 6066 3), None for none. verify: the chain must lead to a CA of ca_file, PEM, or
    where that is None to one of the system's. expected_name: a host or address that the certificate must be for.
    min_days: how long it must still be valid, days. min_version: of VERSIONS, None: any. alpn: protocols to offer
    (RFC 7301); required_alpn: one of them that the server must choose.

    Name and days are demanded whether the chain is verified or not. UsageError: the CA file is none.
    """

    __slots__ = ("alpn", "context", "expected_name", "min_days", "required_alpn", "server_name", "verify")

    def __init__(
        self,
        *,
        server_name: str | None = None,
        verify: bool = False,
        ca_file: str | None = None,
        expected_name: str | None = None,
        min_days: int | None = None,
        min_version: str | None = None,
        alpn: tuple[str, ...] = (),
        required_alpn: str | None = None,
    ) -> None:
        self.server_name = server_name
        self.verify = verify
        self.expected_name = expected_name
        self.min_days = min_days
        self.alpn = alpn
        self.required_alpn = required_alpn
        self.context = _context(verify, ca_file, min_version, alpn, self.openssl_checks_name)

    @property
    def openssl_checks_name(self) -> bool:
        """Return whether the handshake itself checks the expected name.

        The ssl module knows one name only: what it sends as SNI (an address is never sent) is what it checks.
        """
        if not self.verify or self.expected_name is None:
            return False
        return self.expected_name == self.name_for_openssl

    @property
    def name_for_openssl(self) -> str | None:
        """Return the one name that the ssl module is told."""
        if self.server_name is None and self.expected_name is not None and is_ip_address(self.expected_name):
            return self.expected_name
        return self.server_name

    @property
    def reads_certificate(self) -> bool:
        """Return whether something is demanded that takes a look at the certificate's own fields."""
        return self.min_days is not None or (self.expected_name is not None and not self.openssl_checks_name)


def _context(
    verify: bool, ca_file: str | None, min_version: str | None, alpn: tuple[str, ...], check_name: bool
) -> ssl.SSLContext:
    key = (verify, _identity(ca_file), min_version, alpn, check_name)
    context = _contexts.get(key)
    if context is None:
        context = _contexts[key] = _make_context(verify, ca_file, min_version, alpn, check_name)
    return context


def _make_context(
    verify: bool, ca_file: str | None, min_version: str | None, alpn: tuple[str, ...], check_name: bool
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_name
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    # Other builds of Python than Debian's have a stricter idea of both than OpenSSL, and so than keepalived.
    context.minimum_version = VERSIONS[min_version] if min_version else ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT")
    # An end without close_notify is not the same as one with it: who reads until the end may want to know.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if verify:
        _trust(context, ca_file)
    return context


def _trust(context: ssl.SSLContext, ca_file: str | None) -> None:
    if ca_file is None:
        context.load_default_certs()
        return
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an intermediate, or the server's own, is enough
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError as error:
        raise UsageError(f"no certificates in the CA file {ca_file!r}: PEM is expected") from error
    except OSError as error:
        raise UsageError(f"cannot read the CA file {ca_file!r}: {error.strerror}") from error


def _identity(ca_file: str | None) -> tuple[object, ...] | None:
    """Return what changes when a file is replaced: a context made of the old one must not be found again."""
    if ca_file is None:
        return None
    try:
        status = os.stat(ca_file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"cannot read the CA file {ca_file!r}: {reason}") from error
    if not stat.S_ISREG(status.st_mode):  # a FIFO would never end
        raise UsageError(f"cannot read the CA file {ca_file!r}: not a file")
    return (ca_file, status.st_ino, status.st_size, status.st_mtime_ns)
