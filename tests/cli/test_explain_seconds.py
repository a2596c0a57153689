# SPDX-License-Identifier: GPL-2.0-or-later
"""`lvs-rawcheck explain`, as it is typed, of every fault: a live problem has its cause within five seconds."""

from __future__ import annotations

import os

import pytest

from lvs_rawcheck import clock
from tests.cli.commands import Desk
from tests.diagnose.faults import FAULTS, Fault
from tests.diagnose.site import FAMILIES, Family, Site
from tests.netns.topology import Network

pytestmark = [pytest.mark.netns, pytest.mark.full]

SECONDS_MOST = 5.0


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_live_problem_has_its_cause_in_time(desk: Desk, network: Network, family: Family, fault: Fault) -> None:
    site = Site(network, family)
    fault.make(site)
    words = ("explain", "tcp", *desk.own_folders(), family.real_ip, family.vip, "80")
    began = clock.now()
    child = desk.start(site.director, "lvs-rawcheck", *words)
    assert child.stdout is not None
    read_at = {line.rstrip("\n"): clock.now() - began for line in child.stdout}
    child.wait(30.0)
    took = clock.now() - began
    first = min(read_at.values())
    print(f"{family.name} {fault.name}: first line after {first:.2f} s, {fault.cause} after {took:.2f} s")
    assert {f"cause: {fault.cause}", f"warning: {fault.cause}"} & set(read_at), list(read_at)
    assert took < SECONDS_MOST, f"load of this machine: {os.getloadavg()[0]:.1f}"
