# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind `http` on both paths, against a web server with habits good and bad."""

from __future__ import annotations

import hashlib
import resource
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lvs_rawcheck.checks.base import RAW, STANDARD, Reason, Result
from tests.checks.http.responder import BIG
from tests.checks.http.talk import prepared
from tests.checks.http.web import start_responder
from tests.checks.site import (
    BOTH,
    PATIENT,
    V4,
    Family,
    active,
    assert_reason,
    both_families,
    of_both,
    request,
    run,
    server_without_service,
    standby,
)
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

PORT = 8080
SHORT = 0.4  # seconds: the deadline of checks that run into it
GRACE = 0.5  # seconds that a busy machine may be late


class Site:
    """An active director, a standby one, a real server that serves VIPs and own addresses."""

    def __init__(self, network: Network) -> None:
        self.hosts: dict[str, Host] = {RAW: active(network), STANDARD: standby(network)}
        server = server_without_service(network)
        start_responder(server, PORT, [*of_both("vip"), *of_both("real")])

    def check(self, path: str, by: str = RAW, family: Family = V4, timeout: float = PATIENT, **told: Any) -> Result:
        """Return the result of a check of a path, by one way or the other."""
        wanted = request(family.real, family.vip, port=PORT, timeout=timeout, role_file="auto")
        wanted.kind = "http"
        wanted.steps = [prepared(path=path, **told)]
        result = run(self.hosts[by], wanted)
        assert result.path == by
        return result


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


both_ways = pytest.mark.parametrize("by", [RAW, STANDARD])


@both_ways
@both_families
def test_a_page(site: Site, by: str, family: Family) -> None:
    result = site.check("/", by, family, body="hello, world\n", response_header=["server: responder"])
    assert_reason(result, Reason.OK)
    assert result.to_dict()["status"] == 200
    assert "first_octet" in result.phases_ms


@both_ways
@both_families
def test_by_default_the_host_is_vip_and_port(site: Site, by: str, family: Family) -> None:
    vip = f"[{family.vip}]" if ":" in family.vip else family.vip
    assert_reason(site.check("/host", by, family, contains=[f"\r\nHost: {vip}:{PORT}\r\n"]), Reason.OK)


@both_ways
def test_many_segments(site: Site, by: str) -> None:
    for family in BOTH:
        assert_reason(site.check("/big", by, family, md5=hashlib.md5(BIG).hexdigest()), Reason.OK)


@both_ways
@pytest.mark.parametrize("path", ["/chunked", "/lf", "/1.0", "/folded", "/stay", "/garbage", "/half", "/rest"])
def test_whole_pages(site: Site, by: str, path: str) -> None:
    assert_reason(site.check(path, by, body="hello, world\n"), Reason.OK)


@both_ways
@pytest.mark.parametrize("http_version", ["1.0", "1.0C", "1.1"])
def test_versions_and_methods(site: Site, by: str, http_version: str) -> None:
    assert_reason(site.check("/", by, http_version=http_version), Reason.OK)
    assert_reason(site.check("/204", by, http_version=http_version), Reason.OK)
    assert_reason(site.check("/nul", by, http_version=http_version, body="before\0after"), Reason.OK)


@both_ways
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/404", Reason.STATUS),
        ("/short", Reason.CLOSED),
        ("/half-early", Reason.CLOSED),
        ("/die", Reason.CLOSED),
        ("/banner", Reason.PROTOCOL),
        ("/endless-header", Reason.PROTOCOL),
        ("/many", Reason.PROTOCOL),
        ("/endless-interim", Reason.PROTOCOL),
    ],
)
def test_what_is_certain_before_the_deadline(site: Site, by: str, path: str, reason: str) -> None:
    started = time.monotonic()
    assert_reason(site.check(path, by), reason)
    assert time.monotonic() - started < PATIENT / 2


@both_ways
@pytest.mark.parametrize("path", ["/silent", "/drip", "/endless-body", "/endless-chunk", "/endless-chunks"])
def test_what_never_ends_ends_at_the_deadline(site: Site, by: str, path: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    result = site.check(path, by, timeout=SHORT)
    seconds = time.monotonic() - started
    assert_reason(result, Reason.TIMEOUT)
    assert SHORT <= seconds < SHORT + GRACE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB


def test_several_urls_one_after_the_other(site: Site) -> None:
    wanted = request(V4.real, V4.vip, port=PORT)
    wanted.steps = [prepared(path="/"), prepared(path="/chunked", body="hello, world\n"), prepared(path="/404")]
    result = run(site.hosts[RAW], wanted)
    assert_reason(result, Reason.STATUS)
    assert result.verdict.detail == "check 3 of 3: status 404 'Not Found', expected 200-299"
