# SPDX-License-Identifier: GPL-2.0-or-later
"""https with openssl's own server: versions of TLS, and certificates that are wrong in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from lvs_rawcheck.checks.base import Reason
from tests.checks.site import V4, V6, assert_reason
from tests.kinds.site import Site, check
from tests.kinds.trust import VERIFIED
from tests.netns.daemons import certificates, tls
from tests.netns.topology import Network
from tests.tls.authority import Identity

pytestmark = pytest.mark.netns

HTTPS = 443
CHAIN = ("--tls-ca-file", str(certificates.authority().ca_file))
NAME = ("--tls-name", certificates.NAME)
SNI = ("--sni", certificates.NAME)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


@dataclass(frozen=True)
class Case:
    """A server and what checks say of it: options and the reason. A server listens on one address, the VIP of IPv4."""

    name: str
    issued: Callable[[], Identity]
    verdicts: Sequence[tuple[tuple[str, ...], str]]
    options: Sequence[str] = ()


CASES = (
    Case(
        "good",
        certificates.good,
        [
            ((), Reason.OK),
            (VERIFIED, Reason.OK),
            ((*CHAIN, *SNI), Reason.OK),
            ((*CHAIN, "--tls-name", V4.vip), Reason.OK),
            ((*CHAIN, "--tls-name", V4.other_vip), Reason.TLS),
            (("--tls-verify", *NAME), Reason.TLS),  # no authority of this system knows it
            (("--tls-min-days", "30"), Reason.OK),
        ],
    ),
    Case(
        "only-tls-1.2",
        certificates.good,
        [(VERIFIED, Reason.OK), (("--tls-min-version", "1.3"), Reason.TLS)],
        tls.ONLY_TLS_1_2,
    ),
    Case(
        "only-tls-1.3",
        certificates.good,
        [(VERIFIED, Reason.OK), (("--tls-min-version", "1.3"), Reason.OK)],
        tls.ONLY_TLS_1_3,
    ),
    Case(
        "expired",
        certificates.expired,
        [((), Reason.OK), (CHAIN, Reason.TLS), (("--tls-min-days", "0"), Reason.TLS), (NAME, Reason.OK)],
    ),
    Case(
        "expires-soon",
        certificates.expires_soon,
        [(VERIFIED, Reason.OK), (("--tls-min-days", "3"), Reason.OK), (("--tls-min-days", "7"), Reason.TLS)],
    ),
    Case(
        "wrong-name",
        certificates.wrong_name,
        [((), Reason.OK), (SNI, Reason.OK), (CHAIN, Reason.OK), (NAME, Reason.TLS), ((*CHAIN, *SNI), Reason.TLS)],
    ),
    Case("self-signed", certificates.self_signed, [((), Reason.OK), (NAME, Reason.OK), (CHAIN, Reason.TLS)]),
    Case(
        "alpn",
        certificates.good,
        [
            (("--tls-require-alpn", "http/1.1"), Reason.OK),
            (("--tls-alpn", "h2", "--tls-alpn", "http/1.1"), Reason.OK),
            (("--tls-require-alpn", "h2"), Reason.TLS),
        ],
        tls.OFFERS_HTTP_1_1,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_a_check_says_of_the_server(site: Site, case: Case) -> None:
    with tls.openssl_server(site.real, V4.vip, case.issued(), HTTPS, case.options):
        for options, reason in case.verdicts:
            result = check(site.active, V4, "https", HTTPS, options)
            assert result.verdict.reason == reason, f"{options}: {result.verdict.reason}: {result.verdict.detail}"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_standby_says_the_same_over_the_other_family(site: Site, case: Case) -> None:
    with tls.openssl_server(site.real, V6.real, case.issued(), HTTPS, case.options):
        for options, reason in case.verdicts:
            assert_reason(check(site.standby, V6, "https", HTTPS, options), reason)
