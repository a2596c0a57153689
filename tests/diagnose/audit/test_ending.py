# SPDX-License-Identifier: GPL-2.0-or-later
"""When an audit ends: whoever interrupts it is told what is missing, and a slow pace is no reason to end early."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.diagnose.audit import audit as module
from lvs_rawcheck.diagnose.audit.audit import Settings, run_audit
from lvs_rawcheck.diagnose.audit.model import Audit
from lvs_rawcheck.diagnose.audit.wanted import Asked, Wanted
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.wire.address import parse_address
from tests.diagnose.site import IPV4, PORT, TIMEOUT, Site
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns


def _audit(host: Host, settings: Settings, *reals: str) -> Audit:
    wanted = Wanted(TIMEOUT, {}, lambda: None)
    endpoint = Endpoint(parse_address(IPV4.vip), PORT)
    for real in reals:
        wanted.ask(real, endpoint, "tcp", Asked((CheckText("tcp"),), seconds=TIMEOUT), "here")
    with host.entered():
        return run_audit(wanted, settings)


def test_an_interrupt_between_checks_and_questions_leaves_a_gap(network: Network) -> None:
    site = Site(network, IPV4)
    over: list[int] = []
    settings = Settings(progress=lambda done, of: over.append(done), stopped=lambda: bool(over))
    told = _audit(site.director, settings, IPV4.real_ip)
    assert [cell.result.healthy for cell in told.cells] == [True]
    assert ["interrupted" in gap for gap in told.gaps] == [True]  # a leak was not asked for


def test_an_interrupt_leaves_a_gap_for_this_host_too(network: Network) -> None:
    site = Site(network, IPV4)
    over: list[int] = []
    settings = Settings(progress=lambda done, of: over.append(done), stopped=lambda: bool(over))
    told = _audit(site.director, settings, IPV4.real_ip, IPV4.director_ip)
    assert len(told.cells) == 1
    assert any("1 checks of this host itself" in gap for gap in told.gaps)


def test_a_slow_pace_has_the_time_that_it_takes(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(network, IPV4)
    monkeypatch.setattr(module, "_INQUIRY_SECONDS", 1.5)
    told = _audit(site.director, Settings(rate=2.0), IPV4.real_ip)  # four questions, half a second each
    assert told.gaps == []
