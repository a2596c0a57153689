# SPDX-License-Identifier: GPL-2.0-or-later
"""One program for each planned service, whose deadline is below ldirectord's."""

from __future__ import annotations

import re
import subprocess

import pytest

from lvs_rawcheck.cli.exit_status import GRACE
from lvs_rawcheck.generate.ldirectord.wrappers import wrappers_of
from lvs_rawcheck.generate.options import PlanOptions
from tests.generate.ldirectord.desk import REAL, WRAPPER, block, octets_after, plan


def test_each_service_has_its_own() -> None:
    text = block(REAL, "service=http") + block(REAL, opening="virtual=192.0.2.2:80")
    planned = plan(text)
    wrappers = wrappers_of(planned, PlanOptions())
    assert list(wrappers) == [f"{WRAPPER}tcp-192.0.2.1-80", f"{WRAPPER}tcp-192.0.2.2-80"]
    assert len(set(wrappers.values())) == 2
    for path, octets in wrappers.items():
        assert f'checkcommand="{path}"'.encode() in octets_after(planned)
        assert subprocess.run(["/bin/sh", "-n"], input=octets, check=False, timeout=20).returncode == 0


def test_folders() -> None:
    options = PlanOptions(wrappers="/srv/w/", scripts="/srv/s", state="/srv/state")
    planned = plan(block(REAL, "service=http"), wrappers="/srv/w/", scripts="/srv/s", state="/srv/state")
    ((path, octets),) = wrappers_of(planned, options).items()
    assert path == "/srv/w/tcp-192.0.2.1-80"
    assert b"/srv/s/verdict" in octets
    assert b"-s /srv/state" in octets


@pytest.mark.parametrize("timeout", [0.5, 1.0, 1.5, 2.75, 30.0])
def test_the_deadlines_are_in_order(timeout: float) -> None:
    planned = plan(block(REAL, "service=http"), timeout=timeout)
    (octets,) = wrappers_of(planned, PlanOptions()).values()
    own = re.search(rb'timeout -k [0-9.]+ ([0-9.]+) "\$verdict"', octets)
    ldirectord = re.search(rb"checktimeout=([0-9]+)", octets_after(planned))
    assert own is not None
    assert ldirectord is not None
    assert timeout < float(own[1]) < int(ldirectord[1])
    assert int(ldirectord[1]) > timeout + GRACE
