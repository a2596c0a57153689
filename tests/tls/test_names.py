# SPDX-License-Identifier: GPL-2.0-or-later
"""Names: ours say what OpenSSL says of the same certificate, asked through a handshake."""

from __future__ import annotations

import itertools
import time

import pytest

from lvs_rawcheck.tls.certificate import Certificate
from lvs_rawcheck.tls.events import Secured
from lvs_rawcheck.tls.names import is_for, is_ip_address, matches
from lvs_rawcheck.tls.session import Session
from lvs_rawcheck.tls.settings import Settings
from tests.tls.authority import Authority
from tests.tls.peer import Peer, exchange, server_context

CERTIFICATES: dict[str, tuple[str, list[str], list[str]]] = {
    "one name": ("", ["www.example.com"], []),
    "in capitals": ("", ["WWW.Example.COM"], []),
    "a wildcard": ("", ["*.example.com"], []),
    "a wildcard of everything": ("", ["*.com"], []),
    "a wildcard in the middle": ("", ["www.*.com"], []),
    "part of a label": ("", ["w*.example.com"], []),
    "two wildcards": ("", ["*.*.com"], []),
    "a common name": ("www.example.com", [], []),
    "a wildcard as common name": ("*.example.com", [], []),
    "a common name beside names": ("www.example.com", ["other.example.com"], []),
    "a common name beside addresses": ("www.example.com", [], ["192.0.2.1"]),
    "an address as common name": ("192.0.2.1", [], []),
    "addresses": ("", [], ["192.0.2.1", "2001:db8::1"]),
    "an address as name": ("", ["192.0.2.1"], []),
}
NAMES = (
    *("www.example.com", "WWW.EXAMPLE.COM", "example.com", "a.www.example.com", "ww-1.example.com", "w_w.example.com"),
    *("xn--bcher-kva.example.com", "other.example.com", "com", "192.0.2.1", "192.0.2.2", "2001:db8::1"),
    *("2001:DB8:0::1", "::ffff:192.0.2.1", "wexample.com", "www.x.com"),
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("names"))


@pytest.mark.parametrize("title", CERTIFICATES)
def test_as_openssl_says(authority: Authority, title: str) -> None:
    common_name, host_names, addresses = CERTIFICATES[title]
    identity = authority.issue("names", common_name, host_names, addresses)
    context = server_context(identity)
    ca_file = str(authority.ca_file)
    for name in NAMES:
        sent = None if is_ip_address(name) else name
        by_openssl = Settings(verify=True, ca_file=ca_file, expected_name=name, server_name=sent)
        by_us = Settings(verify=True, ca_file=ca_file, expected_name=name, server_name="elsewhere.example")
        assert (by_openssl.openssl_checks_name, by_us.openssl_checks_name) == (True, False)
        said = [
            isinstance(exchange(Session(demands, time.time()), Peer(context))[-1], Secured)
            for demands in (by_openssl, by_us)
        ]
        assert said[0] == said[1], f"{name}: OpenSSL says {said[0]}"


def test_the_table_has_both() -> None:
    """Were all of them refused, both would agree for nothing."""
    fitting = [
        is_for(_certificate(*CERTIFICATES[title]), name) for title, name in itertools.product(CERTIFICATES, NAMES)
    ]
    assert 20 < sum(fitting) < len(fitting) - 20


@pytest.mark.parametrize("name", ["www.example.com\0.evil.example", "*.example.com", ".example.com", ""])
def test_names_that_are_none(name: str) -> None:
    assert not matches(name, "www.example.com")
    assert matches(name, name), "but what is equal is equal"


def _certificate(common_name: str, host_names: list[str], addresses: list[str]) -> Certificate:
    return Certificate("", [common_name] if common_name else [], host_names, addresses, 0.0)
