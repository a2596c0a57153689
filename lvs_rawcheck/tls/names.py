# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a certificate is one for a name: for the cases in which OpenSSL cannot be asked.

The ssl module lets OpenSSL check no other name than the one it sends as SNI, and none where the chain is not
verified. The rules here are those of OpenSSL's X509_check_host and X509_check_ip as the ssl module calls them
(RFC 6125 6.4: a wildcard is the whole first label, stands for exactly one, and has two labels behind it).
"""

from __future__ import annotations

import string

from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import format_address, parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvs_rawcheck.tls.certificate import Certificate

_WILDCARD_STANDS_FOR = frozenset(string.ascii_lowercase + string.digits + "-")


def is_ip_address(name: str) -> bool:
    """Return whether a name is an IPv4 or IPv6 address."""
    try:
        parse_address(name)
    except UsageError:
        return False
    return True


def is_for(certificate: Certificate, name: str) -> bool:
    """Return whether a certificate is for a host name or an address.

    The subject's common name counts only where the certificate lists no host names at all.
    """
    if is_ip_address(name):
        return format_address(parse_address(name)) in certificate.addresses
    return any(matches(name, pattern) for pattern in certificate.host_names or certificate.common_names)


def matches(name: str, pattern: str) -> bool:
    """Return whether a host name is what a certificate's name says, wildcard or not."""
    name, pattern = name.lower(), pattern.lower()
    if name == pattern:
        return True
    first, _, parent = name.partition(".")
    return pattern == f"*.{parent}" and "." in parent and bool(first) and _WILDCARD_STANDS_FOR.issuperset(first)
