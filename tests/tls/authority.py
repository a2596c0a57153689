# SPDX-License-Identifier: GPL-2.0-or-later
"""A certification authority for tests: certificates of every good and bad kind, as PEM files."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "www.example.com"


@dataclass(frozen=True)
class Identity:
    """A server's key and its certificate, as files for a server, and the certificate itself."""

    certificate_file: Path
    key_file: Path
    certificate: x509.Certificate


class Authority:
    """Signs what it is asked to; ca_file is what verifies it."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _signed(f"test {name}", self._key, self._key, None, 365, [], is_ca=True)
        self.ca_file = self._write(name, self.certificate)

    def issue(
        self,
        name: str = "server",
        common_name: str = HOST,
        host_names: Sequence[str] = (HOST,),
        addresses: Sequence[str] = (),
        days: float = 90,
    ) -> Identity:
        """Return a server's identity; days: how long its certificate is valid from now on, negative: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives: list[x509.GeneralName] = [x509.DNSName(host) for host in host_names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        certificate = _signed(common_name, key, self._key, self.certificate.subject, days, alternatives)
        return self._identity(name, key, certificate)

    def self_signed(self, name: str = "self-signed", host_names: Sequence[str] = (HOST,)) -> Identity:
        """Return an identity that nobody vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(HOST, key, key, None, 90, [x509.DNSName(host) for host in host_names])
        return self._identity(name, key, certificate)

    def _identity(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Identity:
        key_file = self._folder / f"{self._name}-{name}.key"
        encoding, layout = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key_file.write_bytes(key.private_bytes(encoding, layout, serialization.NoEncryption()))
        return Identity(self._write(f"{self._name}-{name}", certificate), key_file, certificate)

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        path = self._folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path


def _signed(
    common_name: str,
    key: ec.EllipticCurvePrivateKey,
    signing_key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    days: float,
    alternatives: list[x509.GeneralName],
    is_ca: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=400))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not common_name)
    return builder.sign(signing_key, hashes.SHA256())
