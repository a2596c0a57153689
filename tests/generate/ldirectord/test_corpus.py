# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations of real sites: planned or refused with a place, read by ldirectord itself before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.checks.request_values import parse_endpoints
from lvs_rawcheck.config.ldirectord import read_ldirectord
from lvs_rawcheck.errors import ConfigError
from lvs_rawcheck.generate.ldirectord.planner import plan_ldirectord
from lvs_rawcheck.generate.ldirectord.revert import revert
from lvs_rawcheck.generate.ldirectord.wrappers import wrappers_of
from lvs_rawcheck.generate.options import Marked, PlanOptions
from lvs_rawcheck.generate.plan import Plan
from lvs_rawcheck.generate.splice import spliced
from tests.config.ldirectord.oracle import ACCEPTED, require_ldirectord, status_of, understood
from tests.corpus import require_corpus
from tests.generate.ldirectord.desk import service_files
from tests.generate.ldirectord.told import check_of, rest_of, write_all

MARK = Marked(tuple(parse_endpoints("192.0.2.1:80,192.0.2.1:443", None)), "tcp")
OPTIONS = PlanOptions(add_missing=True, fwmarks=dict.fromkeys(range(1, 100), MARK))
SOUND_LEAST, CONVERTED_LEAST = 10, 80


def plans() -> dict[Path, Plan]:
    """Return a plan for each file that has no errors."""
    found = {}
    for path in require_corpus("ldirectord"):
        try:
            found[path] = plan_ldirectord(str(path), OPTIONS, lambda: None)
        except ConfigError:
            continue
    assert len(found) >= SOUND_LEAST
    return found


def result_of(planned: Plan) -> bytes:
    return planned.result().get(planned.file, planned.octets[planned.file])


def test_they_are_planned_once_and_come_back() -> None:
    converted = 0
    for path, planned in plans().items():
        result = result_of(planned)
        again = plan_ldirectord(str(path), OPTIONS, lambda: None, {planned.file: result})
        assert again.edits == {}, path
        assert service_files(again) == service_files(planned), path
        assert wrappers_of(again, OPTIONS) == wrappers_of(planned, OPTIONS), path
        found = revert(read_ldirectord(str(path), {planned.file: result}), PlanOptions())
        assert spliced(result, found.edits.get(planned.file, ())) == planned.octets[planned.file], path
        converted += len(planned.services)
    assert converted >= CONVERTED_LEAST


@require_ldirectord
def test_ldirectord_finds_nothing_else_changed(tmp_path: Path) -> None:
    found = list(plans().values())
    texts = [octets for planned in found for octets in (planned.octets[planned.file], result_of(planned))]
    told = understood(write_all(tmp_path, texts))
    for planned, before, after in zip(found, told[::2], told[1::2], strict=True):
        if "refused" in before:  # a name that this host does not know
            assert after["refused"] == before["refused"]
            continue
        assert rest_of(before) == rest_of(after), planned.file
        commands = {check.command[0] for server in planned.servers for check in server.checks}
        ours = [each for each in after["virtuals"] if check_of(each)[1] in commands]
        assert len(ours) == len(planned.services) == len(commands)
        assert all(each["checktype"] == "external" for each in ours)


@pytest.mark.full
@require_ldirectord
def test_ldirectord_takes_them(tmp_path: Path) -> None:
    texts = [octets for each in plans().values() for octets in (each.octets[each.file], result_of(each))]
    accepted = [status_of(path) == ACCEPTED for path in write_all(tmp_path, texts)]
    assert accepted[::2] == accepted[1::2]
    assert sum(accepted) >= 2 * SOUND_LEAST
