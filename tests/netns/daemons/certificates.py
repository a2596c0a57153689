# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for the servers of the tests: an authority, and what it issued, good and bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.netns.daemons.daemon import new_folder

NAME = "web.example"
_SOON_DAYS = 5
_LONG_DAYS = 365


@dataclass(frozen=True)
class Certificate:
    """PEM files. `both`: first the key, then the certificate, as postfix and haproxy take them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """A certificate authority in a folder; `file` is what clients trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("An authority of the tests")
        builder = _builder(self._name, self._name, self._key, (-1, _LONG_DAYS))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        self.file.chmod(0o644)

    def issue(self, file_name: str, names: tuple[str, ...], days: tuple[int, int] = (-1, _LONG_DAYS)) -> Certificate:
        """Return a server's certificate for these names and addresses, valid for these days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(file_name, _for_names(names, self._name, key, days), self._key, key)

    def self_signed(self, file_name: str, names: tuple[str, ...]) -> Certificate:
        """Return a certificate that its own key signed, so that nobody vouches for it."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(file_name, _for_names(names, _name(names[0]), key, (-1, _LONG_DAYS)), key, key)

    def _write(
        self,
        file_name: str,
        builder: x509.CertificateBuilder,
        signing_key: ec.EllipticCurvePrivateKey,
        key: ec.EllipticCurvePrivateKey,
    ) -> Certificate:
        certificate, secret = _pem(builder.sign(signing_key, hashes.SHA256())), _key_pem(key)
        paths = [self._folder / f"{file_name}.{suffix}" for suffix in ("crt", "key", "pem")]
        for path, octets in zip(paths, (certificate, secret, secret + certificate), strict=True):
            path.write_bytes(octets)
            path.chmod(0o644)  # servers that gave up root read it; it is worth nothing outside the tests
        return Certificate(*paths)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _for_names(
    names: tuple[str, ...], issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]
) -> x509.CertificateBuilder:
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    return _builder(_name(names[0]), issuer, key, days).add_extension(alternatives, critical=False)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, shape, serialization.NoEncryption())


@cache
def authority() -> Authority:
    """Return the authority of this run."""
    return Authority(new_folder("certificates"))


@cache
def good() -> Certificate:
    """Return a certificate for NAME and for the VIPs of the site."""
    return authority().issue("good", (NAME, "10.0.0.100", "2001:db8::100"))


@cache
def expired() -> Certificate:
    """Return one that was good until yesterday."""
    return authority().issue("expired", (NAME,), (-30, -1))


@cache
def expires_soon() -> Certificate:
    """Return one that is good for a few days more."""
    return authority().issue("expires-soon", (NAME,), (-30, _SOON_DAYS))


@cache
def wrong_name() -> Certificate:
    """Return one that belongs to another name."""
    return authority().issue("wrong-name", ("other.example",))


@cache
def self_signed() -> Certificate:
    """Return one for NAME that no authority vouches for."""
    return authority().self_signed("self-signed", (NAME,))
