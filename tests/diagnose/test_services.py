# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong beyond the handshake: services that answer, and do not pass; told in their own words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.cli.check_line import read_check
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.explanation import Explanation
from lvs_rawcheck.diagnose.observations import Answer
from tests.diagnose.site import FAMILIES, IPV4, IPV6, Family, explain_from, fixes
from tests.netns.roles import director, real_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

each_family = pytest.mark.parametrize(
    "family", [IPV4, pytest.param(IPV6, marks=pytest.mark.full)], ids=[family.name for family in FAMILIES]
)
TIMEOUT = "5"  # seconds: no check here runs into it
_SERVICE = Path(__file__).with_name("service.py")


class ServiceSite:
    """A director and a real server in both families; each test has ports of its own."""

    def __init__(self, network: Network) -> None:
        on_link = [address for family in FAMILIES for address in family.on_link(family.director_ip)]
        vips = [family.vip for family in FAMILIES]
        self.director = director(network, "lb1", on_link, vips)
        on_link = [address for family in FAMILIES for address in family.on_link(family.real_ip)]
        self.server: Host = real_server(network, "rs1", on_link, vips)
        self._port = 8000

    def new_port(self) -> int:
        """Return a port that nothing has."""
        self._port += 1
        return self._port

    def serve(self, address: str, port: int, habit: str, host: Host | None = None) -> None:
        """Let a service listen, on the real server or another host; habit: see service.py."""
        child = (host or self.server).popen([sys.executable, "-I", "-S", str(_SERVICE), address, str(port), habit])
        assert child.stdout is not None
        assert child.stdout.readline() == "READY\n"

    def explain(self, kind: str, family: Family, port: int, *options: str, timeout: str = TIMEOUT) -> Explanation:
        """Return the explanation that such a command line asks for."""
        words = [kind, family.real_ip, family.vip, str(port), "--timeout", timeout, *options]
        return explain_from(self.director, read_check(words)[0])


@pytest.fixture(scope="module")
def site() -> Iterator[ServiceSite]:
    """One site for all: no test changes its hosts."""
    with Network() as network:
        yield ServiceSite(network)


def outcome(told: Explanation) -> tuple[str, str, Answer]:
    """Return reason, cause, and what the service said at its own address."""
    return told.result.verdict.reason, told.cause, told.observations.own_service


def conversation(told: Explanation) -> list[str]:
    """Return what was said, each line behind its direction."""
    return [f"{line.direction} {line.text}" for line in told.conversation]


@each_family
def test_a_web_server_that_is_ill_at_every_address(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    for address in (family.vip, family.real_ip):
        site.serve(address, port, "status:503")

    told = site.explain("http", family, port)

    assert outcome(told) == (Reason.STATUS, signatures.SERVICE_UNHEALTHY, Answer.NOT_PASSED)
    assert "503" in told.diagnosis.sentence
    names = ["echo", "full_echo", "vip_neighbour", "others", "own_neighbour", "own_service", "announced"]
    assert [probe.name for probe in told.probes] == names
    (own,) = [probe.detail for probe in told.probes if probe.name == "own_service"]
    assert "503" in own


@each_family
def test_a_web_server_that_is_well_at_its_own_address_only(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    site.serve(family.vip, port, "status:404")
    site.serve(family.real_ip, port, "status:200")

    told = site.explain("http", family, port)

    assert outcome(told) == (Reason.STATUS, signatures.SERVICE_DIFFERS_BY_ADDRESS, Answer.PASSED)
    assert family.vip in fixes(told)[0]
    assert fixes(told)[0].endswith(f"ss -ltnp 'sport = :{port}'")


@pytest.mark.full
def test_a_service_that_has_the_vip_alone(site: ServiceSite) -> None:
    port = site.new_port()
    site.serve(IPV4.vip, port, "status:500")
    told = site.explain("http", IPV4, port)
    assert outcome(told) == (Reason.STATUS, signatures.SERVICE_UNHEALTHY, Answer.REFUSED)


@pytest.mark.full
def test_a_service_of_another_kind_than_its_port(site: ServiceSite) -> None:
    """A web server where mail is expected waits for a request, and the other side for a banner."""
    port = site.new_port()
    site.serve(IPV4.vip, port, "status:200")

    told = site.explain("smtp", IPV4, port, timeout="0.3")

    assert outcome(told)[:2] == (Reason.TIMEOUT, signatures.SERVICE_UNHEALTHY)
    lines = conversation(told)
    assert lines[0] == f"* connected to {IPV4.vip}:{port}"
    assert lines[-1].startswith("* timeout: connected, then ")


@pytest.mark.full
def test_before_the_handshake_a_connection_is_all_that_is_tried_elsewhere(site: ServiceSite) -> None:
    port = site.new_port()
    site.serve(IPV4.real_ip, port, "status:503")

    told = site.explain("http", IPV4, port)

    assert outcome(told) == (Reason.REFUSED, signatures.BOUND_TO_REAL_ADDRESS, Answer.CONNECTED)
    assert conversation(told) == [f"* refused: {told.result.verdict.detail}"]


@each_family
def test_a_web_server_is_told_in_http(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    site.serve(family.vip, port, "status:200")

    told = site.explain("http", family, port, "--path", "/health")

    assert told.cause == signatures.HEALTHY
    lines = conversation(told)
    assert lines[0].startswith("* connected to ")
    assert lines[1].startswith("> GET /health HTTP/1.")
    assert "< HTTP/1.1 200 as told" in lines
    assert "< Content-Length: 11" in lines
    assert lines[-1].startswith("* ok: status 200")
    times = [line.time for line in told.conversation]
    assert times == sorted(times)
    assert told.began <= times[0]


def test_several_checks_are_told_one_after_the_other(site: ServiceSite) -> None:
    port = site.new_port()
    site.serve(IPV4.vip, port, "status:200")

    told = site.explain("http", IPV4, port, "--path", "/one", "--next", "--path", "/two", "--status", "404")

    assert told.result.verdict.reason == Reason.STATUS
    lines = conversation(told)
    marks = ["* check 1 of 2", "> GET /one ", "* check 2 of 2", "> GET /two ", "* status: check 2 of 2: "]
    places = [next(number for number, line in enumerate(lines) if line.startswith(mark)) for mark in marks]
    assert places == sorted(places)


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_director_that_is_its_own_real_server_and_serves_the_vip_alone(site: ServiceSite, kind: str) -> None:
    """A connection is all that tcp wants, and the kernel has a listener for it; http is asked at its own address."""
    port = site.new_port()
    site.serve(IPV4.vip, port, "status:200", site.director)
    told = explain_from(site.director, read_check([kind, IPV4.director_ip, IPV4.vip, str(port)])[0])
    if kind == "tcp":
        assert told.cause == signatures.HEALTHY
    else:
        assert outcome(told) == (Reason.REFUSED, signatures.SERVICE_UNHEALTHY, Answer.REFUSED)


def test_a_director_that_is_its_own_real_server_tells_what_it_asked_itself(site: ServiceSite) -> None:
    port = site.new_port()
    for address in (IPV4.vip, IPV4.director_ip):
        site.serve(address, port, "status:503", site.director)
    request, _ = read_check(["http", IPV4.director_ip, IPV4.vip, str(port), "--timeout", TIMEOUT])

    told = explain_from(site.director, request)

    assert (told.result.verdict.reason, told.cause) == (Reason.STATUS, signatures.SERVICE_UNHEALTHY)
    lines = conversation(told)
    assert lines[0] == f"* connected to {IPV4.director_ip}:{port}"
    assert "< HTTP/1.1 503 as told" in lines
    assert told.recording.frames == []
