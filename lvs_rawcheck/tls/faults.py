# SPDX-License-Identifier: GPL-2.0-or-later
"""What went wrong with TLS, as a sentence for people, from the words of OpenSSL."""

from __future__ import annotations

import re
import ssl

_DECORATION = re.compile(r"^\[[^\]]*\] |  ?\(_ssl\.c:\d+\)$")
_ALERT = re.compile(r"^(?:sslv3|tlsv1|tlsv13|ssl/tls) (?:alert )?(.*)")  # err codes 1000 + alert, ssl/ssl_err.c
_RECORD_TYPES = frozenset(range(20, 25))  # RFC 8446 5.1, RFC 6520 6
_RECORD_VERSION_MAJOR = 3  # RFC 8446 5.1: legacy_record_version is 3.1 or 3.3


def sentence_of(error: ssl.SSLError, first_octets: bytes, during: str) -> str:
    """Return what happened. first_octets: the first that the server sent. during: in which part, a noun."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate does not verify: {error.verify_message}"
    if first_octets and not _begins_a_record(first_octets):
        return f"the server does not speak TLS: it said {_printable(first_octets)}"
    words = _words_of(error)
    alert = _ALERT.match(words)
    if alert:
        return f"the server ended the {during} with the alert: {alert[1]}"
    return f"the {during} failed: {words}"


def is_cut_off(error: ssl.SSLError) -> bool:
    """Return whether an error says no more than that the stream ended without close_notify."""
    return isinstance(error, ssl.SSLEOFError) or error.reason == "UNEXPECTED_EOF_WHILE_READING"


def _words_of(error: ssl.SSLError) -> str:
    """Return OpenSSL's words for it; the ssl module puts its own round them: `[SSL: NAME] words (_ssl.c:992)`."""
    return _DECORATION.sub("", str(error.args[-1])) if error.args else "no reason given"


def _begins_a_record(octets: bytes) -> bool:
    return octets[0] in _RECORD_TYPES and octets[1:2] in (b"", bytes([_RECORD_VERSION_MAJOR]))


def _printable(octets: bytes) -> str:
    return repr(octets)[1:]
