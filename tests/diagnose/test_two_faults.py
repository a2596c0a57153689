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
from tests.diagnose.site import FAMILIES, Family, Site
from tests.diagnose.test_faults import causes, explain
from tests.netns.topology import Network

pytestmark = [pytest.mark.netns, pytest.mark.full]


def can_be_had_at_once(one: Fault, other: Fault) -> bool:
    """Return whether neither undoes the other."""
    if {one.make, other.make} == {all_dropped, balances_again}:
        return False  # IPVS comes after the filter (ip_vs_core.c, ip_vs_ops4); what stands for it here comes before
    return one.cause != other.cause and not set(one.touches.split()) & set(other.touches.split())


def named_first(first: Fault, second: Fault) -> str:
    """Return the cause: what is forwarded meets who has the VIP too, and is answered there."""
    if (first.make, second.make) == (vip_missing_forwarding, vip_elsewhere):
        return signatures.WRONG_MACHINE
    return first.cause


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
    assert named[0] == named_first(first, second), [probe.to_dict() for probe in told.probes]
    assert named[1:] in ([], [second.cause])

    first.mend(site)
    if second.cause == signatures.ARP_ANNOUNCE:
        know_it_well(site)
    assert causes(explain(site)) == [second.cause]
