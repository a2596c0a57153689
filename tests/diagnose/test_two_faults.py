# SPDX-License-Identifier: GPL-2.0-or-later
"""Two faults at once: the first that a packet meets is named, the second mentioned or hidden, and no other ever."""

from __future__ import annotations

from itertools import combinations

import pytest

from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.causes import rank
from tests.diagnose.faults import (
    FAULTS,
    Fault,
    all_dropped,
    balances_again,
    know_it_well,
    vip_elsewhere,
    vip_missing_forwarding,
)
from tests.diagnose.site import FAMILIES, IPV6, Family, Site
from tests.diagnose.test_faults import causes, explain
from tests.netns.topology import Network

pytestmark = [pytest.mark.netns, pytest.mark.full]


def can_be_had_at_once(one: Fault, other: Fault) -> bool:
    """Return whether neither undoes the other."""
    if {one.make, other.make} == {all_dropped, balances_again}:
        return False  # IPVS comes after the filter (ip_vs_core.c, ip_vs_ops4); what stands for it here comes before
    return one.cause != other.cause and not set(one.touches.split()) & set(other.touches.split())


def may_be_named(first: Fault, second: Fault) -> set[str]:
    """Return what the cause may be: what is forwarded ends at whoever has the VIP, and may be answered there."""
    if (first.make, second.make) == (vip_missing_forwarding, vip_elsewhere):
        return {first.cause, signatures.WRONG_MACHINE}
    return {first.cause}


def may_be_beside(fault: Fault, family: Family) -> list[list[str]]:
    """Return what may be mentioned: in IPv6 a VIP on the link is answered for, and spoken as where a way is sought."""
    both_signs = fault.cause == signatures.ARP_LEAK and family is IPV6
    return [[], [signatures.ARP_ANNOUNCE]] if both_signs else [[]]


PAIRS = [
    tuple(sorted(pair, key=lambda fault: rank(fault.cause)))
    for pair in combinations(FAULTS, 2)
    if can_be_had_at_once(*pair)
]


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{one.name} + {two.name}" for one, two in PAIRS])
def test_the_first_is_named_and_when_it_is_mended_the_second(
    network: Network, family: Family, first: Fault, second: Fault
) -> None:
    site = Site(network, family)
    second.make(site)
    first.make(site)

    told = explain(site)

    named = causes(told)
    print(f"{family.name} {first.name} + {second.name}: {named}")
    assert named[0] in may_be_named(first, second), [probe.to_dict() for probe in told.probes]
    beside = may_be_beside(second, family)
    assert named[1:] in ([], *([second.cause, *signs] for signs in beside))

    first.mend(site)
    if second.cause == signatures.ARP_ANNOUNCE:
        know_it_well(site)
    assert causes(explain(site)) in [[second.cause, *signs] for signs in beside]
