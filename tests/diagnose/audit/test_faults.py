# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault of direct routing, made for real, found by an audit as by an explanation: the cause first, and no other.

The faults are those of tests/diagnose/faults.py. One family each by default, in turn; all of both are long.
"""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.audit import Settings, run_audit
from lvs_rawcheck.diagnose.audit.model import Audit
from lvs_rawcheck.diagnose.audit.wanted import Asked, Wanted
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.wire.address import parse_address
from tests.diagnose.faults import FAULTS, Fault
from tests.diagnose.site import FAMILIES, PORT, TIMEOUT, Family, Site, silence_is_short
from tests.netns.topology import Network

pytestmark = pytest.mark.netns

QUICK = (
    signatures.NEIGHBOUR_ENTRY_WRONG,
    signatures.DIRECTOR_CIRCLE,
    signatures.REJECTED,
    signatures.PATH_MTU,
    signatures.BOUND_TO_REAL_ADDRESS,
    signatures.ARP_ANNOUNCE,
)
"""Those that no other test of the audit makes."""
CASES = [
    pytest.param(
        fault,
        family,
        id=f"{fault.name}-{family.name}",
        marks=[] if fault.cause in QUICK and number % len(FAMILIES) == turn else [pytest.mark.full],
    )
    for number, fault in enumerate(FAULTS)
    for turn, family in enumerate(FAMILIES)
]


def audit_of(site: Site) -> Audit:
    """Return the audit of the site's one server, asked from the director."""
    wanted = Wanted(TIMEOUT, {}, lambda: None)
    wanted.sources.append("a test")
    endpoint = Endpoint(parse_address(site.family.vip), PORT)
    wanted.ask(site.family.real_ip, endpoint, "tcp", Asked((CheckText("tcp"),), seconds=TIMEOUT), "here")
    with site.director.entered(), silence_is_short():
        return run_audit(wanted, Settings())


def causes_of(audit: Audit) -> list[str]:
    return [finding.cause for finding in audit.findings]


@pytest.mark.parametrize(("fault", "family"), CASES)
def test_a_fault_is_found_and_gone_when_it_is_mended(network: Network, fault: Fault, family: Family) -> None:
    site = Site(network, family)
    fault.make(site)
    audit = audit_of(site)
    assert audit.gaps == []
    assert causes_of(audit) == [fault.cause]
    assert audit.findings[0].severity == fault.severity
    assert audit.findings[0].evidence
    assert [cell.cause for cell in audit.cells] == [fault.cause]
    fault.mend(site)
    after = audit_of(site)
    assert (causes_of(after), after.gaps) == ([], [])
    assert [cell.cause for cell in after.cells] == [signatures.HEALTHY]
