# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault made real: recognised, mended as its remedy says, and gone; IPv4 and IPv6."""

from __future__ import annotations

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.explanation import Explanation
from tests.diagnose.faults import FAULTS, Fault, forget_neighbours, take_commands
from tests.diagnose.site import FAMILIES, IPV4, IPV6, Family, Site
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

SECONDS_MOST = 5.0  # for a live problem
each_family = pytest.mark.parametrize(
    "family", [IPV4, pytest.param(IPV6, marks=pytest.mark.full)], ids=[family.name for family in FAMILIES]
)
BY_IPV6 = ("entry wrong", "VIP missing", "VIP missing, forwarding", "answers for the VIP")
SELDOM_BY_IPV6 = [fault.name for fault in FAULTS if fault.name not in BY_IPV6]
SELDOM_BY_IPV4 = ("all dropped", "port rejected", *BY_IPV6[:3])
"""Where one family shows what the other does, it is tried with all other tests only."""
MENDED_BY_HAND = [fault for fault in FAULTS if not fault.by_commands]
CASES = [
    pytest.param(
        fault,
        family,
        id=f"{fault.name}-{family.name}",
        marks=[pytest.mark.full] if fault.name in (SELDOM_BY_IPV4 if family is IPV4 else SELDOM_BY_IPV6) else [],
    )
    for fault in FAULTS
    for family in FAMILIES
]


def causes(told: Explanation) -> list[str]:
    """Return the first cause and those besides."""
    return [told.cause, *(second.cause for second in told.diagnosis.seconds)]


def explain(site: Site) -> Explanation:
    """Return the explanation of a server that has to find its way to whoever it answers first."""
    forget_neighbours(site)
    return site.explain()


@pytest.mark.parametrize(("fault", "family"), CASES)
def test_a_fault_is_named_and_its_remedy_mends_it(network: Network, family: Family, fault: Fault) -> None:
    site = Site(network, family)
    fault.make(site)
    began = clock.now()

    told = explain(site)

    took = clock.now() - began
    assert causes(told) == [fault.cause], [probe.to_dict() for probe in told.probes]
    assert told.diagnosis.severity == fault.severity
    assert took < SECONDS_MOST
    print(f"{family.name} {fault.name}: {fault.cause} in {took:.2f} s")

    take_commands(site, told.diagnosis.fixes)
    if not fault.by_commands:
        fault.mend(site)

    assert causes(explain(site)) == [signatures.HEALTHY]


@pytest.mark.full
@each_family
@pytest.mark.parametrize("fault", MENDED_BY_HAND, ids=[fault.name for fault in MENDED_BY_HAND])
def test_what_is_to_be_done_by_hand_is_not_mended_by_commands(network: Network, family: Family, fault: Fault) -> None:
    site = Site(network, family)
    fault.make(site)
    take_commands(site, explain(site).diagnosis.fixes)
    assert causes(explain(site)) == [fault.cause]


@each_family
def test_an_entry_that_the_kernel_gave_up_is_no_fault_of_the_server(network: Network, family: Family) -> None:
    site = Site(network, family)
    site.director.ip("neigh", "replace", family.real_ip, "dev", "eth0", "nud", "failed")
    assert causes(site.explain()) == [signatures.HEALTHY]


@each_family
def test_an_entry_that_leads_to_another_server_is_found_though_the_check_passes(
    network: Network, family: Family
) -> None:
    """The other one has the VIP too, and answers: nothing but a fresh answer shows that it is the wrong one."""
    site = Site(network, family)
    other = real_server(network, "rs2", family.on_link(family.other_real_ip), [family.vip])
    tcp_server(other, family.vip, 80)
    site.director.ip("neigh", "replace", family.real_ip, "lladdr", other.mac, "dev", "eth0", "nud", "stale")

    told = site.explain()

    assert told.result.healthy
    assert causes(told) == [signatures.NEIGHBOUR_ENTRY_WRONG]
    take_commands(site, told.diagnosis.fixes)
    assert causes(site.explain()) == [signatures.HEALTHY]


def test_a_real_server_with_the_vip_on_its_card_is_told_what_commands_do_not_mend(network: Network) -> None:
    site = Site(network, IPV4)
    site.server.add_address("10.0.0.100/32", "eth0")
    told = site.explain()
    assert causes(told) == [signatures.ARP_LEAK]
    take_commands(site, told.diagnosis.fixes)
    assert causes(site.explain()) == [signatures.ARP_LEAK]
    assert "another interface than lo" in " ".join(fix.instruction for fix in told.diagnosis.fixes)
    site.server.remove_address("10.0.0.100/32", "eth0")
    assert causes(site.explain()) == [signatures.HEALTHY]


@each_family
def test_a_standby_takes_the_active_director_for_the_owner_and_nobody_else(network: Network, family: Family) -> None:
    site = Site(network, family)
    standby = director(network, "lb2", family.on_link(family.standby_ip))
    assert causes(site.explain(standby)) == [signatures.HEALTHY]
    third = director(network, "lb3", family.on_link("10.0.0.23" if family is IPV4 else "2001:db8::23"), [family.vip])
    told = site.explain(standby)
    assert causes(told) == [signatures.VIP_DUPLICATE]
    for mac in (site.director.mac, third.mac):
        assert mac in told.diagnosis.sentence
