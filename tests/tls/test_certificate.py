# SPDX-License-Identifier: GPL-2.0-or-later
"""What is read from a certificate, and that nothing in one can raise anything but what is promised."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from lvs_rawcheck.errors import RemoteProtocolError
from lvs_rawcheck.tls.certificate import parse_certificate
from tests.tls.authority import Authority

VARIANTS = 3000


@pytest.fixture(scope="module")
def der(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    authority = Authority(tmp_path_factory.mktemp("certificate"))
    identity = authority.issue("one", "web", ["web.example", "*.web.example"], ["192.0.2.1", "2001:db8::1"], days=2)
    return identity.certificate.public_bytes(Encoding.DER)


def test_what_it_says(der: bytes) -> None:
    certificate = parse_certificate(der)
    assert certificate.subject == "CN=web"
    assert certificate.names == ["web.example", "*.web.example", "192.0.2.1", "2001:db8::1"]
    assert certificate.days_left(certificate.not_after - 86400) == 1.0
    assert certificate.days_left(certificate.not_after + 43200) == -0.5
    assert len(certificate.expires) == len("2027-01-01T00:00:00Z")


def test_one_that_says_nothing(tmp_path: Path) -> None:
    identity = Authority(tmp_path).issue("bare", "", [], [])
    certificate = parse_certificate(identity.certificate.public_bytes(Encoding.DER))
    assert (certificate.subject, certificate.names, certificate.common_names) == ("", [], [])


def test_cut_at_every_length(der: bytes) -> None:
    for length in range(len(der)):
        with pytest.raises(RemoteProtocolError, match="the certificate cannot be read"):
            parse_certificate(der[:length])


def test_any_octets_changed(der: bytes) -> None:
    """Either it can be read or it cannot; nothing is warned of, whatever stands there."""
    chance = random.Random(1)
    read = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(VARIANTS):
            octets = bytearray(der)
            for _ in range(chance.randint(1, 3)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            try:
                certificate = parse_certificate(bytes(octets))
            except RemoteProtocolError:
                continue
            assert certificate.expires.endswith("Z")
            read += 1
    assert 0 < read < VARIANTS
