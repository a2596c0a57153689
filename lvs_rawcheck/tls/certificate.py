# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server's certificate says of itself. The only module that loads cryptography (60 ms of CPU)."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from lvs_rawcheck.errors import RemoteProtocolError
from lvs_rawcheck.wire.address import format_address

SECONDS_PER_DAY = 86400


class Certificate:
    """The fields that a check reads. addresses: as format_address writes them. not_after: seconds since 1970 UTC."""

    __slots__ = ("addresses", "common_names", "host_names", "not_after", "subject")

    def __init__(
        self, subject: str, common_names: list[str], host_names: list[str], addresses: list[str], not_after: float
    ) -> None:
        self.subject = subject
        self.common_names = common_names
        self.host_names = host_names
        self.addresses = addresses
        self.not_after = not_after

    @property
    def names(self) -> list[str]:
        """Return the hosts and addresses that it is for, as its subjectAltName lists them."""
        return [*self.host_names, *self.addresses]

    @property
    def expires(self) -> str:
        """Return its last second as RFC 3339 writes it, UTC: `2027-01-01T00:00:00Z`."""
        return datetime.fromtimestamp(self.not_after, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def days_left(self, wall_now: float) -> float:
        """Return for how many days it is still valid, less than 0 once it has expired; wall_now: as `not_after`."""
        return (self.not_after - wall_now) / SECONDS_PER_DAY


def parse_certificate(der: bytes) -> Certificate:
    """Return what a certificate says (RFC 5280 4.1, 4.2.1.6); RemoteProtocolError: it cannot be read.

    OpenSSL takes certificates in whose fields cryptography finds fault, and the server chose every octet: so
    whatever the parser raises is the server's.
    """
    try:
        with catch_warnings():
            simplefilter("ignore")  # cryptography warns on stderr of what it will refuse one day
            return _read(x509.load_der_x509_certificate(der))
    except Exception as error:
        raise RemoteProtocolError(f"the certificate cannot be read: {error}") from error


def _read(certificate: x509.Certificate) -> Certificate:
    host_names, addresses = _alternative_names(certificate)
    common_names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        certificate.subject.rfc4514_string(),
        [_text(name.value) for name in common_names],
        host_names,
        addresses,
        _not_after(certificate).timestamp(),
    )


def _alternative_names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return [], []
    names = extension.value
    assert isinstance(names, x509.SubjectAlternativeName)
    addresses = names.get_values_for_type(x509.IPAddress)
    # Networks, which may stand there as well (RFC 5280 4.2.1.10), name no server.
    hosts = [address for address in addresses if isinstance(address, IPv4Address | IPv6Address)]
    return names.get_values_for_type(x509.DNSName), [format_address(host.packed) for host in hosts]


def _not_after(certificate: x509.Certificate) -> datetime:
    """Return the end of validity; its naive form, all that old versions have, is deprecated in new ones."""
    if hasattr(certificate, "not_valid_after_utc"):
        aware: datetime = certificate.not_valid_after_utc
        return aware
    return certificate.not_valid_after.replace(tzinfo=UTC)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
