# SPDX-License-Identifier: GPL-2.0-or-later
"""Every row of the table of signatures, made real: a host in that state, its answers, reason and cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.link.tracer import SENT
from tests.diagnose.faults import (
    all_dropped,
    announces_the_vip,
    bound_to_real_address,
    host_down,
    nothing_listens,
    port_dropped,
    port_rejected,
    vip_missing,
    vip_missing_forwarding,
)
from tests.diagnose.site import FAMILIES, IPV4, PORT, Family, Site, fixes
from tests.netns.roles import host_prefix
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

REPLY, SILENCE, NOT_ASKED = Answer.REPLY, Answer.SILENCE, Answer.NOT_ASKED
CONNECTED, REFUSED = Answer.CONNECTED, Answer.REFUSED


@dataclass(frozen=True)
class Row:
    """A state, how to bring it about, and what is to be seen of it.

    answers: echo to the VIP, ARP or NDP for the VIP, TCP to its own address, ARP or NDP for its own address.
    """

    state: str
    make: Callable[[Site], None]
    reason: str
    answers: tuple[Answer, Answer, Answer, Answer]
    cause: str
    fix: str
    """What a step of the fix must contain."""


def healthy(site: Site) -> None:
    """Change nothing."""


def all_rejected(site: Site) -> None:
    # Not of the table's ten, but what a firewall with a final reject does.
    site.refuse_on(site.family.vip, "reject with icmpx type admin-prohibited")


ROWS = (
    Row("healthy", healthy, Reason.OK, (REPLY, SILENCE, NOT_ASKED, REPLY), signatures.HEALTHY, ""),
    Row(
        "VIP missing",
        vip_missing,
        Reason.NO_ANSWER,
        (SILENCE, SILENCE, CONNECTED, REPLY),
        signatures.VIP_MISSING_OR_FILTERED,
        "addr replace {vip} dev lo",
    ),
    Row(
        "VIP missing, forwarding",
        vip_missing_forwarding,
        Reason.LOOPED,
        (Answer.LOOPED, SILENCE, CONNECTED, REPLY),
        signatures.VIP_MISSING_FORWARDING,
        "addr replace {vip} dev lo",
    ),
    Row(
        "bound to its own address",
        bound_to_real_address,
        Reason.REFUSED,
        (REPLY, SILENCE, CONNECTED, REPLY),
        signatures.BOUND_TO_REAL_ADDRESS,
        "listen on",
    ),
    Row(
        "nothing listens",
        nothing_listens,
        Reason.REFUSED,
        (REPLY, SILENCE, REFUSED, REPLY),
        signatures.SERVICE_DOWN,
        "start the service",
    ),
    Row(
        "announces the VIP",
        announces_the_vip,
        Reason.OK,
        (REPLY, REPLY, NOT_ASKED, REPLY),
        signatures.ARP_LEAK,
        "{leak}",
    ),
    Row(
        "port dropped",
        port_dropped,
        Reason.NO_ANSWER,
        (REPLY, SILENCE, CONNECTED, REPLY),
        signatures.FILTERED_PORT,
        f"takes TCP port {PORT} of ",
    ),
    Row(
        "all dropped",
        all_dropped,
        Reason.NO_ANSWER,
        (SILENCE, SILENCE, CONNECTED, REPLY),
        signatures.VIP_MISSING_OR_FILTERED,
        "addr replace {vip} dev lo",
    ),
    Row(
        "port rejected",
        port_rejected,
        Reason.UNREACHABLE,
        (REPLY, SILENCE, CONNECTED, REPLY),
        signatures.REJECTED,
        f"takes TCP port {PORT} of ",
    ),
    Row(
        "all rejected",
        all_rejected,
        Reason.UNREACHABLE,
        (Answer.REJECTED, SILENCE, CONNECTED, REPLY),
        signatures.REJECTED,
        f"takes TCP port {PORT} of ",
    ),
    Row(
        "host down",
        host_down,
        Reason.NO_NEIGHBOUR,
        (NOT_ASKED, NOT_ASKED, NOT_ASKED, SILENCE),
        signatures.HOST_DOWN,
        "{real_ip}",
    ),
)


@pytest.mark.full
@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
@pytest.mark.parametrize("row", ROWS, ids=[row.state for row in ROWS])
def test_each_state_has_its_answers_its_reason_and_its_cause(network: Network, family: Family, row: Row) -> None:
    site = Site(network, family)
    row.make(site)

    told = site.explain()

    seen = told.observations
    assert seen.check == told.result.verdict.reason == row.reason, told.result
    assert (seen.echo, seen.vip_neighbour, seen.own_service, seen.own_neighbour) == row.answers
    assert told.cause == row.cause
    leak = "arp_ignore=1" if family is IPV4 else "dev lo"
    words = {"vip": host_prefix(family.vip), "real_ip": family.real_ip, "leak": leak}
    assert row.fix.format(**words) in "\n".join(fixes(told))
    assert any(warning.startswith("arp-leak") for warning in told.warnings) == (row.cause == signatures.ARP_LEAK)
    assert_never_speaks_as_the_vip(site, [frame.octets for frame in told.recording.frames if frame.direction == SENT])


def assert_never_speaks_as_the_vip(site: Site, sent: list[bytes]) -> None:
    """No host of the link must learn the director as the VIP's owner from our frames."""
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import ARP, Ether

    assert sent
    for octets in sent:
        frame = Ether(octets)
        sources = [frame[ARP].psrc] if ARP in frame else [frame[layer].src for layer in (IP, IPv6) if layer in frame]
        assert sources == [site.family.director_ip]
