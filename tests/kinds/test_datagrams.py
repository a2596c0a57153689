# SPDX-License-Identifier: GPL-2.0-or-later
"""What only services without connections can do: answer from another address; and the echo, which is no service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lvs_rawcheck.checks.base import RAW, STANDARD, Reason
from tests.checks.site import SHORT, Family, assert_reason, both_families
from tests.kinds.site import Site, check
from tests.netns.daemons import stores
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

TCP, UDP = 11211, 11212
VERSION = ("--payload", f"0001 0000 0001 0000 {b'version'.hex()} 0d0a")  # memcached's doc/protocol.txt, "UDP protocol"
ANSWER = ("--require-reply", f"0001 0000 0001 0000 {b'VERSION'.hex()}")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


@both_families
def test_a_server_on_the_wildcard_answers_from_its_own_address(site: Site, family: Family) -> None:
    wildcard = "0.0.0.0" if family.name == "ipv4" else "::"
    with stores.memcached(site.real, [wildcard], TCP, UDP):
        assert_reason(check(site.standby, family, "udp", UDP, (*VERSION, *ANSWER)), Reason.OK)
        result = check(site.active, family, "udp", UDP, (*VERSION, *ANSWER), SHORT)
        assert_reason(result, Reason.WRONG_ADDRESS)
        assert family.real in result.verdict.detail
    with stores.memcached(site.real, [family.vip], TCP, UDP):
        assert_reason(check(site.active, family, "udp", UDP, (*VERSION, *ANSWER)), Reason.OK)


@both_families
def test_an_echo_needs_the_vip_and_no_service(site: Site, family: Family) -> None:
    for host, path in ((site.active, RAW), (site.standby, STANDARD)):
        result = check(host, family, "ping", TCP, ())
        assert_reason(result, Reason.OK)
        assert result.path == path
    with site.without_vip(family):
        assert_reason(check(site.active, family, "ping", TCP, (), SHORT), Reason.NO_ANSWER)
        assert_reason(check(site.standby, family, "ping", TCP, ()), Reason.OK)
