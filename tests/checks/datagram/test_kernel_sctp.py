# SPDX-License-Identifier: GPL-2.0-or-later
"""The kind sctp with a kernel's own SCTP at both ends: a server that listens, or not, and a director that keeps still.

Runs in the laboratory (tests/lab/test_inside.py) where this kernel has no SCTP.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import RAW, STANDARD, Reason, Result
from lvs_rawcheck.link.datagram_guard import SctpGuard, datagram_guard, kernel_speaks_sctp
from lvs_rawcheck.wire.ip import PROTO_SCTP
from lvs_rawcheck.wire.sctp import ABORT, INIT
from tests.checks.datagram.site import check, datagram_request, step_of
from tests.checks.site import (
    BOTH,
    CLOSED_PORT,
    OTHER_PORT,
    PORT,
    SHORT,
    V4,
    Family,
    active,
    assert_reason,
    both_families,
    packed,
    server_without_service,
    standby,
)
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.services import capture
from tests.netns.topology import Host, Network

pytestmark = [pytest.mark.netns, pytest.mark.skipif(not kernel_speaks_sctp(), reason="this kernel has no SCTP loaded")]

LISTEN = """
import socket, sys
listeners = []
for word in sys.argv[1:]:
    address, port = word.rsplit(",", 1)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listeners.append(socket.socket(family, socket.SOCK_STREAM, 132))
    listeners[-1].bind((address, int(port)))
    listeners[-1].listen(5)
print("READY", flush=True)
sys.stdin.read()
"""
SCTP = step_of("sctp")


class Site:
    """Directors of both roles, and a real server that listens on its VIPs, and elsewhere on its own addresses."""

    def __init__(self, network: Network) -> None:
        self.active = active(network)
        self.standby = standby(network)
        self.real = server_without_service(network)
        words = [f"{family.vip},{PORT}" for family in BOTH] + [f"{family.real},{OTHER_PORT}" for family in BOTH]
        child = self.real.popen([sys.executable, "-I", "-S", "-c", LISTEN, *words])
        assert child.stdout is not None
        assert child.stdout.readline() == "READY\n"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Network() as network:
        yield Site(network)


@pytest.fixture(params=["active", "standby"])
def director(request: pytest.FixtureRequest, site: Site) -> Host:
    host = getattr(site, request.param)
    assert isinstance(host, Host)
    return host


def raw(host: Host, family: Family, port: int = PORT, timeout: float = 20.0) -> Result:
    result = check(host, datagram_request(SCTP, family, port, timeout))
    assert result.path == RAW
    return result


@both_families
def test_a_server_that_listens(director: Host, family: Family) -> None:
    result = raw(director, family)
    assert_reason(result, Reason.OK)
    assert result.verdict.detail == "INIT ACK"


@both_families
def test_nothing_listens_or_not_on_the_vip(director: Host, family: Family) -> None:
    for port in (CLOSED_PORT, OTHER_PORT):
        assert_reason(raw(director, family, port), Reason.REFUSED)


@both_families
def test_the_vip_is_missing(site: Site, director: Host, family: Family) -> None:
    lose_vip(site.real, family.vip)
    try:
        assert_reason(raw(director, family, timeout=SHORT), Reason.NO_ANSWER)
    finally:
        site.real.add_address(host_prefix(family.vip), "lo")


@both_families
def test_the_director_s_kernel_says_nothing_of_its_own(site: Site, director: Host, family: Family) -> None:
    """All that it sends is our INIT, and our ABORT."""
    own = packed(family.director if director is site.active else family.standby)

    def is_ours(octets: bytes) -> bool:
        if family is V4:
            return octets[12:14] == b"\x08\x00" and octets[23] == PROTO_SCTP and octets[26:30] == own
        return octets[12:14] == b"\x86\xdd" and octets[20] == PROTO_SCTP and octets[22:38] == own

    assert_reason(raw(director, family), Reason.OK)
    with capture(director, wanted=is_ours) as frames:
        for _ in range(2):
            assert_reason(raw(director, family), Reason.OK)
        chunk_at = 14 + (20 if family is V4 else 40) + 12
        sent = [frame.octets[chunk_at] for frame in frames.frames() if frame.outgoing]
    assert sent == [INIT, ABORT] * 2


def test_the_guard_is_one_of_the_kernel_s_own(site: Site) -> None:
    with site.standby.entered():
        guard = datagram_guard(PROTO_SCTP, packed(V4.standby), set())
    assert isinstance(guard, SctpGuard)
    assert guard.port > 0
    guard.close()


@both_families
def test_the_standard_check(site: Site, family: Family, tmp_path: Path) -> None:
    role_file = tmp_path / "VI_1"
    role_file.write_text("0")
    for port, expected in ((OTHER_PORT, Reason.OK), (PORT, Reason.REFUSED), (CLOSED_PORT, Reason.REFUSED)):
        result = check(site.active, datagram_request(SCTP, family, port, 20.0, role_file=str(role_file)))
        assert result.path == STANDARD
        assert_reason(result, expected)
