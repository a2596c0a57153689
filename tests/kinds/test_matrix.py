# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind with a real server of Debian's: healthy, wrong, without its VIP, stopped; raw and standard, IPv4 and IPv6.

What is the same in both families is tried over IPv6 in the long run only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lvs_rawcheck.checks.base import RAW, STANDARD, Reason, Result
from lvs_rawcheck.checks.kinds import KINDS
from tests.checks.site import SHORT, V4, V6, Family, assert_reason, both_families
from tests.kinds.matrix import Row, Wrong
from tests.kinds.rows import ROWS
from tests.kinds.site import ADDRESSES, Site, check
from tests.netns.daemons.daemon import Daemon
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

v6_in_the_long_run = pytest.mark.parametrize(
    "family", [pytest.param(V4, id=V4.name), pytest.param(V6, id=V6.name, marks=pytest.mark.full)]
)
both_paths = pytest.mark.parametrize("path", [RAW, STANDARD])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


@dataclass
class Served:
    """A row whose server is running."""

    site: Site
    row: Row
    daemon: Daemon

    def check(self, family: Family, path: str, timeout: float | None = None) -> Result:
        """Return the result from the director that takes this path; timeout: None for the row's."""
        return self._check(family, path, self.row.port, self.row.options, timeout or self.row.timeout)

    def check_so(self, family: Family, path: str, options: tuple[str, ...]) -> Result:
        """Return the result of a check with other options."""
        return self._check(family, path, self.row.port, options, self.row.timeout)

    def check_wrong(self, family: Family, path: str, wrong: Wrong) -> Result:
        """Return the result of a check that wants what this server is not."""
        timeout = SHORT if wrong.silent else self.row.timeout
        return self._check(family, path, wrong.port or self.row.port, wrong.options, timeout)

    def _check(self, family: Family, path: str, port: int, options: tuple[str, ...], timeout: float) -> Result:
        host = self.site.active if path == RAW else self.site.standby
        result = check(host, family, self.row.kind, port, options, timeout)
        assert result.path == path, result.verdict.detail
        return result


@pytest.fixture(scope="module", params=ROWS, ids=str)
def served(request: pytest.FixtureRequest, site: Site) -> Iterator[Served]:
    served = Served(site, request.param, request.param.start(site.real, ADDRESSES))
    yield served
    served.daemon.stop()


@both_families
@both_paths
def test_healthy(served: Served, family: Family, path: str) -> None:
    assert_reason(served.check(family, path), Reason.OK)


@v6_in_the_long_run
@both_paths
def test_healthy_in_other_words(served: Served, family: Family, path: str) -> None:
    for options in served.row.also:
        assert_reason(served.check_so(family, path, options), Reason.OK)


@v6_in_the_long_run
@both_paths
def test_wrong_answers(served: Served, family: Family, path: str) -> None:
    for wrong in served.row.wrong:
        assert_wrong(served.check_wrong(family, path, wrong), wrong)


def assert_wrong(result: Result, wrong: Wrong) -> None:
    verdict = result.verdict
    assert verdict.reason == wrong.reason, f"{wrong.why}: {verdict.reason}: {verdict.detail}"
    assert re.search(wrong.says, verdict.detail), f"{wrong.why}: {verdict.detail}"


@v6_in_the_long_run
def test_without_its_vip_it_is_down_for_the_active_director_only(served: Served, family: Family) -> None:
    with served.site.without_vip(family):
        assert_reason(served.check(family, RAW, timeout=SHORT), Reason.NO_ANSWER)
        assert_reason(served.check(family, STANDARD), Reason.OK)
    assert_reason(served.check(family, RAW), Reason.OK)


@v6_in_the_long_run
def test_stopped(served: Served, family: Family) -> None:
    served.daemon.stop()
    try:
        for path in (RAW, STANDARD):
            assert_reason(served.check(family, path), served.row.stopped)
    finally:
        served.daemon = served.row.start(served.site.real, ADDRESSES)


def test_no_kind_is_forgotten() -> None:
    elsewhere = {
        "ping": "no service: test_datagrams.py",
        "nntp": "no server among the packages",
        "sip": "no server among the packages",
        "sctp": "not every kernel speaks it",
    }
    assert {row.kind for row in ROWS} | elsewhere.keys() == set(KINDS)
