# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong where there is no handshake: UDP services in every state, and an echo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lvs_rawcheck.checks.base import Endpoint, Exchange, Reason, Verdict
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.explanation import Explanation
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.ip import PROTO_ICMP
from tests.diagnose.site import FAMILIES, IPV4, Family, explain_from, fixes
from tests.diagnose.test_services import ServiceSite, conversation, each_family
from tests.netns.roles import host_prefix, lose_vip
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

QUESTION = b"who is there?"


class Question(Exchange):
    """Asks, and wants the same back."""

    kind = "question"
    interval = 0.1

    def datagram_to_send(self) -> bytes:
        return QUESTION

    def datagram_received(self, octets: bytes) -> Verdict | None:
        return Verdict(Reason.OK, "the same came back") if octets == QUESTION else None


class Echo(Question):
    """The same by ICMP."""

    kind = "echo"
    protocol = PROTO_ICMP


@pytest.fixture(scope="module")
def site() -> Iterator[ServiceSite]:
    """One site for all: each test leaves it as it was, but for its ports."""
    with Network() as network:
        yield ServiceSite(network)


def ask(site: ServiceSite, family: Family, port: int, exchange: type[Exchange] = Question) -> Explanation:
    """Return the explanation of a check by this exchange."""
    request = Request(
        exchange.kind, (exchange,), parse_address(family.real_ip), [Endpoint(parse_address(family.vip), port)]
    )
    request.timeout = 0.3
    return explain_from(site.director, request)


def outcome(told: Explanation) -> tuple[str, Answer, Answer, str]:
    """Return reason, echo, what the own address said, and cause."""
    seen = told.observations
    return told.result.verdict.reason, seen.echo, seen.own_service, told.cause


@pytest.mark.full
@each_family
def test_a_healthy_service(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    site.serve(family.vip, port, "datagram")
    told = ask(site, family, port)
    asked_of = f"{family.vip}:{port}" if family is IPV4 else f"[{family.vip}]:{port}"
    assert told.cause == signatures.HEALTHY
    assert conversation(told) == [
        f"* asking {asked_of}",
        "> who is there?",
        "< who is there?",
        "* ok: the same came back",
    ]


@each_family
def test_a_service_on_all_addresses_answers_from_another(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    site.serve("0.0.0.0" if family is IPV4 else "::", port, "datagram")
    told = ask(site, family, port)
    assert outcome(told) == (
        Reason.WRONG_ADDRESS,
        Answer.REPLY,
        Answer.PASSED,
        signatures.ANSWERS_FROM_REAL_ADDRESS,
    )
    assert family.vip in fixes(told)[0]
    assert "bind" in fixes(told)[0]
    assert fixes(told)[0].endswith(f"ss -lunp 'sport = :{port}'")


@each_family
def test_nothing_listens(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    told = ask(site, family, port)
    assert outcome(told) == (Reason.UNREACHABLE, Answer.REPLY, Answer.REFUSED, signatures.SERVICE_DOWN)
    assert told.observations.error == Answer.REFUSED


@pytest.mark.full
@each_family
def test_bound_to_its_own_address(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    site.serve(family.real_ip, port, "datagram")
    told = ask(site, family, port)
    assert outcome(told) == (Reason.UNREACHABLE, Answer.REPLY, Answer.PASSED, signatures.BOUND_TO_REAL_ADDRESS)


@pytest.mark.full
def test_a_firewall_in_front_of_it(site: ServiceSite) -> None:
    port = site.new_port()
    site.serve(IPV4.vip, port, "datagram")
    site.server.nft(
        f"table ip filter {{ chain input {{ type filter hook input priority 0\n ip daddr {IPV4.vip} udp dport {port}"
        " reject with icmp type admin-prohibited\n}\n}\n"
    )
    told = ask(site, IPV4, port)
    assert outcome(told)[0::3] == (Reason.UNREACHABLE, signatures.REJECTED)
    assert f"takes UDP port {port} of {IPV4.vip}" in fixes(told)[0]


def test_a_service_that_says_something_else(site: ServiceSite) -> None:
    port = site.new_port()
    site.serve(IPV4.vip, port, "garbage")
    told = ask(site, IPV4, port)
    assert outcome(told) == (
        Reason.NO_ANSWER,
        Answer.REPLY,
        Answer.REFUSED,
        signatures.ANSWERS_SOMETHING_ELSE,
    )
    assert conversation(told)[2:4] == ["< what?", "* no answer to what was asked: passed over"]


def test_a_service_that_says_nothing(site: ServiceSite) -> None:
    port = site.new_port()
    for address in (IPV4.vip, IPV4.real_ip):
        site.serve(address, port, "deaf")
    told = ask(site, IPV4, port)
    assert outcome(told) == (Reason.NO_ANSWER, Answer.REPLY, Answer.SILENCE, signatures.FILTERED_PORT)
    assert "does not answer such a question" in told.diagnosis.sentence
    assert f"takes UDP port {port} of {IPV4.vip}" in fixes(told)[0]


@pytest.mark.full
@each_family
def test_the_vip_is_missing(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    site.serve(family.real_ip, port, "datagram")
    lose_vip(site.server, family.vip)
    try:
        told = ask(site, family, port)
        ping = ask(site, family, port, Echo) if family is IPV4 else None
    finally:
        site.server.add_address(host_prefix(family.vip), "lo")
    assert outcome(told) == (
        Reason.NO_ANSWER,
        Answer.SILENCE,
        Answer.PASSED,
        signatures.VIP_MISSING_OR_FILTERED,
    )
    if ping is not None:
        assert outcome(ping)[0::3] == (Reason.NO_ANSWER, signatures.VIP_MISSING_OR_FILTERED)


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_ping(site: ServiceSite, family: Family) -> None:
    """Its protocol is that of the VIP's family, which it learns from the endpoint."""
    told = site.explain("ping", family, 1)
    assert told.cause == signatures.HEALTHY, told.result
    assert conversation(told)[0] == f"* asking {family.vip}"


@each_family
def test_a_silence_that_passes_is_told(site: ServiceSite, family: Family) -> None:
    port = site.new_port()
    site.serve(family.vip, port, "deaf")
    told = site.explain("udp", family, port, timeout="0.5")
    assert told.cause == signatures.HEALTHY, told.result
    assert {line.split()[0] for line in conversation(told)} == {"*", ">"}


@pytest.mark.full
def test_an_echo_that_a_firewall_rejects_has_no_port(site: ServiceSite) -> None:
    site.server.nft(
        f"table ip echoes {{ chain input {{ type filter hook input priority 0\n ip daddr {IPV4.vip} icmp type"
        " echo-request reject with icmp type admin-prohibited\n}\n}\n"
    )
    try:
        told = ask(site, IPV4, site.new_port(), Echo)
    finally:
        site.server.nft("delete table ip echoes")
    assert outcome(told)[0::3] == (Reason.UNREACHABLE, signatures.REJECTED)
    assert f"takes echo of {IPV4.vip}" in fixes(told)[0]
